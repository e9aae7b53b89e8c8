import type { Context } from '../context.ts'
import { refuseOtherMethods } from '../http/methods.ts'
import { callbackAddress } from '../signin/callback-address.ts'
import { listFederations } from '../upstream/federation/store.ts'
import { ownSamlMetadata } from '../upstream/saml-own-metadata.ts'
import { samlSettings, type SamlSettings, serviceOf } from '../upstream/saml-service.ts'
import { findProvider } from '../upstream/store.ts'
import type { Endpoint } from './endpoint.ts'

const PATH = '/saml/metadata/:provider'

/** What one provider knows us by, or every member of a federation. */
async function serviceNamed(ctx: Context, id: string): Promise<SamlSettings | undefined> {
  const facts = await findProvider(ctx, id)
  if (facts !== undefined) return facts.provider.protocol === 'saml' ? samlSettings.parse(facts.provider) : undefined
  const federations = await listFederations(ctx.db)
  return federations.some((federation) => federation.id === id) ? samlSettings.parse({ provider_id: id, federation: id }) : undefined
}

/** What a SAML provider is told of us; its address is our entity id there. */
export const samlMetadata: Endpoint = {
  name: 'saml-metadata',
  answers: 'machines',
  register: (app, ctx) => {
    app.get<{ Params: { provider: string } }>(PATH, async (request, reply) => {
      const settings = await serviceNamed(ctx, request.params.provider)
      if (settings === undefined) return reply.code(404).type('application/json').send({ error: 'not_found', error_description: 'No SAML provider has that name here' })
      const xml = await ownSamlMetadata(ctx, settings, callbackAddress(ctx, serviceOf(settings)))
      return reply.header('cache-control', 'no-cache').type('application/samlmetadata+xml').send(xml)
    })
    refuseOtherMethods(app, PATH, ['GET'])
  },
  metadata: () => ({}),
}

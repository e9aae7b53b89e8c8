import { refuseOtherMethods } from '../http/methods.ts'
import { callbackAddress } from '../signin/callback-address.ts'
import { ownSamlMetadata } from '../upstream/saml-own-metadata.ts'
import { samlSettings, serviceOf } from '../upstream/saml-service.ts'
import { findProvider } from '../upstream/store.ts'
import type { Endpoint } from './endpoint.ts'

const PATH = '/saml/metadata/:provider'

/** What a SAML provider is told of us; its address is our entity id there. */
export const samlMetadata: Endpoint = {
  name: 'saml-metadata',
  answers: 'machines',
  register: (app, ctx) => {
    app.get<{ Params: { provider: string } }>(PATH, async (request, reply) => {
      const facts = await findProvider(ctx, request.params.provider)
      if (facts?.provider.protocol !== 'saml') return reply.code(404).type('application/json').send({ error: 'not_found', error_description: 'No SAML provider has that name here' })
      const settings = samlSettings.parse(facts.provider)
      const xml = await ownSamlMetadata(ctx, settings, callbackAddress(ctx, serviceOf(settings)))
      return reply.header('cache-control', 'no-cache').type('application/samlmetadata+xml').send(xml)
    })
    refuseOtherMethods(app, PATH, ['GET'])
  },
  metadata: () => ({}),
}

import type { FastifyInstance } from 'fastify'
import type { Api } from '../apis/api.ts'
import { gatekeeperAddresses } from '../apis/gatekeeper-address.ts'
import { findApi } from '../apis/store.ts'
import { type Config, takesCertificates } from '../config.ts'
import type { Context } from '../context.ts'
import { allowAnyOrigin } from '../http/cors.ts'
import { OAuthError } from '../protocol/error.ts'
import { inLanguage } from '../protocol/localized-text.ts'
import { RESOURCE_METADATA } from '../protocol/resource-metadata.ts'
import { dpopAlgorithms } from '../tokens/sender-constraint/dpop.ts'

/** The grants whose tokens an API takes, as it says; else by whether it wants a person. */
function grantsOf({ grant_types, require_user }: Api): { readonly grant_types?: readonly string[] } {
  if (grant_types !== undefined) return { grant_types }
  return require_user ? { grant_types: ['authorization_code'] } : {}
}

/**
 * What a client must know to call an API (RFC 9728 §2): where its tokens come from, which scopes there are, how they are shown, and with which
 * grants they are got. `resource` is the address that the client came by.
 */
export function describeApi(config: Config, api: Api, resource: string): object {
  const { api_id, name, scopes } = api
  const names = typeof name === 'string' ? {} : Object.fromEntries(Object.entries(name).map(([language, text]) => [`resource_name#${language}`, text]))
  return {
    resource,
    authorization_servers: [config.issuer],
    resource_name: inLanguage(name, 'en'),
    ...names,
    scopes_supported: [`gk_${api_id}`, ...Object.keys(scopes).map((one) => `gk_${api_id}_${one}`)],
    bearer_methods_supported: ['header'],
    dpop_signing_alg_values_supported: dpopAlgorithms,
    dpop_bound_access_tokens_required: false,
    tls_client_certificate_bound_access_tokens: takesCertificates(config),
    ...grantsOf(api),
  }
}

/** How the document of an API is served below our own address. One that is not served here is known by its own name. */
export function serveApiMetadata(app: FastifyInstance, ctx: Context): void {
  app.get<{ Params: { api: string } }>(`${RESOURCE_METADATA}/gk/:api`, async (request, reply) => {
    const api = await findApi(ctx, request.params.api)
    if (api === undefined) throw new OAuthError('not_found', 'There is no such API', { status: 404 })
    const address = gatekeeperAddresses(ctx.config, api.api_id).at(-1) ?? ''
    allowAnyOrigin(reply)
    return reply.header('cache-control', 'public, max-age=300').send(describeApi(ctx.config, api, api.upstream === undefined ? (api.audience ?? address) : address))
  })
}

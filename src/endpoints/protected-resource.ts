import type { FastifyInstance } from 'fastify'
import { ownResources } from '../apis/store.ts'
import { type Config, takesCertificates } from '../config.ts'
import { allowAnyOrigin } from '../http/cors.ts'
import { refuseOtherMethods } from '../http/methods.ts'
import { signingAlgorithms } from '../keys/signing-key.ts'
import { resourceMetadataAddress } from '../protocol/resource-metadata.ts'
import { dpopAlgorithms } from '../tokens/sender-constraint/dpop.ts'
import { claimScopes } from '../users/claims.ts'
import type { Endpoint } from './endpoint.ts'

// What this server protects itself, as any API would say it (RFC 9728): where its tokens come from and how they are shown. A client that
// was refused finds it by the challenge.

function describe(config: Config, resource: string): object {
  const { issuer, serviceName } = config
  return {
    resource,
    authorization_servers: [issuer],
    jwks_uri: `${issuer}/.well-known/jwks.json`,
    resource_name: serviceName,
    scopes_supported: ['openid', ...claimScopes],
    bearer_methods_supported: ['header', 'body'],
    resource_signing_alg_values_supported: signingAlgorithms,
    dpop_signing_alg_values_supported: dpopAlgorithms,
    dpop_bound_access_tokens_required: false,
    tls_client_certificate_bound_access_tokens: takesCertificates(config),
  }
}

/** Serves the documents. */
export const protectedResource: Endpoint = {
  name: 'protected-resource',
  answers: 'machines',
  register: (app: FastifyInstance, ctx) => {
    for (const resource of ownResources(ctx.config.issuer)) {
      const path = new URL(resourceMetadataAddress(resource)).pathname
      const document = JSON.stringify(describe(ctx.config, resource))
      app.get(path, async (_request, reply) => {
        allowAnyOrigin(reply)
        return reply.header('cache-control', 'public, max-age=300').type('application/json; charset=utf-8').send(document)
      })
      refuseOtherMethods(app, path, ['GET'])
    }
  },
  metadata: () => ({}),
}

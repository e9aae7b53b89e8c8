import type { FastifyInstance } from 'fastify'
import { ownResources } from '../apis/store.ts'
import { type Config, takesCertificates } from '../config.ts'
import { allowAnyOrigin } from '../http/cors.ts'
import { refuseOtherMethods } from '../http/methods.ts'
import { signingAlgorithms } from '../keys/signing-key.ts'
import { OAuthError } from '../protocol/error.ts'
import { dpopAlgorithms } from '../tokens/sender-constraint/dpop.ts'
import { claimScopes } from '../users/claims.ts'
import type { Endpoint } from './endpoint.ts'

// What this server protects itself, as any API would say it (RFC 9728): where its tokens come from and how they are shown. A client that
// was refused finds it by the challenge.

const WELL_KNOWN = '/.well-known/oauth-protected-resource'

/** Where the metadata of a resource of ours is (RFC 9728 §3.1). */
export function resourceMetadataAddress(resource: string): string {
  const { origin, pathname } = new URL(resource)
  return `${origin}${WELL_KNOWN}${pathname === '/' ? '' : pathname}`
}

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

// A challenge begins with its scheme; commas in a quoted text part nothing (RFC 9110 §11.6.1).
function addToChallenges(header: string, parameter: string): string {
  const parts = [...header.matchAll(/(?:[^,"]|"[^"]*")+/g)].map(([part]) => part.trim())
  const challenges: string[][] = []
  for (const part of parts) {
    if (/^[A-Za-z]+( |$)/.test(part)) challenges.push([part])
    else challenges.at(-1)?.push(part)
  }
  return challenges.map((one) => (one.length === 1 && !one[0]?.includes(' ') ? `${one[0]} ${parameter}` : [...one, parameter].join(', '))).join(', ')
}

/** A refusal of a resource of ours, with where to read what it wants (RFC 9728 §5.1). */
export function pointToMetadata(error: unknown, resource: string): unknown {
  const challenge = error instanceof OAuthError ? error.headers['www-authenticate'] : undefined
  if (!(error instanceof OAuthError) || challenge === undefined) return error
  const { code, description, status, headers, detail, reason, parameter, cause } = error
  const pointed = addToChallenges(challenge, `resource_metadata="${resourceMetadataAddress(resource)}"`)
  return new OAuthError(code, description, {
    status,
    headers: { ...headers, 'www-authenticate': pointed },
    ...(detail === undefined ? {} : { detail }),
    ...(reason === undefined ? {} : { reason }),
    ...(parameter === undefined ? {} : { parameter }),
    ...(cause === undefined ? {} : { cause }),
  })
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

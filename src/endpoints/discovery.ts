import type { FastifyInstance } from 'fastify'
import { contentEncryptions, encryptionAlgorithms } from '../clients/response-encryption.ts'
import { subjectTypes } from '../clients/sector-identifier.ts'
import type { Config } from '../config.ts'
import type { Context } from '../context.ts'
import { allowAnyOrigin } from '../http/cors.ts'
import { refuseOtherMethods } from '../http/methods.ts'
import { findAuthorizationTypes } from '../apis/authorization-types.ts'
import { standardScopes } from '../apis/scope-definition.ts'
import { signingAlgorithms } from '../keys/signing-key.ts'
import type { Endpoint } from './endpoint.ts'

// Both metadata documents (RFC 8414 §3, OpenID Connect Discovery §4): the merge of what every endpoint of the list says of itself.

const PATHS = ['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server']

/** The endpoints that clients with certificates use, at the address where those are asked for (RFC 8705 §5). */
function mtlsAliases(config: Config, endpoints: readonly Endpoint[]): Readonly<Record<string, unknown>> {
  const { mtlsUrl } = config
  if (mtlsUrl === undefined) return {}
  const members = endpoints.filter(({ takesCertificates }) => takesCertificates).flatMap((endpoint) => Object.entries(endpoint.metadata(mtlsUrl, config)))
  return { mtls_endpoint_aliases: Object.fromEntries(members.filter(([name]) => name.endsWith('_endpoint'))) }
}

/** The metadata of a server with these endpoints. */
export function metadataOf(config: Config, endpoints: readonly Endpoint[]): Readonly<Record<string, unknown>> {
  const { issuer } = config
  return {
    issuer,
    ...Object.assign({}, ...endpoints.map((endpoint) => endpoint.metadata(issuer, config))),
    ...mtlsAliases(config, endpoints),
    scopes_supported: standardScopes,
    subject_types_supported: subjectTypes,
    id_token_signing_alg_values_supported: signingAlgorithms,
    id_token_encryption_alg_values_supported: encryptionAlgorithms,
    id_token_encryption_enc_values_supported: contentEncryptions,
  }
}

/** Serves the metadata of `endpoints`; called by the list, which this file does not import. */
export function discovery(endpoints: readonly Endpoint[]): Endpoint {
  return {
    name: 'discovery',
    answers: 'machines',
    register: (app: FastifyInstance, ctx: Context) => {
      const metadata = metadataOf(ctx.config, endpoints)
      let types: readonly string[] = []
      // Declared while the server runs (RFC 9396 §10). Without the database clients still learn where everything is, with the types as last seen.
      const document = async (): Promise<string> => {
        types = await findAuthorizationTypes(ctx).then((found) => [...found.keys()], () => types)
        return JSON.stringify(types.length === 0 ? metadata : { ...metadata, authorization_details_types_supported: types })
      }
      for (const path of PATHS) {
        app.get(path, async (_request, reply) => {
          allowAnyOrigin(reply)
          return reply.header('cache-control', 'public, max-age=300').type('application/json; charset=utf-8').send(await document())
        })
        refuseOtherMethods(app, path, ['GET'])
      }
    },
    metadata: () => ({}),
  }
}

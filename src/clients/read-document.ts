import { signingAlgorithms } from '../keys/signing-key.ts'
import { canParseUrl } from '../lib/can-parse-url.ts'
import { localizedName } from './localized-name.ts'
import { type ClientMetadata, clientMetadataSchema } from './metadata.ts'
import { ownOrigins } from './own-origins.ts'

// Owns what a client may say of itself in a document at its own address (draft-ietf-oauth-client-id-metadata-document §4): less than one
// that registers, for nobody has asked us. Members that we do not take are ignored: the same document is for many servers.

/** Why a document was not taken, in words for the log. */
export class DocumentFault extends Error {}

type Said = Readonly<Record<string, unknown>>

const GRANTS = ['authorization_code', 'refresh_token']
const METHODS = ['none', 'private_key_jwt']
const schema = clientMetadataSchema({ grantTypes: GRANTS, responseTypes: ['code'], authenticationMethods: METHODS, signingAlgorithms })

// Not the logo: a stranger's picture on our pages would show whoever signs in to a stranger.
const TAKEN = ['redirect_uris', 'post_logout_redirect_uris', 'token_endpoint_auth_signing_alg', 'jwks', 'jwks_uri', 'id_token_signed_response_alg', 'dpop_bound_access_tokens', 'default_max_age', 'require_auth_time', 'contacts'] as const
const LINKS = ['client_uri', 'policy_uri', 'tos_uri', 'initiate_login_uri'] as const

function chosen(said: Said, names: readonly string[]): Said {
  return Object.fromEntries(names.filter((name) => said[name] !== undefined && said[name] !== null).map((name) => [name, said[name]]))
}

/** Links to elsewhere are not shown: what stands under a name that nobody has checked leads where that name is from. */
function ownLinks(url: URL, said: Said): Said {
  return chosen(said, LINKS.filter((name) => typeof said[name] === 'string' && canParseUrl(said[name]) && new URL(said[name]).origin === url.origin))
}

function grantTypes({ grant_types: asked }: Said): readonly string[] {
  if (asked === undefined) return ['authorization_code']
  const known = Array.isArray(asked) ? GRANTS.filter((type) => asked.includes(type)) : []
  if (!known.includes('authorization_code')) throw new DocumentFault('grant_types')
  return known
}

function requireNoSecret(said: Said): void {
  if (said['client_secret'] !== undefined || said['client_secret_expires_at'] !== undefined) throw new DocumentFault('client_secret: everybody can read it')
}

/** Without a method it has none: there is nothing that the two of us could share. */
function methodOf({ token_endpoint_auth_method: method }: Said): string {
  if (method === undefined) return 'none'
  if (typeof method !== 'string' || !METHODS.includes(method)) throw new DocumentFault('token_endpoint_auth_method')
  return method
}

function isNative({ redirect_uris: uris }: Said): boolean {
  return Array.isArray(uris) && uris.some((uri) => typeof uri === 'string' && !/^https?:/.test(uri))
}

/** The registration of the client at that address. An empty `scope` stands for every scope that nobody has to approve. Throws DocumentFault. */
export function readDocument(url: string, said: Said): ClientMetadata {
  if (said['client_id'] !== url) throw new DocumentFault('client_id: not the address')
  requireNoSecret(said)
  const method = methodOf(said)
  const { scope } = said
  const result = schema.safeParse({
    ...chosen(said, TAKEN),
    ...ownLinks(new URL(url), said),
    ...localizedName(said),
    ...(typeof scope === 'string' && scope !== '' ? { scope } : {}),
    application_type: isNative(said) ? 'native' : 'web',
    grant_types: grantTypes(said),
    response_types: ['code'],
    token_endpoint_auth_method: method,
    allowed_origins: ownOrigins(method, said['redirect_uris']),
  })
  if (!result.success) throw new DocumentFault(`${result.error.issues[0]?.path.join('.') ?? ''}: ${result.error.issues[0]?.message ?? ''}`.slice(0, 200))
  return { ...result.data, client_id: url, ...(typeof scope === 'string' && scope !== '' ? {} : { scope: '' }) }
}

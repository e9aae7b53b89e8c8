import type { Api } from '../apis/api.ts'
import { audiencesOf } from '../apis/gatekeeper-address.ts'
import type { Config } from '../config.ts'
import type { OAuthError } from '../protocol/error.ts'
import type { InspectedToken } from '../tokens/inspect.ts'
import { misplacedToken, tokenChallenge } from '../tokens/presented-token.ts'
import { tokenTypeOf } from '../tokens/sender-constraint/prove.ts'

// Owns the one decision of the gatekeeper: whether a call reaches an API, and as whom. The proxy and the proxies of others (forward-auth) ask
// the same. The token is live and its holder proven when it comes here; nothing here looks anything up.

/** As whom a call reaches the API. Nobody: without a token, where the API allows that. */
export type Caller = { readonly is: 'user' | 'system'; readonly token: InspectedToken } | { readonly is: 'nobody' }

export type Admission = { readonly admitted: true; readonly caller: Caller } | { readonly admitted: false; readonly refusal: OAuthError }

type Where = Pick<Config, 'issuer' | 'gatekeeperDomain'>

export interface Call {
  readonly method: string
  /** What was shown; nothing where nothing was. */
  readonly token: InspectedToken | undefined
}

function refuse(refusal: OAuthError): Admission {
  return { admitted: false, refusal }
}

/** Whether a token may be shown to this API: it is for no API in particular, or for this one (RFC 8707 §3). */
function isMeantFor(where: Where, api: Api, audience: readonly string[]): boolean {
  const names = audiencesOf(where, api)
  return audience.length === 0 || audience.some((one) => names.includes(one))
}

function takesMachines({ require_user, grant_types }: Api): boolean {
  return !require_user && (grant_types === undefined || grant_types.includes('client_credentials'))
}

/**
 * Decides. 401 without a token or with another API's, 403 `insufficient_scope` without the API's scope or without a person where it wants one
 * (RFC 6750 §3.1). An OPTIONS request comes in without a token: whoever asks what is possible has none yet.
 */
export function admit(where: Where, api: Api, { method, token }: Call): Admission {
  if (token === undefined) return method === 'OPTIONS' || api.allow_unauthenticated === true ? { admitted: true, caller: { is: 'nobody' } } : refuse(tokenChallenge(undefined, 401))
  const scheme = tokenTypeOf(token.confirmation)
  if (!isMeantFor(where, api, token.audience)) return refuse(tokenChallenge(scheme, 401, 'invalid_token', 'The access token is for another resource', undefined, misplacedToken(token, 'token.audience', audiencesOf(where, api).join(' '))))
  const scope = `gk_${api.api_id}`
  if (!token.scopes.includes(scope)) return refuse(tokenChallenge(scheme, 403, 'insufficient_scope', 'The token does not let in here', scope, misplacedToken(token, 'token.scope', scope)))
  if (token.person === undefined && !takesMachines(api)) return refuse(tokenChallenge(scheme, 403, 'insufficient_scope', 'The token has no person behind it', scope, misplacedToken(token, 'token.scope', scope)))
  return { admitted: true, caller: { is: token.person === undefined ? 'system' : 'user', token } }
}

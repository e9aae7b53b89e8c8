import { clientSigningAlgorithms } from './json-web-keys.ts'

// Owns the profiles: how strictly a client is treated, as one table. Who comes upon a rule asks it through profile-rules.ts; nobody compares
// names. Does not own the rules' words and codes: those are their owners'.

export const profileNames = ['oauth21', 'fapi2', 'legacy'] as const
export type ProfileName = (typeof profileNames)[number]

/** What a profile may ask; the names that broken rules are counted under. */
export const ruleNames = [
  'pkce',
  'pushed_request',
  'redirect_uri',
  'response_type',
  'response_mode',
  'request_object_times',
  'signed_backchannel_request',
  'signing_algorithm',
  'client_authentication',
  'bound_tokens',
] as const
export type RuleName = (typeof ruleNames)[number]

type Limit = 'any' | readonly string[]

export interface Profile {
  readonly name: ProfileName
  /** A challenge for every code (RFC 7636). */
  readonly pkce: boolean
  /** Requests are pushed before the browser comes (RFC 9126). */
  readonly pushedRequest: boolean
  /** Requests name where to return to, also when only one address is registered. */
  readonly namedRedirect: boolean
  readonly responseTypes: Limit
  readonly responseModes: Limit
  /** Request objects say from when to when they are good. */
  readonly requestObjectTimes: boolean
  /** Backchannel requests are signed (CIBA Core §7.1.1). */
  readonly signedBackchannelRequest: boolean
  /** What may sign assertions and request objects. */
  readonly signingAlgorithms: readonly string[]
  readonly authenticationMethods: Limit
  /** Tokens are bound to a key. */
  readonly boundTokens: boolean
  /** What we sign for a client that does not say otherwise, and what it may not ask for. */
  readonly ownAlgorithm: 'RS256' | 'ES256'
  readonly refusedAlgorithms: readonly string[]
  /** Seconds. */
  readonly codeLifetime: number
  /** Whose refresh tokens are replaced with every use. */
  readonly rotates: 'everybody' | 'public clients'
  /** The switches of `compatibility` that do not go with it. */
  readonly refusedSwitches: 'all' | readonly string[]
  /** The switches of clients that register themselves under it. */
  readonly registeredSwitches: readonly ('implicit' | 'no_pkce')[]
  /** To be replaced by a stricter one: `portner doctor` names its clients. */
  readonly outdated: boolean
}

const CODE_SECONDS = 60

const oauth21: Profile = {
  name: 'oauth21',
  pkce: true,
  pushedRequest: false,
  namedRedirect: false,
  responseTypes: 'any',
  responseModes: 'any',
  requestObjectTimes: false,
  signedBackchannelRequest: false,
  signingAlgorithms: clientSigningAlgorithms,
  authenticationMethods: 'any',
  boundTokens: false,
  ownAlgorithm: 'RS256',
  refusedAlgorithms: [],
  codeLifetime: CODE_SECONDS,
  rotates: 'everybody',
  // RFC 9700 §2.4: an application that sees passwords is what OAuth was made to end.
  refusedSwitches: ['password'],
  registeredSwitches: [],
  outdated: false,
}

// FAPI 2.0 Security Profile §5.3 and §5.4. No PKCS #1 v1.5 in either direction; a confidential client's refresh token stays, because
// replacing it protects nothing that its key does not and only loses it (§5.3.2.1).
const fapi2: Profile = {
  ...oauth21,
  name: 'fapi2',
  pushedRequest: true,
  namedRedirect: true,
  responseTypes: ['code'],
  responseModes: ['query', 'form_post', 'query.jwt', 'form_post.jwt'],
  requestObjectTimes: true,
  signedBackchannelRequest: true,
  signingAlgorithms: clientSigningAlgorithms.filter((alg) => alg !== 'RS256'),
  authenticationMethods: ['private_key_jwt', 'tls_client_auth', 'self_signed_tls_client_auth'],
  boundTokens: true,
  ownAlgorithm: 'ES256',
  refusedAlgorithms: ['RS256'],
  rotates: 'public clients',
  refusedSwitches: 'all',
}

// What applications from before OAuth 2.1 do (RFC 6749 as it was written).
const legacy: Profile = { ...oauth21, name: 'legacy', pkce: false, refusedSwitches: [], registeredSwitches: ['implicit', 'no_pkce'], outdated: true }

/** The table. */
export const profiles: Readonly<Record<ProfileName, Profile>> = { oauth21, fapi2, legacy }

/** Loosest first: a client can be tried against a profile that stands further down. */
export const byStrictness: readonly ProfileName[] = ['legacy', 'oauth21', 'fapi2']

export function isWithin(limit: Limit, value: string): boolean {
  return limit === 'any' || limit.includes(value)
}

export function refusesSwitch({ refusedSwitches }: Profile, name: string): boolean {
  return refusedSwitches === 'all' || refusedSwitches.includes(name)
}

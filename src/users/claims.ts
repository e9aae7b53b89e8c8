import type { ClaimsRequest } from '../protocol/claims-request.ts'
import type { UserClaims } from './user.ts'

// Owns which claims a scope or a claims request opens (OpenID Connect Core §5.4, §5.5).

/** The person as token rows know them. */
export interface Subject {
  readonly userId: string
  readonly claims: UserClaims
  readonly groups: readonly string[]
}

type ClaimReader = (subject: Subject) => unknown

const PROFILE = ['name', 'family_name', 'given_name', 'middle_name', 'nickname', 'preferred_username', 'profile', 'picture', 'website', 'gender', 'birthdate', 'zoneinfo', 'locale'] as const

function standard(name: keyof UserClaims): [string, ClaimReader] {
  return [name, (subject) => subject.claims[name]]
}

const readers: ReadonlyMap<string, ClaimReader> = new Map<string, ClaimReader>([
  ...PROFILE.map(standard),
  standard('email'),
  ['email_verified', ({ claims }) => (claims.email === undefined ? undefined : claims.email_verified === true)],
  standard('phone_number'),
  ['phone_number_verified', ({ claims }) => (claims.phone_number === undefined ? undefined : claims.phone_number_verified === true)],
  standard('address'),
  ['groups', ({ groups }) => groups],
  ['userid', ({ userId }) => userId],
])

const byScope: Readonly<Record<string, readonly string[]>> = {
  profile: PROFILE,
  email: ['email', 'email_verified'],
  phone: ['phone_number', 'phone_number_verified'],
  address: ['address'],
  groups: ['groups'],
  userid: ['userid'],
}

/** The scopes that open claims. */
export const claimScopes: readonly string[] = Object.keys(byScope)

/** Every claim that can be asked for, as discovery lists them. */
export const claimNames: readonly string[] = [...readers.keys()]

function collect(subject: Subject, names: Iterable<string>): Record<string, unknown> {
  const claims: Record<string, unknown> = {}
  for (const name of names) {
    const value = readers.get(name)?.(subject)
    if (value !== undefined) claims[name] = value
  }
  return claims
}

/** The claims that userinfo answers: those of the granted scopes and those asked for by name. `sub` is the caller's. */
export function userinfoClaims(subject: Subject, scopes: readonly string[], asked: ClaimsRequest): Record<string, unknown> {
  return collect(subject, [...scopes.flatMap((scope) => byScope[scope] ?? []), ...Object.keys(asked.userinfo ?? {})])
}

/** The claims asked for in the id token by name. Those of scopes are not here: a client with an access token reads them at userinfo (Core §5.4). */
export function idTokenClaims(subject: Subject, asked: ClaimsRequest): Record<string, unknown> {
  return collect(subject, Object.keys(asked.id_token ?? {}))
}

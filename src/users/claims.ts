import { type ClaimsRequest, isWished } from '../protocol/claims-request.ts'
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

/** The claims that a scope opens. */
export function claimNamesOf(scope: string): readonly string[] {
  return byScope[scope] ?? []
}

function scopeOf(claim: string): string | undefined {
  return Object.keys(byScope).find((scope) => byScope[scope]?.includes(claim) === true)
}

/** The scopes that the claims of a request belong to: the person is asked for them as for scopes. */
export function scopesOfClaims(asked: ClaimsRequest): readonly string[] {
  const names = [...Object.keys(asked.userinfo ?? {}), ...Object.keys(asked.id_token ?? {})]
  return [...new Set(names.map(scopeOf).filter((scope) => scope !== undefined))]
}

/** A claims request without the claims of other scopes than these. What is no scope's (`acr`, `auth_time`, `sub`) stays. */
export function claimsWithin(asked: ClaimsRequest, scopes: readonly string[]): ClaimsRequest {
  const isWithin = (scope: string | undefined): boolean => scope === undefined || scopes.includes(scope)
  const within = (wishes: NonNullable<ClaimsRequest['userinfo']>): typeof wishes => Object.fromEntries(Object.entries(wishes).filter(([name]) => isWithin(scopeOf(name))))
  return { ...(asked.userinfo && { userinfo: within(asked.userinfo) }), ...(asked.id_token && { id_token: within(asked.id_token) }) }
}

function wished(subject: Subject, wishes: ClaimsRequest['userinfo']): readonly string[] {
  return Object.entries(wishes ?? {}).filter(([name, wish]) => isWished(wish, readers.get(name)?.(subject))).map(([name]) => name)
}

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
  return collect(subject, [...scopes.flatMap((scope) => byScope[scope] ?? []), ...wished(subject, asked.userinfo)])
}

/** The claims asked for in the id token by name. Those of scopes are not here: a client with an access token reads them at userinfo (Core §5.4). */
export function idTokenClaims(subject: Subject, asked: ClaimsRequest): Record<string, unknown> {
  return collect(subject, wished(subject, asked.id_token))
}

import { type JwtFault, type JwtProfile, readJwtHeader, readUnprovenClaims } from './jwt.ts'
import type { Compared, Findings } from './trace.ts'

// Owns what a JWT that was not taken said, for those who may read the diagnosis: header and claims that the rules compare, none of the others.

function textOf(value: unknown): string | undefined {
  return value === undefined ? undefined : typeof value === 'string' ? value : JSON.stringify(value)
}

function compare(jwt: string, profile: Partial<JwtProfile>, now: number): readonly Compared[] {
  const { alg, kid, typ } = readJwtHeader(jwt)
  const { iss, aud, exp, nbf, iat, sub } = readUnprovenClaims(jwt)
  const seconds = (name: string, time: number | undefined, expected: string): readonly Compared[] => (time === undefined ? [] : [{ name: `${name} (seconds from now)`, sent: String(Math.round(time - now)), expected }])
  return [
    { name: 'alg', sent: alg, expected: profile.algorithms?.join(', ') },
    { name: 'kid', sent: kid },
    { name: 'typ', sent: typ, expected: profile.types?.find((type) => type !== undefined) },
    ...(profile.issuer === undefined ? [] : [{ name: 'iss', sent: iss, expected: profile.issuer }]),
    ...(profile.audience === undefined ? [] : [{ name: 'aud', sent: textOf(aud), expected: profile.audience }]),
    ...(profile.required?.includes('sub') === true ? [{ name: 'sub', sent: sub }] : []),
    ...seconds('exp', exp, profile.longest === undefined ? '> 0' : `> 0, ≤ ${profile.longest}`),
    ...seconds('nbf', nbf, '≤ 0'),
    ...seconds('iat', iat, '≤ 0'),
  ]
}

/** What is to be said of a JWT that `fault` refused. `now` in seconds since the epoch. */
export function jwtFindings(jwt: string, fault: JwtFault, profile: Partial<JwtProfile>, now: number): Findings {
  const hints = [{ name: 'jwt_fault', values: { fault: fault.message } }]
  try {
    return { compared: compare(jwt, profile, now).filter(({ sent, expected }) => sent !== undefined || expected !== undefined), hints }
  } catch {
    return { hints }
  }
}

import { compactVerify, type CryptoKey, decodeJwt, decodeProtectedHeader, errors, type JWTPayload, type KeyObject } from 'jose'
import { isFit } from '../lib/fit-text.ts'

// Owns how a JWT that somebody else signed is read (RFC 8725). Every place that takes one names what it expects; nothing is left to a
// library's defaults, which take any `typ`, any lifetime, an audience among others, and text with padding or a line end behind it.

export interface JwtProfile {
  /** The algorithms that may sign it; never `none`, and never a symmetric one beside an asymmetric one. */
  readonly algorithms: readonly string[]
  /** The values of the header's `typ`; undefined among them: it may be left out. */
  readonly types: readonly (string | undefined)[]
  readonly issuer: string
  /** Who it must be for: that one text alone, or (`among`) one of several. */
  readonly audience: string
  readonly audienceMayBeAmong?: boolean
  /** It may name nobody: then it is for everybody. */
  readonly audienceMayBeMissing?: boolean
  /** Claims that must be there, beside what is named here. */
  readonly required: readonly string[]
  /** How far `exp` may lie ahead, and `iat` and `nbf` behind. Seconds. */
  readonly longest: number
}

/** Why a JWT was not taken, in words for the log. */
export class JwtFault extends Error {}

/** A key as an object of the platform, as a parsed JWK, or the bytes of a secret. */
export type JwtKey = CryptoKey | KeyObject | Uint8Array | Readonly<Record<string, unknown>>

/** The candidates for a header's key, or none. What the header itself brings (`jwk`, `jku`, `x5c`) is never a key. */
export type FindKeys = (header: { readonly alg: string; readonly kid: string | undefined }) => Promise<readonly JwtKey[]>

const COMPACT = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/
const LONGEST_TEXT = 16_384
/** Clocks of others differ by as much; more is refused. Seconds. */
export const CLOCK_SKEW_SECONDS = 10

interface Header {
  readonly alg: string
  readonly kid: string | undefined
  readonly typ: string | undefined
}

/** The header of a compact JWS, unproven. Throws JwtFault. */
export function readJwtHeader(jwt: string): Header {
  if (jwt.length > LONGEST_TEXT || !COMPACT.test(jwt)) throw new JwtFault('not a compact JWS')
  try {
    const { alg, kid, typ, crit } = decodeProtectedHeader(jwt)
    if (typeof alg !== 'string' || crit !== undefined) throw new JwtFault('header')
    return { alg, kid, typ }
  } catch (error) {
    throw error instanceof JwtFault ? error : new JwtFault('header')
  }
}

/** The claims of a compact JWS, unproven: to find out whose keys to ask, and for nothing else. Throws JwtFault. */
export function readUnprovenClaims(jwt: string): JWTPayload {
  readJwtHeader(jwt)
  try {
    const claims = decodeJwt(jwt)
    if (isFit(claims)) return claims
  } catch {
    // Said below.
  }
  throw new JwtFault('claims')
}

async function proves(jwt: string, key: JwtKey, alg: string): Promise<boolean> {
  try {
    await compactVerify(jwt, key, { algorithms: [alg] })
    return true
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof TypeError) return false
    throw error
  }
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}

function checkAudience(aud: unknown, { audience, audienceMayBeAmong, audienceMayBeMissing }: JwtProfile): void {
  if (aud === undefined && audienceMayBeMissing === true) return
  const among = audienceMayBeAmong === true && Array.isArray(aud) && aud.includes(audience)
  if (aud !== audience && !among) throw new JwtFault('aud')
}

function checkTimes({ exp, nbf, iat }: JWTPayload, longest: number, now: number): void {
  if (exp !== undefined && !isNumber(exp)) throw new JwtFault('exp')
  if (exp !== undefined && exp <= now - CLOCK_SKEW_SECONDS) throw new JwtFault('exp: expired')
  if (exp !== undefined && exp > now + longest + CLOCK_SKEW_SECONDS) throw new JwtFault('exp: too far ahead')
  for (const [name, time] of [['nbf', nbf], ['iat', iat]] as const) {
    if (time === undefined) continue
    if (!isNumber(time) || time > now + CLOCK_SKEW_SECONDS) throw new JwtFault(`${name}: ahead`)
    if (time < now - longest - CLOCK_SKEW_SECONDS) throw new JwtFault(`${name}: too long ago`)
  }
}

function checkClaims(claims: JWTPayload, profile: JwtProfile, now: number): void {
  for (const name of profile.required) if (claims[name] === undefined) throw new JwtFault(`${name}: missing`)
  if (claims.iss !== profile.issuer) throw new JwtFault('iss')
  checkAudience(claims.aud, profile)
  checkTimes(claims, profile.longest, now)
}

/** The claims of a JWT whose signature, algorithm and type are right, and nothing more. Throws JwtFault. */
export async function verifySignature(jwt: string, { algorithms, types }: Pick<JwtProfile, 'algorithms' | 'types'>, findKeys: FindKeys): Promise<JWTPayload> {
  const { alg, kid, typ } = readJwtHeader(jwt)
  if (!algorithms.includes(alg)) throw new JwtFault('alg')
  if (!types.includes(typ?.toLowerCase())) throw new JwtFault('typ')
  const claims = readUnprovenClaims(jwt)
  const keys = await findKeys({ alg, kid })
  if (keys.length === 0) throw new JwtFault('no key')
  const proven = await Promise.all(keys.map((key) => proves(jwt, key, alg)))
  if (!proven.includes(true)) throw new JwtFault('signature')
  return claims
}

/** The proven claims of a JWT. `now` in seconds since the epoch. Throws JwtFault and nothing else that is the other side's doing. */
export async function verifyJwt(jwt: string, profile: JwtProfile, findKeys: FindKeys, now: number): Promise<JWTPayload> {
  const claims = await verifySignature(jwt, profile, findKeys)
  checkClaims(claims, profile, now)
  return claims
}

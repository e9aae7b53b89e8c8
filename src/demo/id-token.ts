import { compactVerify, createLocalJWKSet, decodeJwt, decodeProtectedHeader, type JSONWebKeySet } from 'jose'
import type { DemoCheck } from '../http/demo-model.ts'
import { type HttpAnswer, jsonOf } from './exchange.ts'

// Owns how the demo's client judges an ID token: every rule of OpenID Connect Core §3.1.3.7 that applies to it, one line each. It knows
// the server's published keys and nothing else.

const SKEW_SECONDS = 60
const LONGEST_AGE_SECONDS = 600
const ALGORITHM = 'RS256'

export interface Expected {
  readonly issuer: string
  readonly clientId: string
  readonly nonce: string
  /** Seconds since the epoch. */
  readonly now: number
}

interface Parts {
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: Readonly<Record<string, unknown>>
}

/** The two readable parts of a JWT; anybody can read them. */
export function decodeIdToken(jwt: string): Parts {
  return { header: { ...decodeProtectedHeader(jwt) }, claims: decodeJwt(jwt) }
}

function isKeySet(value: object): value is JSONWebKeySet {
  return 'keys' in value && Array.isArray(value.keys)
}

async function signatureFits(jwt: string, keys: HttpAnswer): Promise<boolean> {
  const set = jsonOf(keys)
  if (!isKeySet(set)) return false
  try {
    await compactVerify(jwt, createLocalJWKSet(set), { algorithms: [ALGORITHM] })
    return true
  } catch {
    return false
  }
}

function time(value: unknown): string {
  return typeof value === 'number' ? `${value} (${new Date(value * 1000).toISOString()})` : String(value)
}

/** Each rule with its verdict, in the order in which a client should go. */
export async function checkIdToken(jwt: string, keys: HttpAnswer, expected: Expected): Promise<readonly DemoCheck[]> {
  const { header, claims } = decodeIdToken(jwt)
  const { issuer, clientId, nonce, now } = expected
  const { iss, aud, exp, iat } = claims
  return [
    { name: 'alg', value: String(header['alg']), good: header['alg'] === ALGORITHM, about: `The one this client expects: ${ALGORITHM}. A token must never choose its own.` },
    { name: 'signature', value: `kid ${String(header['kid'])}`, good: await signatureFits(jwt, keys), about: 'Made with the key of that name in the key set.' },
    { name: 'iss', value: String(iss), good: iss === issuer, about: 'The issuer from step 1.' },
    { name: 'aud', value: String(aud), good: aud === clientId, about: 'Made for this application and no other.' },
    { name: 'exp', value: time(exp), good: typeof exp === 'number' && exp > now - SKEW_SECONDS, about: 'Not over yet.' },
    { name: 'iat', value: time(iat), good: typeof iat === 'number' && Math.abs(now - iat) < LONGEST_AGE_SECONDS, about: 'Made just now.' },
    { name: 'nonce', value: String(claims['nonce']), good: claims['nonce'] === nonce, about: 'The one from step 2: the token was made for this very sign-in.' },
    { name: 'sub', value: String(claims['sub']), good: typeof claims['sub'] === 'string', about: 'Who signed in. Together with the issuer the only name to keep; an e-mail address may change.' },
  ]
}

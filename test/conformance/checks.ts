import { createHash } from 'node:crypto'
import { createLocalJWKSet, decodeProtectedHeader, type JWK, type JWTPayload, jwtVerify } from 'jose'
import { expect } from 'vitest'
import { z } from 'zod'
import type { TestServer } from '../support/app.ts'
import { get, type JsonAnswer } from '../support/relying-party.ts'

// What the suite looks at in every module: keys, tokens, claims and refusals in the form that the specifications give them.

const ERROR_TEXT = /^[\x20-\x21\x23-\x5B\x5D-\x7E]+$/
const VISIBLE = /^[\x20-\x7E]+$/
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']
const YEAR_SECONDS = 31_536_000
/** Claims of the four scopes: they are userinfo's where there is an access token. */
const OF_SCOPES = ['name', 'given_name', 'family_name', 'email', 'email_verified', 'address', 'phone_number', 'phone_number_verified']

/** Shannon's measure of a text, in bits. */
function entropy(text: string): number {
  const counts = [...new Set(text)].map((character) => text.split(character).length - 1)
  return counts.reduce((sum, count) => sum - count * Math.log2(count / text.length), 0)
}

/** A code or token: hard to guess, and made of characters that RFC 6749 appendix A allows. */
export function expectUnguessable(text: unknown): void {
  expect(text).toMatch(VISIBLE)
  expect(entropy(String(text))).toBeGreaterThanOrEqual(96)
}

/** The published keys, each named, public and distinct. */
export async function keysOf(server: TestServer): Promise<readonly JWK[]> {
  const { body, headers } = await get(server.issuer, '/.well-known/jwks.json')
  expect(headers.get('content-type')).toMatch(/json/)
  const keys = body['keys'] as readonly JWK[]
  expect(new Set(keys.map(({ kid }) => kid)).size).toBe(keys.length)
  for (const key of keys) {
    expect(key.kid).toMatch(VISIBLE)
    expect(key.kty).not.toBe('oct')
    for (const member of PRIVATE_MEMBERS) expect(key).not.toHaveProperty(member)
  }
  return keys
}

/** A JWT of the server: signed by a key that it publishes under the `kid` of the header. */
export async function claimsOf(server: TestServer, jwt: string, clientId: string): Promise<JWTPayload> {
  const keys = await keysOf(server)
  const { kid, alg } = decodeProtectedHeader(jwt)
  expect(keys.map((key) => `${key.kid} ${key.alg}`)).toContain(`${kid} ${alg}`)
  const { payload } = await jwtVerify(jwt, createLocalJWKSet({ keys: [...keys] }), { issuer: server.issuer, audience: clientId, currentDate: new Date(server.ctx.clock.now()) })
  return payload
}

function halfHash(text: string): string {
  return createHash('sha256').update(text).digest().subarray(0, 16).toString('base64url')
}

export interface AboutIdToken {
  readonly clientId: string
  readonly nonce: string | undefined
  /** What came with it. */
  readonly code?: string | undefined
  readonly accessToken?: string | undefined
  readonly place: 'front' | 'token endpoint'
  /** Whether an access token is issued at all: then the claims of scopes are at userinfo. */
  readonly alone: boolean
  readonly asked?: readonly string[]
}

function expectHash(found: unknown, of: string | undefined, required: boolean): void {
  if (of === undefined) expect(found).toBeUndefined()
  else if (required || found !== undefined) expect(found).toBe(halfHash(of))
}

/** An id token (Core §2, §3.1.3.7, §3.2.2.11, §3.3.2.12). */
export async function checkIdToken(server: TestServer, jwt: string, about: AboutIdToken): Promise<JWTPayload> {
  const claims = await claimsOf(server, jwt, about.clientId)
  const now = Math.floor(server.ctx.clock.now() / 1000)
  expect(claims.aud).toBe(about.clientId)
  expect([claims.sub?.length, claims['azp']].toString()).toMatch(/^\d{1,3},$/)
  expect(claims.exp).toBeGreaterThan(now)
  expect(Math.abs((claims.iat ?? 0) - now)).toBeLessThan(60)
  expect(claims['auth_time']).toEqual(expect.any(Number))
  expect(claims['nonce']).toBe(about.nonce)
  const front = about.place === 'front'
  expectHash(claims['at_hash'], about.accessToken, front)
  expectHash(claims['c_hash'], about.code, front)
  if (!about.alone) expect(OF_SCOPES.filter((name) => name in claims && about.asked?.includes(name) !== true)).toEqual([])
  return claims
}

const text = z.string().min(1)
const userinfo = z.strictObject({
  sub: z.string().min(1).max(255),
  ...Object.fromEntries(['name', 'family_name', 'given_name', 'middle_name', 'nickname', 'preferred_username', 'email', 'gender', 'birthdate', 'zoneinfo', 'locale', 'phone_number'].map((name) => [name, text.optional()])),
  ...Object.fromEntries(['profile', 'picture', 'website'].map((name) => [name, z.url().optional()])),
  ...Object.fromEntries(['email_verified', 'phone_number_verified'].map((name) => [name, z.boolean().optional()])),
  updated_at: z.number().int().max(4_000_000_000).optional(),
  address: z.strictObject(Object.fromEntries(['formatted', 'street_address', 'locality', 'region', 'postal_code', 'country'].map((name) => [name, text.optional()]))).optional(),
})

/** The claims about a person, each of its type (Core §5.1). */
export function checkClaims(claims: Readonly<Record<string, unknown>>): void {
  expect(userinfo.safeParse(claims).error?.issues).toBeUndefined()
}

/** A good answer of the token endpoint (RFC 6749 §5.1). */
export function checkTokenResponse({ status, headers, body }: JsonAnswer): void {
  expect(status, JSON.stringify(body)).toBe(200)
  expect(headers.get('content-type')).toMatch(/^application\/json/)
  expect([headers.get('cache-control'), headers.get('pragma')]).toEqual(['no-store', 'no-cache'])
  expect(String(body['token_type']).toLowerCase()).toBe('bearer')
  expectUnguessable(body['access_token'])
  expect(body['expires_in']).toEqual(expect.any(Number))
  expect(body['expires_in']).toBeGreaterThan(0)
  expect(body['expires_in']).toBeLessThanOrEqual(YEAR_SECONDS)
  if (body['refresh_token'] !== undefined) expectUnguessable(body['refresh_token'])
}

/** A refusal in JSON with exactly this code (RFC 6749 §5.2). */
export function checkTokenError({ status, headers, body }: JsonAnswer, error: string, expected = 400): void {
  expect({ status, error: body['error'] }).toEqual({ status: expected, error })
  expect(headers.get('content-type')).toMatch(/^application\/json/)
  expect(headers.get('cache-control')).toBe('no-store')
  expect(body['error_description'] ?? 'none').toMatch(ERROR_TEXT)
}

const OF_ERRORS = ['error', 'error_description', 'error_uri', 'error_reason', 'state', 'iss']
const OF_ANSWERS = ['code', 'access_token', 'token_type', 'expires_in', 'id_token', 'scope', 'state', 'iss', 'session_state']

export interface AboutAnswer {
  readonly state: string | undefined
  readonly responseType: string | undefined
}

/** What came back through the browser: the state as it was sent, the issuer, and what the response type names, no more. */
export function checkAnswer(server: TestServer, answer: URLSearchParams, { state, responseType = '' }: AboutAnswer): void {
  expect([answer.get('state') ?? undefined, answer.get('iss')]).toEqual([state, server.issuer])
  expect([...answer.keys()].filter((name, i, all) => all.indexOf(name) !== i)).toEqual([])
  const error = answer.get('error')
  expect([...answer.keys()].filter((name) => !(error === null ? OF_ANSWERS : OF_ERRORS).includes(name))).toEqual([])
  if (error !== null) {
    expect(error).toMatch(ERROR_TEXT)
    expect(answer.get('error_description') ?? 'none').toMatch(ERROR_TEXT)
    return
  }
  // Session Management §2: no space, because messages to the frame are split there.
  expect(answer.get('session_state') ?? 'none').toMatch(/^[\x21-\x7E]+$/)
  const parts = responseType.split(' ')
  expect([answer.has('code'), answer.has('access_token'), answer.has('id_token')]).toEqual(['code', 'token', 'id_token'].map((part) => parts.includes(part)))
  for (const name of ['code', 'access_token']) if (answer.has(name)) expectUnguessable(answer.get(name))
  if (!answer.has('access_token')) return
  expect(answer.get('token_type')?.toLowerCase()).toBe('bearer')
  expect(Number(answer.get('expires_in'))).toBeGreaterThan(0)
  expect(Number(answer.get('expires_in'))).toBeLessThanOrEqual(YEAR_SECONDS)
}

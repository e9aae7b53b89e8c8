import { createPublicKey } from 'node:crypto'
import { CompactSign, decodeJwt, decodeProtectedHeader, type JWK } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../support/app.ts'
import { newBrowser } from '../support/browser.ts'
import { authorizationUrl, basic, get, newPkce, obtainCode, post, redeem } from '../support/relying-party.ts'
import { newKey } from '../support/strong-client.ts'
import { SECRET } from '../support/world.ts'

// JWTs that we signed ourselves come back: as tokens, and as hints of who is meant. What is not one of ours to the letter, or is one of ours
// of another kind, is none. The good one is taken first: a place that refuses everything proves nothing.

const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
const [CALENDAR, GRADES] = ['https://calendar.example.org', 'https://grades.example.org']
const AFTER = 'https://planner.example.org/'

let server: TestServer
let accessToken: string
let idToken: string
let keys: readonly JWK[]

beforeAll(async () => {
  server = await startTestServer()
  await server.apply(`kind: client\nclient_id: calendar-api\nclient_secret: { value: ${SECRET} }\nclient_name: Calendar\ngrant_types: ['${EXCHANGE}', client_credentials]\nscope: openid profile gk_calendar gk_grades\norganization: ntu\n`)
  const opaque = (await redeem(server.issuer, await obtainCode(server.issuer, newBrowser(server.issuer), { scope: 'openid profile gk_calendar', resource: CALENDAR }))).body
  idToken = String(opaque['id_token'])
  // The API of grades takes JWTs: what it is called with, the next API could be called with too.
  const { body } = await post(server.issuer, '/oauth/token', { grant_type: EXCHANGE, subject_token: String(opaque['access_token']), subject_token_type: 'urn:ietf:params:oauth:token-type:access_token', resource: GRADES, scope: 'gk_calendar' }, { authorization: basic('calendar-api') })
  accessToken = String(body['access_token'])
  keys = ((await get(server.issuer, '/.well-known/jwks.json')).body as { keys: JWK[] }).keys
})
afterAll(() => server.close())

interface Place {
  readonly name: string
  readonly good: () => string
  /** One of ours, of another kind. */
  readonly other: () => string
  readonly take: (jwt: string) => Promise<boolean>
}

const places: readonly Place[] = [
  {
    name: 'an access token at introspection',
    good: () => accessToken,
    other: () => idToken,
    take: async (jwt) => (await post(server.issuer, '/oauth/introspection', { token: jwt }, { authorization: basic('calendar-api') })).body['active'] === true,
  },
  {
    name: 'an access token in exchange for another',
    good: () => accessToken,
    other: () => idToken,
    take: async (jwt) => (await post(server.issuer, '/oauth/token', { grant_type: EXCHANGE, subject_token: jwt, subject_token_type: 'urn:ietf:params:oauth:token-type:access_token', resource: CALENDAR, scope: 'gk_calendar' }, { authorization: basic('calendar-api') })).status === 200,
  },
  {
    name: 'an id token as the hint of a request',
    good: () => idToken,
    other: () => accessToken,
    take: async (jwt) => {
      const page = await newBrowser(server.issuer).open(authorizationUrl(server.issuer, newPkce(), { id_token_hint: jwt, scope: 'openid' }))
      return page.status === 200
    },
  },
  {
    name: 'an id token as the hint of a logout',
    good: () => idToken,
    other: () => accessToken,
    take: async (jwt) => {
      const page = await newBrowser(server.issuer).open(`${server.issuer}/oauth/logout?${new URLSearchParams({ id_token_hint: jwt, post_logout_redirect_uri: AFTER })}`)
      return page.url.startsWith(AFTER)
    },
  },
]

function text(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url')
}

function publicPem(jwt: string): Buffer {
  const jwk = keys.find(({ kid }) => kid === decodeProtectedHeader(jwt).kid)
  return Buffer.from(createPublicKey({ key: { ...jwk }, format: 'jwk' }).export({ format: 'pem', type: 'spki' }))
}

const again = (jwt: string, header: Readonly<Record<string, unknown>>, key: Parameters<CompactSign['sign']>[0]): Promise<string> =>
  new CompactSign(Buffer.from(JSON.stringify(decodeJwt(jwt)))).setProtectedHeader({ ...decodeProtectedHeader(jwt), alg: 'ES256', ...header }).sign(key)

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
/** Of the last letter only the first two bits belong to the signature. */
const spelledOtherwise = (letter: string): string => LETTERS[LETTERS.indexOf(letter) + 1] ?? ''

const misuses: readonly (readonly [string, (jwt: string) => Promise<string>])[] = [
  ['alg none', async (jwt) => `${text({ ...decodeProtectedHeader(jwt), alg: 'none' })}.${jwt.split('.')[1]}.`],
  ['HS256 under our public key', async (jwt) => again(jwt, { alg: 'HS256' }, publicPem(jwt))],
  ['another key under the same kid', async (jwt) => again(jwt, {}, (await newKey()).keys.privateKey)],
  ['a key of its own in the header', async (jwt) => { const { keys: own, jwk } = await newKey(); return again(jwt, { jwk, kid: undefined }, own.privateKey) }],
  ['the address of a key set in the header', async (jwt) => again(jwt, { jku: 'https://attacker.example/jwks' }, (await newKey()).keys.privateKey)],
  ['a changed claim', async (jwt) => { const [head, , signature] = jwt.split('.'); return `${head}.${text({ ...decodeJwt(jwt), sub: 'eve' })}.${signature}` }],
  ['padding', async (jwt) => `${jwt}=`],
  ['a line end', async (jwt) => `${jwt}\n`],
  ['a bit that no text of base64url has', async (jwt) => jwt.slice(0, -1) + spelledOtherwise(jwt.at(-1) ?? '')],
]

describe.each(places)('$name', ({ good, other, take }) => {
  test('is taken as we made it', async () => {
    expect(await take(good())).toBe(true)
  })

  test.each(misuses)('%s: it is none', async (_name, make) => {
    expect(await take(await make(good()))).toBe(false)
  })

  test('of another kind is none', async () => {
    expect(await take(other())).toBe(false)
  })
})

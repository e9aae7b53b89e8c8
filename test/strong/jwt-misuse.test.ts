import { createHash, KeyObject } from 'node:crypto'
import { CompactSign, type JWK, type JWTPayload } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../support/app.ts'
import { newBrowser } from '../support/browser.ts'
import { answerOf, authorizationUrl, basic, get, newPkce, post, walk } from '../support/relying-party.ts'
import { ASSERTION_TYPE, assertionOf, type KeyedClient, newKey, proofOf, registerKeyedClient } from '../support/strong-client.ts'
import { SECRET } from '../support/world.ts'

// Every place that takes a JWT of somebody else, and everything that is done with JWTs that should not be (RFC 8725). The good one is
// taken first: a place that refuses everything proves nothing.

let server: TestServer
let keyed: KeyedClient
let caller: KeyedClient
let voucher: Awaited<ReturnType<typeof newKey>>
let bound: { readonly token: string; readonly keys: KeyedClient['keys'] }
beforeAll(async () => {
  server = await startTestServer({ env: { PORTNER_REGISTRATION: 'open' } })
  keyed = await registerKeyedClient(server, 'signer')
  caller = await registerKeyedClient(server, 'caller', { grantTypes: ['urn:openid:params:grant-type:ciba', 'authorization_code'] })
  voucher = await newKey()
  await server.apply(`kind: trusted_issuer\nissuer: ${VOUCHER}\naccepts: [authorization_grants, software_statements]\njwks: ${JSON.stringify({ keys: [voucher.jwk] })}\n---\nkind: client\nclient_id: workload\nclient_secret: { value: ${SECRET} }\nclient_name: Workload\ngrant_types: ['${JWT_BEARER}']\nscope: gk_calendar\n`)
  const { keys } = await newKey()
  const url = `${server.issuer}/oauth/token`
  const browser = newBrowser(server.issuer)
  const pkce = newPkce()
  const code = answerOf(await walk(browser, await browser.open(authorizationUrl(server.issuer, pkce, { client_id: 'signer', redirect_uri: keyed.redirectUri, scope: 'openid profile' })))).get('code') ?? ''
  const form = { grant_type: 'authorization_code', code, redirect_uri: keyed.redirectUri, code_verifier: pkce.verifier, client_assertion_type: ASSERTION_TYPE, client_assertion: await assertionOf(server, keyed) }
  const answer = await post(server.issuer, '/oauth/token', form, { dpop: await proofOf(keys, 'POST', url) })
  bound = { token: String(answer.body['access_token']), keys }
})
afterAll(() => server.close())

const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
const VOUCHER = 'https://workloads.example.org'
const now = (): number => Math.floor(Date.now() / 1000)

interface Place {
  readonly name: string
  readonly claims: () => JWTPayload
  readonly header: () => Record<string, unknown>
  readonly key: () => KeyedClient['keys']
  /** Whether the JWT was taken. */
  readonly take: (jwt: string) => Promise<boolean>
  /** Good for years. */
  readonly longLived?: true
  /** Claims that must be there. */
  readonly required: readonly string[]
  /** The type it must name, where it must. */
  readonly typ?: true
  readonly audience?: true
}

const places: readonly Place[] = [
  {
    name: 'client assertion',
    claims: () => ({ iss: 'signer', sub: 'signer', aud: server.issuer, jti: crypto.randomUUID(), iat: now(), exp: now() + 60 }),
    header: () => ({ alg: 'ES256', kid: keyed.jwk.kid }),
    key: () => keyed.keys,
    take: async (jwt) => (await post(server.issuer, '/oauth/token', { grant_type: 'client_credentials', client_assertion_type: ASSERTION_TYPE, client_assertion: jwt })).status === 200,
    required: ['iss', 'sub', 'aud', 'exp', 'jti'],
    audience: true,
  },
  {
    name: 'request object',
    claims: () => ({ iss: 'signer', aud: server.issuer, client_id: 'signer', iat: now(), exp: now() + 60, response_type: 'code', redirect_uri: keyed.redirectUri, scope: 'openid', code_challenge: newPkce().challenge, code_challenge_method: 'S256' }),
    header: () => ({ alg: 'ES256', kid: keyed.jwk.kid, typ: 'oauth-authz-req+jwt' }),
    key: () => keyed.keys,
    take: async (jwt) => {
      const page = await newBrowser(server.issuer).open(`${server.issuer}/oauth/authorization?${new URLSearchParams({ client_id: 'signer', redirect_uri: keyed.redirectUri, request: jwt })}`)
      if (page.status === 200) return true
      expect(new URL(page.url).searchParams.get('error')).toBe('invalid_request_object')
      return false
    },
    required: ['iss', 'aud', 'client_id'],
  },
  {
    name: 'signed backchannel request',
    claims: () => ({ iss: 'caller', aud: server.issuer, iat: now(), nbf: now(), exp: now() + 60, jti: crypto.randomUUID(), scope: 'openid', login_hint: 'ada' }),
    header: () => ({ alg: 'ES256', kid: caller.jwk.kid, typ: 'oauth-authz-req+jwt' }),
    key: () => caller.keys,
    take: async (jwt) => (await post(server.issuer, '/oauth/backchannel_authentication', { request: jwt, client_assertion_type: ASSERTION_TYPE, client_assertion: await assertionOf(server, caller) })).status === 200,
    longLived: true,
    required: ['iss', 'aud', 'exp', 'iat', 'nbf', 'jti'],
  },
  {
    name: 'assertion as a grant',
    claims: () => ({ iss: VOUCHER, sub: 'workload', aud: server.issuer, jti: crypto.randomUUID(), iat: now(), exp: now() + 60 }),
    header: () => ({ alg: 'ES256', kid: voucher.jwk.kid }),
    key: () => voucher.keys,
    take: async (jwt) => (await post(server.issuer, '/oauth/token', { grant_type: JWT_BEARER, assertion: jwt }, { authorization: basic('workload') })).status === 200,
    required: ['iss', 'sub', 'aud', 'exp', 'jti'],
    audience: true,
  },
  {
    name: 'software statement',
    claims: () => ({ iss: VOUCHER, aud: server.issuer, iat: now(), exp: now() + 60, client_name: 'Vouched for' }),
    header: () => ({ alg: 'ES256', kid: voucher.jwk.kid }),
    key: () => voucher.keys,
    take: async (jwt) => {
      const answer = await fetch(`${server.issuer}/oauth/registration`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ redirect_uris: ['https://new.example.org/cb'], software_statement: jwt }) })
      expect([201, 400]).toContain(answer.status)
      return answer.status === 201
    },
    longLived: true,
    required: ['iss'],
    audience: true,
  },
  {
    name: 'DPoP proof',
    claims: () => ({ jti: crypto.randomUUID(), htm: 'POST', htu: `${server.issuer}/oauth/token`, iat: now() }),
    header: () => ({ alg: 'ES256', typ: 'dpop+jwt', jwk: publicPart(keyed.keys) }),
    key: () => keyed.keys,
    take: async (jwt) => (await post(server.issuer, '/oauth/token', { grant_type: 'client_credentials', client_assertion_type: ASSERTION_TYPE, client_assertion: await assertionOf(server, keyed) }, { dpop: jwt })).body['token_type'] === 'DPoP',
    required: ['jti', 'htm', 'htu', 'iat'],
    typ: true,
  },
  {
    name: 'DPoP proof at userinfo',
    claims: () => ({ jti: crypto.randomUUID(), htm: 'GET', htu: `${server.issuer}/userinfo`, iat: now(), ath: hashOf(bound.token) }),
    header: () => ({ alg: 'ES256', typ: 'dpop+jwt', jwk: publicPart(bound.keys) }),
    key: () => bound.keys,
    take: async (jwt) => (await get(server.issuer, '/userinfo', { authorization: `DPoP ${bound.token}`, dpop: jwt })).status === 200,
    required: ['jti', 'htm', 'htu', 'iat', 'ath'],
    typ: true,
  },
]

function publicPart(keys: KeyedClient['keys']): JWK {
  const { kty, crv, x, y } = KeyObject.from(keys.publicKey).export({ format: 'jwk' })
  return { kty: String(kty), crv: String(crv), x: String(x), y: String(y) }
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}

function sign(claims: object, header: Readonly<Record<string, unknown>>, key: Parameters<CompactSign['sign']>[0]): Promise<string> {
  return new CompactSign(Buffer.from(JSON.stringify(claims))).setProtectedHeader({ alg: 'ES256', ...header }).sign(key)
}

function text(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url')
}

type Misuse = readonly [string, (place: Place) => Promise<string>]

const misuses: readonly Misuse[] = [
  ['alg none', async (place) => `${text({ ...place.header(), alg: 'none' })}.${text(place.claims())}.`],
  ['alg None with a signature', async (place) => `${text({ ...place.header(), alg: 'None' })}.${text(place.claims())}.${Buffer.from('x').toString('base64url')}`],
  ['HS256 under the public key', async (place) => sign(place.claims(), { ...place.header(), alg: 'HS256' }, Buffer.from(KeyObject.from(place.key().publicKey).export({ format: 'pem', type: 'spki' })))],
  ['another key under the same kid', async (place) => sign(place.claims(), place.header(), (await newKey()).keys.privateKey)],
  ['another typ', async (place) => sign(place.claims(), { ...place.header(), typ: 'at+jwt' }, place.key().privateKey)],
  ['a critical header', async (place) => { const jwt = await sign(place.claims(), place.header(), place.key().privateKey); return jwt.replace(/^[^.]+/, text({ ...place.header(), crit: ['b64'], b64: true })) }],
  ['padding', async (place) => `${await sign(place.claims(), place.header(), place.key().privateKey)}=`],
  ['a line end', async (place) => `${await sign(place.claims(), place.header(), place.key().privateKey)}\n`],
  ['white space in a part', async (place) => (await sign(place.claims(), place.header(), place.key().privateKey)).replace('.', '. ')],
  ['a changed claim', async (place) => { const [head, , signature] = (await sign(place.claims(), place.header(), place.key().privateKey)).split('.'); return `${head}.${text({ ...place.claims(), admin: true })}.${signature}` }],
  ['claims that are no object', async (place) => sign([], place.header(), place.key().privateKey)],
  ['a time that is a text', async (place) => sign({ ...place.claims(), iat: 'now' }, place.header(), place.key().privateKey)],
  ['made in an hour', async (place) => sign({ ...place.claims(), iat: now() + 3600 }, place.header(), place.key().privateKey)],
  ['not good before an hour', async (place) => sign({ ...place.claims(), nbf: now() + 3600 }, place.header(), place.key().privateKey)],
  ['expired', async (place) => sign({ ...place.claims(), exp: now() - 300 }, place.header(), place.key().privateKey)],
  ['of yesterday', async (place) => sign({ ...place.claims(), iat: now() - 86_400 }, place.header(), place.key().privateKey)],
]

const embedding: readonly Misuse[] = [
  ['a key of its own in the header', async (place) => { const { keys } = await newKey(); return sign(place.claims(), { ...place.header(), jwk: publicPart(keys) }, keys.privateKey) }],
  ['the address of a key set in the header', async (place) => sign(place.claims(), { ...place.header(), jku: 'https://attacker.example/jwks' }, (await newKey()).keys.privateKey)],
]

describe.each(places)('$name', (place) => {
  test('is taken when it is good', async () => {
    expect(await place.take(await sign(place.claims(), place.header(), place.key().privateKey))).toBe(true)
  })

  // A header's value ends where its line ends.
  test.each(misuses.filter(([name]) => (name !== 'a line end' || !place.name.startsWith('DPoP')) && (name !== 'of yesterday' || place.longLived !== true)))('%s is refused', async (_name, make) => {
    expect(await place.take(await make(place))).toBe(false)
  })

  test.each(place.name.startsWith('DPoP') ? [] : embedding)('%s is refused', async (_name, make) => {
    expect(await place.take(await make(place))).toBe(false)
  })

  test.each(place.required)('without %s it is refused', async (name) => {
    const { [name]: _left, ...claims } = place.claims()
    expect(await place.take(await sign(claims, place.header(), place.key().privateKey))).toBe(false)
  })

  test.each(place.typ === true ? ['without a typ'] : [])('%s it is refused', async () => {
    const { typ: _typ, ...header } = place.header()
    expect(await place.take(await sign(place.claims(), header, place.key().privateKey))).toBe(false)
  })

  test.each(place.audience === true ? ['https://other.example', 'token endpoint', 'among others', 'case'] : [])('for the audience %s it is refused', async (audience) => {
    const aud = { 'token endpoint': `${server.issuer}/oauth/token`, 'among others': [server.issuer, 'https://other.example'], case: server.issuer.toUpperCase() }[audience] ?? audience
    expect(await place.take(await sign({ ...place.claims(), aud }, place.header(), place.key().privateKey))).toBe(false)
  })
})

test('an assertion and a proof are good once, also a hundred times at once', async () => {
  for (const place of places.filter(({ name, required }) => required.includes('jti') && name !== 'signed backchannel request')) {
    const jwt = await sign(place.claims(), place.header(), place.key().privateKey)
    const taken = await Promise.all(Array.from({ length: 100 }, () => place.take(jwt)))
    expect(taken.filter((one) => one), place.name).toHaveLength(1)
  }
})

test('a proof of a private key, of a weak key, or for another key than the token is bound to is refused', async () => {
  const place = places.find(({ name }) => name === 'DPoP proof at userinfo')
  if (place === undefined) throw new Error('no place')
  const jwk = KeyObject.from(bound.keys.privateKey).export({ format: 'jwk' })
  expect(await place.take(await sign(place.claims(), { ...place.header(), jwk }, bound.keys.privateKey))).toBe(false)
  const { keys } = await newKey()
  expect(await place.take(await sign(place.claims(), { ...place.header(), jwk: publicPart(keys) }, keys.privateKey))).toBe(false)
  expect(await place.take(await sign(place.claims(), place.header(), bound.keys.privateKey))).toBe(true)
})

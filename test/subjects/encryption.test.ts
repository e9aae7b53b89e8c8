import { createServer, type Server } from 'node:http'
import { compactDecrypt, createRemoteJWKSet, decodeProtectedHeader, exportJWK, generateKeyPair, type JWK, type JWTVerifyResult, jwtVerify } from 'jose'
import * as client from 'openid-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePort, startTestServer, type TestServer } from '../support/app.ts'
import { newBrowser } from '../support/browser.ts'
import { answerOf, authorizationUrl, basic, get, newPkce, post, walk } from '../support/relying-party.ts'
import { SECRET } from '../support/world.ts'

// What only the client itself can read: id tokens, claims, introspection answers and authorization responses, signed and then encrypted
// (OpenID Connect Core §10.2, §16.14; RFC 9701; JARM). Keys are the client's own, and the readers are independent libraries.

let server: TestServer
let keys: Server
let port: number
let published: unknown = { keys: [] }

beforeAll(async () => {
  ;[server, port] = await Promise.all([startTestServer({ env: { PORTNER_TEST_FETCH: '1', PORTNER_REGISTRATION: 'open' } }), freePort()])
  keys = createServer((_request, response) => void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(published)))
  await new Promise<void>((resolve) => keys.listen(port, '127.0.0.1', resolve))
})
afterAll(async () => {
  keys.close()
  await server.close()
})

type PrivateKey = Awaited<ReturnType<typeof generateKeyPair>>['privateKey']

interface Pair {
  readonly privateKey: PrivateKey
  readonly jwk: JWK
}

// RSA keys take long to make: one pair is every client's that needs one of that kind.
const rsa = generateKeyPair('RSA-OAEP-256', { extractable: true })

async function pair(alg: string, options: { crv?: string; use?: string; kid?: string } = {}): Promise<Pair> {
  const { privateKey, publicKey } = alg === 'RSA-OAEP-256' ? await rsa : await generateKeyPair(alg, { extractable: true, ...(options.crv === undefined ? {} : { crv: options.crv }) })
  return { privateKey, jwk: { ...(await exportJWK(publicKey)), kid: options.kid ?? 'to-read', use: options.use ?? 'enc' } }
}

const callback = (id: string): string => `https://${id}.example.org/callback`

async function declare(id: string, more: readonly string[]): Promise<void> {
  await server.apply(`
kind: client
client_id: ${id}
client_secret: { value: ${SECRET} }
client_name: ${id}
redirect_uris: [${callback(id)}]
grant_types: [authorization_code, refresh_token, implicit]
response_types: [code, id_token]
compatibility: [implicit]
scope: openid profile offline_access
consent: implied
${more.join('\n')}
`)
}

async function tokensOf(id: string): Promise<{ readonly status: number; readonly body: Record<string, unknown> }> {
  const pkce = newPkce()
  const browser = newBrowser(server.issuer)
  const code = answerOf(await walk(browser, await browser.open(authorizationUrl(server.issuer, pkce, { client_id: id, redirect_uri: callback(id) })))).get('code') ?? ''
  return post(server.issuer, '/oauth/token', { grant_type: 'authorization_code', code, redirect_uri: callback(id), code_verifier: pkce.verifier }, { authorization: basic(id) })
}

async function opened(jwe: string, key: PrivateKey): Promise<{ readonly header: Record<string, unknown>; readonly text: string }> {
  const { plaintext, protectedHeader } = await compactDecrypt(jwe, key)
  return { header: { ...protectedHeader }, text: Buffer.from(plaintext).toString() }
}

const verified = (jwt: string, id: string, typ?: string): Promise<JWTVerifyResult> => jwtVerify(jwt, createRemoteJWKSet(new URL(`${server.issuer}/.well-known/jwks.json`)), { issuer: server.issuer, audience: id, ...(typ === undefined ? {} : { typ }) })

describe('an id token', () => {
  test.each([
    ['RSA-OAEP-256', 'A256GCM', {}],
    ['ECDH-ES', 'A128GCM', { crv: 'P-256' }],
    ['ECDH-ES+A128KW', undefined, { crv: 'X25519' }],
    ['ECDH-ES+A256KW', 'A128CBC-HS256', { crv: 'P-384' }],
  ] as const)('by %s and %s is signed for the client, then encrypted with its key', async (alg, enc, options) => {
    const id = `reader-${alg.toLowerCase().replaceAll(/[^a-z0-9]/g, '')}`
    const { privateKey, jwk } = await pair(alg, options)
    const other = (await pair('RSA-OAEP-256', { use: 'sig', kid: 'to-sign' })).jwk
    await declare(id, [`jwks: ${JSON.stringify({ keys: [other, jwk] })}`, `id_token_encrypted_response_alg: ${alg}`, ...(enc === undefined ? [] : [`id_token_encrypted_response_enc: ${enc}`]), 'id_token_signed_response_alg: ES256'])
    const { body } = await tokensOf(id)
    const { header, text } = await opened(String(body['id_token']), privateKey)
    expect(header).toMatchObject({ alg, enc: enc ?? 'A128CBC-HS256', kid: 'to-read', cty: 'JWT' })
    const { payload, protectedHeader } = await verified(text, id)
    expect({ alg: protectedHeader.alg, nonce: payload['nonce'] }).toEqual({ alg: 'ES256', nonce: 'the-nonce' })
  })

  test('openid-client reads it, the claims, and a signed introspection answer', async () => {
    const { privateKey, jwk } = await pair('RSA-OAEP-256')
    const encrypted = ['id_token', 'userinfo', 'introspection'].map((kind) => `${kind}_encrypted_response_alg: RSA-OAEP-256`)
    await declare('library', [`jwks: ${JSON.stringify({ keys: [jwk] })}`, ...encrypted, 'userinfo_signed_response_alg: EdDSA', 'introspection_signed_response_alg: ES256'])
    const config = await client.discovery(new URL(server.issuer), 'library', { userinfo_signed_response_alg: 'EdDSA', introspection_signed_response_alg: 'ES256' }, client.ClientSecretBasic(SECRET), { execute: [client.allowInsecureRequests] })
    client.enableDecryptingResponses(config, ['A128CBC-HS256'], { key: privateKey, alg: 'RSA-OAEP-256', kid: 'to-read' })
    const verifier = client.randomPKCECodeVerifier()
    const url = client.buildAuthorizationUrl(config, { redirect_uri: callback('library'), scope: 'openid profile', code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256' })
    const browser = newBrowser(server.issuer)
    const tokens = await client.authorizationCodeGrant(config, new URL((await walk(browser, await browser.open(url.href))).url), { pkceCodeVerifier: verifier, idTokenExpected: true })
    const sub = tokens.claims()?.sub ?? ''
    expect(await client.fetchUserInfo(config, tokens.access_token, sub)).toMatchObject({ sub, name: 'Ada Example' })
    expect(await client.tokenIntrospection(config, tokens.access_token)).toMatchObject({ active: true, sub, client_id: 'library' })
  })

  test('through the browser', async () => {
    const { privateKey, jwk } = await pair('ECDH-ES', { crv: 'P-256' })
    await declare('fragment', [`jwks: ${JSON.stringify({ keys: [jwk] })}`, 'id_token_encrypted_response_alg: ECDH-ES', 'authorization_encrypted_response_alg: ECDH-ES'])
    const ask = { client_id: 'fragment', redirect_uri: callback('fragment'), response_type: 'id_token' }
    const browser = newBrowser(server.issuer)
    const plain = answerOf(await walk(browser, await browser.open(authorizationUrl(server.issuer, undefined, ask))))
    expect((await verified((await opened(plain.get('id_token') ?? '', privateKey)).text, 'fragment')).payload['name']).toBe('Ada Example')
    const jarm = answerOf(await browser.open(authorizationUrl(server.issuer, newPkce(), { ...ask, response_type: 'code', response_mode: 'jwt', prompt: 'none' })))
    const { payload } = await verified((await opened(jarm.get('response') ?? '', privateKey)).text, 'fragment')
    expect(payload).toMatchObject({ state: 'the-state', code: expect.stringMatching(/^ptr_ac_/) })
  })
})

test('claims may be encrypted without a signature', async () => {
  const { privateKey, jwk } = await pair('ECDH-ES+A128KW', { crv: 'P-256' })
  await declare('unsigned', [`jwks: ${JSON.stringify({ keys: [jwk] })}`, 'userinfo_encrypted_response_alg: ECDH-ES+A128KW'])
  const { body } = await tokensOf('unsigned')
  const answer = await fetch(`${server.issuer}/userinfo`, { headers: { authorization: `Bearer ${body['access_token']}` } })
  expect(answer.headers.get('content-type')).toMatch(/^application\/jwt/)
  const { header, text } = await opened(await answer.text(), privateKey)
  expect(header).not.toHaveProperty('cty')
  expect(JSON.parse(text)).toMatchObject({ name: 'Ada Example' })
})

describe('keys at an address', () => {
  test('a new key there is taken when the old one is gone', async () => {
    const [one, two] = [await pair('RSA-OAEP-256', { kid: 'one' }), await pair('RSA-OAEP-256', { kid: 'two' })]
    published = { keys: [one.jwk] }
    await declare('rolling', [`jwks_uri: http://127.0.0.1:${port}/rolling`, 'id_token_encrypted_response_alg: RSA-OAEP-256'])
    await opened(String((await tokensOf('rolling')).body['id_token']), one.privateKey)
    published = { keys: [two.jwk] }
    await server.advance(601)
    expect(decodeProtectedHeader(String((await tokensOf('rolling')).body['id_token']))).toMatchObject({ kid: 'two' })
  })

  test.each([
    ['no key to encrypt with', async () => ({ keys: [(await pair('RSA-OAEP-256', { use: 'sig' })).jwk] })],
    ['a key of another kind', async () => ({ keys: [(await pair('ECDH-ES', { crv: 'P-256' })).jwk] })],
    ['a key that is no point of its curve', async () => ({ keys: [{ kty: 'RSA', n: 'A'.repeat(400), e: '', use: 'enc' }] })],
    ['no key set', async () => 'hello'],
  ])('%s is that client\'s fault alone: a refusal with a reference, and nothing in clear', async (name, make) => {
    const id = `broken-${name.replaceAll(/[^a-z]/g, '').slice(0, 20)}`
    published = await make()
    await declare(id, [`jwks_uri: http://127.0.0.1:${port}/${id}`, 'id_token_encrypted_response_alg: RSA-OAEP-256'])
    const { status, body } = await tokensOf(id)
    expect({ status, error: body['error'], token: body['id_token'] }).toEqual({ status: 400, error: 'invalid_request', token: undefined })
    expect(server.logged()).toContain('client.encryption_key: none')
    const browser = newBrowser(server.issuer)
    const front = answerOf(await walk(browser, await browser.open(authorizationUrl(server.issuer, undefined, { client_id: id, redirect_uri: callback(id), response_type: 'id_token' }))))
    expect({ error: front.get('error'), state: front.get('state'), token: front.get('id_token') }).toEqual({ error: 'invalid_request', state: 'the-state', token: null })
  })
})

describe('a registration', () => {
  const register = async (members: object): Promise<{ status: number; body: Record<string, unknown> }> => {
    const response = await fetch(`${server.issuer}/oauth/registration`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ redirect_uris: ['https://new.example.org/cb'], ...members }) })
    return { status: response.status, body: (await response.json()) as Record<string, unknown> }
  }

  test('is told back what it said', async () => {
    const { jwk } = await pair('RSA-OAEP-256')
    const said = { jwks: { keys: [jwk] }, id_token_encrypted_response_alg: 'RSA-OAEP-256', id_token_encrypted_response_enc: 'A256GCM' }
    expect(await register(said)).toMatchObject({ status: 201, body: said })
  })

  test.each<[string, () => Promise<object>, string]>([
    ['no key', async () => ({ id_token_encrypted_response_alg: 'RSA-OAEP-256' }), 'needs the public key to encrypt with'],
    ['only keys to sign with', async () => ({ jwks: { keys: [(await pair('RSA-OAEP-256', { use: 'sig' })).jwk] }, userinfo_encrypted_response_alg: 'RSA-OAEP-256' }), 'needs a key in jwks that RSA-OAEP-256 can be used with'],
    ['a key that is none', async () => ({ jwks: { keys: [{ kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA', use: 'enc' }] }, id_token_encrypted_response_alg: 'ECDH-ES' }), 'needs a key in jwks'],
    ['an enc without an alg', async () => ({ id_token_encrypted_response_enc: 'A256GCM' }), 'needs id_token_encrypted_response_alg beside it'],
    ['RSAES-PKCS1-v1_5', async () => ({ jwks: { keys: [(await pair('RSA-OAEP-256')).jwk] }, id_token_encrypted_response_alg: 'RSA1_5' }), 'must be one of: RSA-OAEP-256'],
    ['a secret shared with us', async () => ({ id_token_encrypted_response_alg: 'dir' }), 'must be one of: RSA-OAEP-256'],
  ])('with %s is refused', async (_name, make, words) => {
    expect(await register(await make())).toMatchObject({ status: 400, body: { error: 'invalid_client_metadata', error_description: expect.stringContaining(words) } })
  })

  test('what there is is advertised', async () => {
    const { body } = await get(server.issuer, '/.well-known/openid-configuration')
    for (const response of ['id_token', 'userinfo', 'introspection', 'authorization']) {
      expect(body[`${response}_encryption_alg_values_supported`]).toEqual(['RSA-OAEP-256', 'ECDH-ES', 'ECDH-ES+A128KW', 'ECDH-ES+A256KW'])
      expect(body[`${response}_encryption_enc_values_supported`]).toEqual(['A128CBC-HS256', 'A128GCM', 'A256GCM'])
    }
  })
})

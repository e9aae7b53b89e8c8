import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose'
import * as client from 'openid-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createRegistrationToken } from '../../src/clients/registrations.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { newBrowser } from '../support/browser.ts'
import { answerOf, authorizationUrl, basic, get, newPkce, post, walk } from '../support/relying-party.ts'

// Clients that register themselves (RFC 7591) and look after their registration (RFC 7592).

let open: TestServer
let guarded: TestServer
let closed: TestServer
beforeAll(async () => {
  open = await startTestServer({ env: { PORTNER_REGISTRATION: 'open' } })
  guarded = await startTestServer({ env: { PORTNER_REGISTRATION: 'token', PORTNER_REGISTRATION_PROFILE: 'legacy' } })
  closed = await startTestServer()
})
afterAll(async () => {
  await Promise.all([open.close(), guarded.close(), closed.close()])
})

const CALLBACK = 'https://new.example.org/callback'

interface Answer {
  readonly status: number
  readonly body: Record<string, unknown>
}

async function send(method: string, url: string, body?: unknown, token?: string): Promise<Answer> {
  const headers = { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) }
  const response = await fetch(url, { method, headers, body: body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body) })
  const text = await response.text()
  return { status: response.status, body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) }
}

const register = (server: TestServer, body: unknown, token?: string): Promise<Answer> => send('POST', `${server.issuer}/oauth/registration`, body, token)

test('openid-client registers itself, signs a person in, and the metadata says where', async () => {
  const config = await client.dynamicClientRegistration(new URL(open.issuer), { redirect_uris: [CALLBACK], client_name: 'Newcomer', grant_types: ['authorization_code', 'refresh_token'] }, client.ClientSecretBasic(), { execute: [client.allowInsecureRequests] })
  const verifier = client.randomPKCECodeVerifier()
  const url = client.buildAuthorizationUrl(config, { redirect_uri: CALLBACK, scope: 'openid profile', code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256' })
  const browser = newBrowser(open.issuer)
  const tokens = await client.authorizationCodeGrant(config, new URL((await walk(browser, await browser.open(url.href))).url), { pkceCodeVerifier: verifier, idTokenExpected: true })
  expect(tokens.claims()?.aud).toBe(config.clientMetadata().client_id)
})

describe('what a client is told', () => {
  test('its identifier, its secret once, how to look after itself, and everything that counts', async () => {
    const { status, body } = await register(open, { redirect_uris: [CALLBACK], client_name: 'Newcomer', 'client_name#nb': 'Nykomling', logo_uri: 'https://new.example.org/logo.png', something_unknown: 1, application_type: 'native' })
    expect(status).toBe(201)
    expect(body).toMatchObject({ client_secret: expect.stringMatching(/^ptr_cs_/), client_secret_expires_at: 0, client_id_issued_at: expect.any(Number), registration_client_uri: `${open.issuer}/oauth/registration/${body['client_id']}`, client_name: 'Newcomer', 'client_name#nb': 'Nykomling', application_type: 'native', token_endpoint_auth_method: 'client_secret_basic', redirect_uris: [CALLBACK] })
    expect(body).not.toHaveProperty('something_unknown')
    const again = await send('GET', String(body['registration_client_uri']), undefined, String(body['registration_access_token']))
    expect(again).toMatchObject({ status: 200, body: { client_id: body['client_id'], 'client_name#nb': 'Nykomling' } })
    expect(again.body).not.toHaveProperty('client_secret')
  })

  test('it is none of what only an operator decides', async () => {
    const { body } = await register(open, { redirect_uris: [CALLBACK], organization: 'ntu', consent: 'implied', profile: 'legacy', compatibility: ['no_pkce'], login_providers: ['ntu'], status: 'development' })
    const kept = await open.ctx.db.selectFrom('clients').select('document').where('client_id', '=', String(body['client_id'])).executeTakeFirstOrThrow()
    expect(kept.document).toMatchObject({ consent: 'ask', profile: 'oauth21', compatibility: [], login_providers: ['all'], status: 'production' })
    expect(kept.document).not.toHaveProperty('organization')
  })
})

describe('what is refused', () => {
  test.each([
    ['a fragment', { redirect_uris: [`${CALLBACK}#part`] }, 'invalid_redirect_uri'],
    ['no redirect URI', {}, 'invalid_redirect_uri'],
    ['a scheme that runs in our origin', { redirect_uris: ['javascript:alert(1)'] }, 'invalid_redirect_uri'],
    ['a redirect URI that is no text', { redirect_uris: [1] }, 'invalid_redirect_uri'],
    ['a method that nobody has', { redirect_uris: [CALLBACK], token_endpoint_auth_method: 'handshake' }, 'invalid_client_metadata'],
    ['an algorithm that signs nothing', { redirect_uris: [CALLBACK], id_token_signed_response_alg: 'none' }, 'invalid_client_metadata'],
    ['keys by value and by reference', { redirect_uris: [CALLBACK], jwks: { keys: [] }, jwks_uri: 'https://new.example.org/jwks' }, 'invalid_client_metadata'],
    ['a private key', { redirect_uris: [CALLBACK], jwks: { keys: [{ kty: 'OKP', crv: 'Ed25519', x: 'AA', d: 'AA' }] } }, 'invalid_client_metadata'],
    ['an http address to start at', { redirect_uris: [CALLBACK], initiate_login_uri: 'http://localhost/start' }, 'invalid_client_metadata'],
    ['tokens through the browser', { redirect_uris: [CALLBACK], grant_types: ['implicit'], response_types: ['id_token'] }, 'invalid_client_metadata'],
    ['an array', [], 'invalid_request'],
    ['half of a body', '{"redirect_uris": [', 'invalid_request'],
  ])('%s', async (_name, body, error) => {
    expect(await register(open, body)).toMatchObject({ status: 400, body: { error } })
  })

  test('anybody, where registration is closed; and it is not advertised', async () => {
    expect(await register(closed, { redirect_uris: [CALLBACK] })).toMatchObject({ status: 403 })
    expect((await get(closed.issuer, '/.well-known/openid-configuration')).body).not.toHaveProperty('registration_endpoint')
    expect((await get(open.issuer, '/.well-known/openid-configuration')).body).toMatchObject({ registration_endpoint: `${open.issuer}/oauth/registration` })
  })

  test('the fifty-first from one network in an hour', async () => {
    const server = await startTestServer({ env: { PORTNER_REGISTRATION: 'open' } })
    const answers = await Promise.all(Array.from({ length: 55 }, () => register(server, { redirect_uris: [CALLBACK] })))
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(50)
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(5)
    await server.advance(3601)
    expect((await register(server, { redirect_uris: [CALLBACK] })).status).toBe(201)
    await server.close()
  })
})

test('a client that wants its userinfo signed gets a JWT that is for it and is no id token', async () => {
  const { body } = await register(open, { redirect_uris: [CALLBACK], userinfo_signed_response_alg: 'ES256' })
  const pkce = newPkce()
  const browser = newBrowser(open.issuer)
  const code = answerOf(await walk(browser, await browser.open(authorizationUrl(open.issuer, pkce, { client_id: String(body['client_id']), redirect_uri: CALLBACK })))).get('code') ?? ''
  const tokens = await post(open.issuer, '/oauth/token', { grant_type: 'authorization_code', code, redirect_uri: CALLBACK, code_verifier: pkce.verifier }, { authorization: basic(String(body['client_id']), String(body['client_secret'])) })
  const answer = await fetch(`${open.issuer}/userinfo`, { headers: { authorization: `Bearer ${tokens.body['access_token']}` } })
  expect(answer.headers.get('content-type')).toMatch(/^application\/jwt/)
  const jwt = await answer.text()
  const { payload, protectedHeader } = await jwtVerify(jwt, createRemoteJWKSet(new URL(`${open.issuer}/.well-known/jwks.json`)), { issuer: open.issuer, audience: String(body['client_id']), algorithms: ['ES256'] })
  expect({ name: payload['name'], typ: protectedHeader.typ }).toEqual({ name: 'Ada Example', typ: 'userinfo+jwt' })
  expect(payload.sub).toBe(decodeJwt(String(tokens.body['id_token'])).sub)
  const asHint = answerOf(await browser.open(authorizationUrl(open.issuer, newPkce(), { client_id: String(body['client_id']), redirect_uri: CALLBACK, prompt: 'none', id_token_hint: jwt })))
  expect(asHint.get('error')).toBe('invalid_request')
})

describe('an initial access token', () => {
  const token = (uses: number, seconds = 3600): Promise<string> => createRegistrationToken(guarded.ctx.db, { note: 'test', uses, seconds }, guarded.ctx.clock.now())

  test('is needed, and good as often as was said: also when all come at once', async () => {
    expect((await register(guarded, { redirect_uris: [CALLBACK] })).status).toBe(401)
    const three = await token(3)
    const answers = await Promise.all(Array.from({ length: 30 }, () => register(guarded, { redirect_uris: [CALLBACK] }, three)))
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(3)
  })

  test('ends', async () => {
    const short = await token(3, 60)
    await guarded.advance(61)
    expect((await register(guarded, { redirect_uris: [CALLBACK] }, short)).status).toBe(401)
  })

  test('under the profile legacy a client may have tokens through the browser', async () => {
    const { status, body } = await register(guarded, { redirect_uris: [CALLBACK], grant_types: ['implicit'], response_types: ['id_token token'] }, await token(1))
    expect({ status, types: body['response_types'] }).toEqual({ status: 201, types: ['id_token token'] })
  })
})

describe('looking after a registration', () => {
  async function registered(): Promise<{ readonly uri: string; readonly token: string; readonly body: Record<string, unknown> }> {
    const { body } = await register(open, { redirect_uris: [CALLBACK], client_name: 'Before' })
    return { uri: String(body['registration_client_uri']), token: String(body['registration_access_token']), body }
  }

  test('replaces it whole', async () => {
    const { uri, token, body } = await registered()
    const changed = await send('PUT', uri, { client_id: body['client_id'], redirect_uris: ['https://after.example.org/callback'] }, token)
    expect(changed).toMatchObject({ status: 200, body: { redirect_uris: ['https://after.example.org/callback'] } })
    expect(changed.body).not.toHaveProperty('client_name')
    expect(await send('PUT', uri, { client_id: 'planner', redirect_uris: [CALLBACK] }, token)).toMatchObject({ status: 400 })
    expect(await send('PUT', uri, { client_id: body['client_id'], redirect_uris: [`${CALLBACK}#x`] }, token)).toMatchObject({ status: 400, body: { error: 'invalid_redirect_uri' } })
  })

  test('removes it, once', async () => {
    const { uri, token } = await registered()
    expect((await send('DELETE', uri, undefined, token)).status).toBe(204)
    expect((await send('DELETE', uri, undefined, token)).status).toBe(401)
  })

  test('is nobody else\'s: another client\'s token, none, and a client of the operator', async () => {
    const [one, other] = [await registered(), await registered()]
    for (const method of ['GET', 'DELETE']) {
      expect((await send(method, one.uri, undefined, other.token)).status).toBe(401)
      expect((await send(method, one.uri)).status).toBe(401)
      expect((await send(method, `${open.issuer}/oauth/registration/planner`, undefined, one.token)).status).toBe(401)
    }
    expect((await send('GET', one.uri, undefined, one.token)).status).toBe(200)
  })
})

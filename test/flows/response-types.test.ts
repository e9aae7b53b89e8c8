import { createHash } from 'node:crypto'
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose'
import * as client from 'openid-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { responseTypes } from '../../src/authorization-request/response-types.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { newBrowser } from '../support/browser.ts'
import { answerOf, authorizationUrl, basic, get, newPkce, type Parameters, post, walk } from '../support/relying-party.ts'
import { SECRET } from '../support/world.ts'

// What a client gets through the browser, by response type and mode; all but the code only with the switch.

const CALLBACK = 'https://old.example.org/callback'
let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
  const types = JSON.stringify(responseTypes.map(({ type }) => type))
  await server.apply(`
kind: client
client_id: old
client_secret: { value: ${SECRET} }
client_name: Old
redirect_uris: [${CALLBACK}]
grant_types: [authorization_code, implicit, refresh_token]
response_types: ${types}
compatibility: [implicit]
scope: openid profile email offline_access
authorization_signed_response_alg: ES256
`)
})
afterAll(() => server.close())

async function ask(changes: Parameters): Promise<URLSearchParams> {
  const browser = newBrowser(server.issuer)
  return answerOf(await walk(browser, await browser.open(authorizationUrl(server.issuer, undefined, { client_id: 'old', redirect_uri: CALLBACK, scope: 'openid profile', ...changes }))))
}

function halfHash(text: string): string {
  return createHash('sha256').update(text).digest().subarray(0, 16).toString('base64url')
}

describe.each(responseTypes.map((one) => [one.type, one] as const))('%s', (type, parts) => {
  test('brings what it names, bound to the id token, in its usual place', async () => {
    const pkce = newPkce()
    const browser = newBrowser(server.issuer)
    const page = await walk(browser, await browser.open(authorizationUrl(server.issuer, pkce, { client_id: 'old', redirect_uri: CALLBACK, scope: 'openid profile', response_type: type })))
    expect(new URL(page.url).hash !== '').toBe(parts.mode === 'fragment')
    const answer = answerOf(page)
    expect([answer.has('code'), answer.has('access_token'), answer.has('id_token')]).toEqual([parts.code, parts.token, parts.idToken])
    expect([answer.get('state'), answer.get('iss')]).toEqual(['the-state', server.issuer])
    expect(answer.has('refresh_token')).toBe(false)
    if (parts.token) {
      expect([answer.get('token_type'), answer.get('expires_in')]).toEqual(['Bearer', '3600'])
      expect(await get(server.issuer, '/userinfo', { authorization: `Bearer ${answer.get('access_token')}` })).toMatchObject({ status: 200, body: { name: 'Ada Example' } })
    }
    if (parts.code) {
      const redeemed = await post(server.issuer, '/oauth/token', { grant_type: 'authorization_code', code: answer.get('code') ?? '', redirect_uri: CALLBACK, code_verifier: pkce.verifier }, { authorization: basic('old') })
      expect(redeemed).toMatchObject({ status: 200, body: { token_type: 'Bearer' } })
      expect(decodeJwt(String(redeemed.body['id_token']))['nonce']).toBe('the-nonce')
    }
    if (!parts.idToken) return
    const keys = createRemoteJWKSet(new URL(`${server.issuer}/.well-known/jwks.json`))
    const { payload } = await jwtVerify(answer.get('id_token') ?? '', keys, { issuer: server.issuer, audience: 'old' })
    expect(payload['nonce']).toBe('the-nonce')
    expect(payload['at_hash']).toBe(parts.token ? halfHash(answer.get('access_token') ?? '') : undefined)
    expect(payload['c_hash']).toBe(parts.code ? halfHash(answer.get('code') ?? '') : undefined)
    // Core §5.4: the claims of scopes are in the id token only where there is nothing to ask userinfo with.
    expect(payload['name']).toBe(type === 'id_token' ? 'Ada Example' : undefined)
  })

  test('is refused to a client without the switch', async () => {
    const browser = newBrowser(server.issuer)
    const answer = answerOf(await browser.open(authorizationUrl(server.issuer, newPkce(), { response_type: type, prompt: 'none' })))
    expect(answer.get('error')).toBe(type === 'code' ? 'login_required' : 'unauthorized_client')
  })
})

test('a front-channel id token needs a nonce, and no token goes into a query', async () => {
  expect((await ask({ response_type: 'id_token', nonce: undefined })).get('error')).toBe('invalid_request')
  expect((await ask({ response_type: 'code id_token', nonce: undefined, code_challenge: newPkce().challenge, code_challenge_method: 'S256' })).get('error')).toBe('invalid_request')
  for (const mode of ['query', 'query.jwt']) expect((await ask({ response_type: 'id_token token', response_mode: mode })).get('error')).toBe('invalid_request')
})

test('a registration without the switch, or of fapi2 with it, is refused', async () => {
  const document = (more: string): string => `kind: client\nclient_id: bad\nclient_name: bad\nredirect_uris: [${CALLBACK}]\ngrant_types: [implicit]\ntoken_endpoint_auth_method: none\n${more}`
  await expect(server.apply(document('response_types: [id_token]'))).rejects.toThrow(/compatibility: \[implicit\]/)
  await expect(server.apply(document('compatibility: [implicit]\nprofile: fapi2'))).rejects.toThrow(/no compatibility switch/)
})

describe.each(['jwt', 'query.jwt', 'fragment.jwt', 'form_post.jwt'])('response mode %s', (mode) => {
  async function open(changes: Parameters): Promise<{ readonly response: string; readonly place: string }> {
    const browser = newBrowser(server.issuer)
    const page = await walk(browser, await browser.open(authorizationUrl(server.issuer, newPkce(), { client_id: 'old', redirect_uri: CALLBACK, scope: 'openid profile', response_mode: mode, ...changes })))
    const posted = /name="response" value="([^"]+)"/.exec(page.html)?.[1]
    return posted === undefined ? { response: answerOf(page).get('response') ?? '', place: new URL(page.url).hash === '' ? 'query' : 'fragment' } : { response: posted, place: 'form_post' }
  }

  test('signs good answers and refusals', async () => {
    const keys = createRemoteJWKSet(new URL(`${server.issuer}/.well-known/jwks.json`))
    for (const [changes, member] of [[{}, 'code'], [{ scope: 'openid nonsense' }, 'error']] as const) {
      const { response, place } = await open(changes)
      expect(place).toBe(mode === 'jwt' ? 'query' : mode.replace('.jwt', ''))
      const { payload } = await jwtVerify(response, keys, { issuer: server.issuer, audience: 'old', algorithms: ['ES256'], requiredClaims: ['exp'] })
      expect(payload).toMatchObject({ state: 'the-state', [member]: expect.any(String) })
    }
  })
})

test('openid-client takes a hybrid answer and a signed one', async () => {
  for (const [use, type] of [[client.useCodeIdTokenResponseType, 'code id_token'], [client.useJwtResponseMode, 'code']] as const) {
    const config = await client.discovery(new URL(server.issuer), 'old', { authorization_signed_response_alg: 'ES256' }, client.ClientSecretBasic(SECRET), { execute: [client.allowInsecureRequests, use] })
    const verifier = client.randomPKCECodeVerifier()
    const [state, nonce] = [client.randomState(), client.randomNonce()]
    const url = client.buildAuthorizationUrl(config, { redirect_uri: CALLBACK, scope: 'openid', response_type: type, state, nonce, code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256' })
    const browser = newBrowser(server.issuer)
    const tokens = await client.authorizationCodeGrant(config, new URL((await walk(browser, await browser.open(url.href))).url), { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true })
    expect(tokens.claims()?.sub).toBeDefined()
  }
})

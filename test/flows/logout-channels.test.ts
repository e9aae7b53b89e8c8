import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose'
import * as openidClient from 'openid-client'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { deliverLogoutsJob } from '../../src/jobs/deliver-logouts.ts'
import { endSessionsOf } from '../../src/sessions/store.ts'
import { freePort, startTestServer, type TestServer } from '../support/app.ts'
import { type Browser, newBrowser } from '../support/browser.ts'
import { answerOf, authorizationUrl, basic, get, newPkce, post, walk } from '../support/relying-party.ts'
import { type Receiver, startReceiver } from '../support/receiver.ts'
import { SECRET } from '../support/world.ts'

// Clients hear that a session has ended: over the back channel, and in frames of the browser.

let server: TestServer
let receiver: Receiver
let heard: { readonly path: string; readonly token: string }[]
let answers: number[]
const port = await freePort()

beforeAll(async () => {
  server = await startTestServer({ env: { PORTNER_TEST_FETCH: '1' } })
  const client = (id: string, more: string): string => `
kind: client
client_id: ${id}
client_secret: { value: ${SECRET} }
client_name: ${id}
redirect_uris: [https://${id}.example.org/callback]
post_logout_redirect_uris: [https://${id}.example.org/]
grant_types: [authorization_code, refresh_token]
scope: openid profile
consent: implied
${more}`
  await server.apply([client('back', `backchannel_logout_uri: http://127.0.0.1:${port}/back`), client('other', `backchannel_logout_uri: http://127.0.0.1:${port}/other`), client('front', 'frontchannel_logout_uri: https://front.example.org/out?app=1'), client('plain', '')].join('\n---'))
  receiver = await startReceiver(port, ({ path, body }) => {
    heard.push({ path, token: new URLSearchParams(body).get('logout_token') ?? '' })
    return { status: answers.shift() ?? 200, body: 'not looked at' }
  })
})
afterAll(async () => {
  receiver.close()
  await server.close()
})
beforeEach(() => {
  heard = []
  answers = []
})
// What one story left waiting is no other's.
afterEach(async () => {
  answers = Array.from({ length: 100 }, () => 400)
  await server.advance(7200)
  await deliver()
})

const deliver = (): Promise<number> => deliverLogoutsJob.run(server.ctx, () => false)

interface SignedIn {
  readonly idToken: string
  readonly accessToken: string
  readonly refreshToken: string
}

async function signIn(browser: Browser, clientId: string): Promise<SignedIn> {
  const pkce = newPkce()
  const redirect = `https://${clientId}.example.org/callback`
  const code = answerOf(await walk(browser, await browser.open(authorizationUrl(server.issuer, pkce, { client_id: clientId, redirect_uri: redirect })))).get('code') ?? ''
  const { body } = await post(server.issuer, '/oauth/token', { grant_type: 'authorization_code', code, redirect_uri: redirect, code_verifier: pkce.verifier }, { authorization: basic(clientId) })
  return { idToken: String(body['id_token']), accessToken: String(body['access_token']), refreshToken: String(body['refresh_token']) }
}

function logoutUrl(idToken: string, clientId: string): string {
  return `${server.issuer}/oauth/logout?${new URLSearchParams({ id_token_hint: idToken, post_logout_redirect_uri: `https://${clientId}.example.org/`, state: 'bye' })}`
}

describe('the back channel', () => {
  test('every client of the session gets a token of its own, and no other client does', async () => {
    const browser = newBrowser(server.issuer)
    const [back, other] = [await signIn(browser, 'back'), await signIn(browser, 'other')]
    await signIn(browser, 'plain')
    await signIn(newBrowser(server.issuer), 'back')
    const left = await browser.open(logoutUrl(back.idToken, 'back'))
    expect(left.url).toBe('https://back.example.org/?state=bye')
    expect(await deliver()).toBe(2)
    expect(heard.map(({ path }) => path).toSorted()).toEqual(['/back', '/other'])
    const keys = createRemoteJWKSet(new URL(`${server.issuer}/.well-known/jwks.json`))
    for (const { path, token } of heard) {
      const { payload, protectedHeader } = await jwtVerify(token, keys, { issuer: server.issuer, audience: path.slice(1), typ: 'logout+jwt', requiredClaims: ['iat', 'exp', 'jti'] })
      const idToken = decodeJwt(path === '/back' ? back.idToken : other.idToken)
      expect(payload).toMatchObject({ sub: idToken.sub, sid: idToken['sid'], events: { 'http://schemas.openid.net/event/backchannel-logout': {} } })
      expect(payload).not.toHaveProperty('nonce')
      expect(protectedHeader.alg).toBe('RS256')
    }
    expect(await deliver()).toBe(0)
    expect((await get(server.issuer, '/userinfo', { authorization: `Bearer ${back.accessToken}` })).status).toBe(401)
  })

  test('a client of openid-client sends its person to sign out: both clients of the session hear of it', async () => {
    const browser = newBrowser(server.issuer)
    const [back, other] = [await signIn(browser, 'back'), await signIn(browser, 'other')]
    const party = await openidClient.discovery(new URL(server.issuer), 'back', SECRET, undefined, { execute: [openidClient.allowInsecureRequests] })
    const url = openidClient.buildEndSessionUrl(party, { id_token_hint: back.idToken, post_logout_redirect_uri: 'https://back.example.org/', state: 'bye' })
    expect((await browser.open(url.href)).url).toBe('https://back.example.org/?state=bye')
    expect(await deliver()).toBe(2)
    expect(heard.map(({ path, token }) => [path, decodeJwt(token)['sid']]).toSorted()).toEqual([['/back', decodeJwt(back.idToken)['sid']], ['/other', decodeJwt(other.idToken)['sid']]])
    for (const { accessToken } of [back, other]) expect((await get(server.issuer, '/userinfo', { authorization: `Bearer ${accessToken}` })).status).toBe(401)
  })

  test('however the session ends', async () => {
    const { idToken } = await signIn(newBrowser(server.issuer), 'back')
    await endSessionsOf(server.ctx.db, decodeJwt(idToken).sub ?? '')
    expect(await deliver()).toBeGreaterThan(0)
    expect(heard.map(({ token }) => decodeJwt(token)['sid'])).toContain(decodeJwt(idToken)['sid'])
  })

  test('a client that is away is told again later, for a day; one that refuses is not', async () => {
    const browser = newBrowser(server.issuer)
    const { idToken } = await signIn(browser, 'back')
    answers = [503, 503, 200]
    await browser.open(logoutUrl(idToken, 'back'))
    await deliver()
    expect(await deliver()).toBe(0)
    await server.advance(11)
    await deliver()
    await server.advance(41)
    await deliver()
    expect(heard).toHaveLength(3)
    await server.advance(7200)
    expect(await deliver()).toBe(0)

    const again = newBrowser(server.issuer)
    const refused = await signIn(again, 'back')
    answers = [400]
    await again.open(logoutUrl(refused.idToken, 'back'))
    await deliver()
    await server.advance(7200)
    expect(await deliver()).toBe(0)

    const last = newBrowser(server.issuer)
    const never = await signIn(last, 'back')
    await last.open(logoutUrl(never.idToken, 'back'))
    answers = Array.from({ length: 50 }, () => 503)
    heard = []
    await deliver()
    for (let hour = 0; hour < 26; hour++) {
      await server.advance(3600)
      await deliver()
    }
    expect(heard.length).toBeGreaterThan(15)
    expect(heard.length).toBeLessThan(30)
    await server.advance(3600)
    expect(await deliver()).toBe(0)
  })

  test('two processes that deliver at once tell each client once', async () => {
    const browsers = Array.from({ length: 10 }, () => newBrowser(server.issuer))
    for (const browser of browsers) await browser.open(logoutUrl((await signIn(browser, 'back')).idToken, 'back'))
    const counts = await Promise.all([deliver(), deliver(), deliver()])
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(10)
    expect(new Set(heard.map(({ token }) => decodeJwt(token)['sid'])).size).toBe(10)
  })
})

describe('the front channel', () => {
  test('a page loads the address of each client in a frame, may load no other, and goes on', async () => {
    const browser = newBrowser(server.issuer)
    const { idToken } = await signIn(browser, 'front')
    await signIn(browser, 'plain')
    const response = await browser.open(logoutUrl(idToken, 'front'))
    const src = /<iframe src="([^"]+)"/.exec(response.html)?.[1]?.replaceAll('&amp;', '&').replaceAll('&#38;', '&') ?? ''
    const frame = new URL(src)
    expect(frame.origin + frame.pathname).toBe('https://front.example.org/out')
    expect(Object.fromEntries(frame.searchParams)).toEqual({ app: '1', iss: server.issuer, sid: decodeJwt(idToken)['sid'] })
    expect(response.html.match(/<iframe/g)).toHaveLength(1)
    expect(response.html).toContain('https://front.example.org/?state=bye')
    expect(response.html).toContain('id="signing-out"')
    const silent = answerOf(await browser.open(authorizationUrl(server.issuer, newPkce(), { client_id: 'plain', redirect_uri: 'https://plain.example.org/callback', prompt: 'none' })))
    expect(silent.get('error')).toBe('login_required')
  })

  test('is advertised with the back channel', async () => {
    expect((await get(server.issuer, '/.well-known/openid-configuration')).body).toMatchObject({ backchannel_logout_supported: true, backchannel_logout_session_supported: true, frontchannel_logout_supported: true, frontchannel_logout_session_supported: true })
  })
})

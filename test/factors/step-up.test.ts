import { createServer, type Server } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { removeFactors } from '../../src/users/remove-factors.ts'
import { freePort, startTestServer, type TestServer } from '../support/app.ts'
import { newBrowser, pageName } from '../support/browser.ts'
import { basic, get, type Parameters, post } from '../support/relying-party.ts'
import { SECRET } from '../support/world.ts'
import { begin, decide, redeemed } from '../journeys/person.ts'
import { afterPassword, codeNow, enterCode, giveApp, userIdOf } from './person.ts'

// Step-up (RFC 9470): an API says that a sign-in is too weak or too old, and the client asks for what it said.

const CALLBACK = 'https://planner.example.org/callback'
let server: TestServer
let api: Server
let apiAddress: string

/** A calendar that shows itself to whoever is signed in, and lets nobody delete without two factors of the last five minutes. */
async function startCalendar(): Promise<void> {
  const port = await freePort()
  apiAddress = `http://127.0.0.1:${port}`
  api = createServer((request, response) => {
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? ''
    void post(server.issuer, '/oauth/introspection', { token }, { authorization: basic('calendar-api') }).then(({ body }) => {
      const age = Math.floor(server.ctx.clock.now() / 1000) - Number(body['auth_time'])
      const isGood = request.method === 'GET' || (body['acr'] === 'urn:portner:acr:two-factors' && age <= 300)
      if (isGood) return response.writeHead(204).end()
      return response.writeHead(401, { 'www-authenticate': 'Bearer error="insufficient_user_authentication", error_description="Delete needs more", acr_values="urn:portner:acr:two-factors", max_age="300"' }).end()
    })
  })
  await new Promise<void>((resolve) => api.listen(port, '127.0.0.1', resolve))
}

beforeAll(async () => {
  server = await startTestServer()
  await giveApp(server, 'lin')
  await startCalendar()
})
afterAll(async () => {
  await new Promise((resolve) => api.close(resolve))
  await server.close()
})

/** What a challenge asks for, as parameters of an authorization request (RFC 9470 §4). */
function asked(challenge: string): Parameters {
  const value = (name: string): string | undefined => new RegExp(`${name}="([^"]*)"`).exec(challenge)?.[1]
  return { acr_values: value('acr_values'), max_age: value('max_age') }
}

describe('an API that wants more', () => {
  test('gets it: the client repeats the request, the person proves what is missing, the new token carries it', async () => {
    const ask = { scope: 'openid profile gk_calendar', resource: 'https://calendar.example.org' }
    const { browser, page, pkce } = await afterPassword(server, 'lin', ask)
    const consent = await enterCode(browser, page, codeNow(server), { trust: '1' })
    await redeemed(server.issuer, await decide(browser, consent, 'allow'), pkce)
    // On a device that is not asked: one factor only.
    await server.advance(8 * 86_400)
    const weak = await afterPassword(server, 'lin', ask, {}, browser)
    const { accessToken } = await redeemed(server.issuer, weak.page, weak.pkce)
    const authorization = `Bearer ${String(accessToken)}`
    expect((await fetch(apiAddress, { headers: { authorization } })).status).toBe(204)
    const refused = await fetch(apiAddress, { method: 'DELETE', headers: { authorization } })
    expect(refused.status).toBe(401)
    const again = await begin(browser, server.issuer, { ...ask, ...asked(refused.headers.get('www-authenticate') ?? ''), login_hint: 'lin' })
    // The password was a moment ago: only the code is missing.
    expect(pageName(again.page)).toBe('factor')
    const strong = await redeemed(server.issuer, await enterCode(browser, again.page, codeNow(server)), again.pkce)
    expect(strong.claims).toMatchObject({ acr: 'urn:portner:acr:two-factors' })
    expect((await fetch(apiAddress, { method: 'DELETE', headers: { authorization: `Bearer ${String(strong.accessToken)}` } })).status).toBe(204)
    await server.advance(301)
    const late = await fetch(apiAddress, { method: 'DELETE', headers: { authorization: `Bearer ${String(strong.accessToken)}` } })
    const anew = await begin(browser, server.issuer, { ...ask, ...asked(late.headers.get('www-authenticate') ?? ''), login_hint: 'lin' })
    expect([late.status, pageName(anew.page)]).toEqual([401, 'login'])
  })
})

describe('userinfo', () => {
  test('says so to a client that has come to need two factors, in the words of RFC 9470', async () => {
    const browser = newBrowser(server.issuer)
    const { page, pkce } = await afterPassword(server, 'ada', {}, {}, browser)
    const { accessToken } = await redeemed(server.issuer, await decide(browser, page, 'allow'), pkce)
    const authorization = `Bearer ${String(accessToken)}`
    expect((await get(server.issuer, '/userinfo', { authorization })).status).toBe(200)
    await server.apply(`kind: client
client_id: planner
client_secret: { value: ${SECRET} }
client_name: { en: Course Planner, nb: Emneplanlegger }
redirect_uris: [${CALLBACK}]
grant_types: [authorization_code, refresh_token]
scope: openid profile email phone address groups userid offline_access gk_calendar gk_calendar_write
require_second_factor: true
`)
    // What is known of clients is as fresh as a second.
    await expect.poll(async () => (await get(server.issuer, '/userinfo', { authorization })).status, { timeout: 5000 }).toBe(401)
    const refused = await get(server.issuer, '/userinfo', { authorization })
    expect(refused.headers.get('www-authenticate')).toMatch(/^Bearer error="insufficient_user_authentication", error_description="A stronger sign-in is needed", acr_values="urn:portner:acr:two-factors", resource_metadata="[^"]+"$/)
    await giveApp(server, 'ada')
    const again = await begin(browser, server.issuer, { ...asked(refused.headers.get('www-authenticate') ?? ''), login_hint: 'ada' })
    expect(pageName(again.page)).toBe('factor')
    const strong = await redeemed(server.issuer, await enterCode(browser, again.page, codeNow(server)), again.pkce)
    expect((await get(server.issuer, '/userinfo', { authorization: `Bearer ${String(strong.accessToken)}` })).status).toBe(200)
    await removeFactors(server.ctx, await userIdOf(server, 'ada'))
    expect(pageName((await afterPassword(server, 'ada')).page)).toBe('factor-setup')
  })
})

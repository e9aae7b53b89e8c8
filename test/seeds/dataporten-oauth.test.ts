import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startAfresh } from '../journeys/person.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { type Browser, newBrowser, type Page, pageName } from '../support/browser.ts'
import { answerOf, basic, get, post, providerLink, walk } from '../support/relying-party.ts'
import { SECRET } from '../support/world.ts'

// Dataporten's page on OAuth 2.0: an application gets a token for a person by a code, or through the browser, and asks who the person is.

const CALLBACK = 'https://example.org/callback'
const PLAIN = 'http://dev.example.org/callback'
const APP = 'org.example.yourapplication://callback'
const SCOPE = 'userid profile groups'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
  const member = (lines: string): string => `client_secret: { value: ${SECRET} }\nscope: ${SCOPE} email\ncompatibility: ${lines}`
  await server.apply(`
kind: client
client_id: 08fb0ee2-9d92-4a9a-b9e6-000000000001
client_name: An application
redirect_uris: [${CALLBACK}]
grant_types: [authorization_code, client_credentials]
${member('[no_pkce, dataporten_userinfo]')}
---
kind: client
client_id: browser-app
client_name: In the browser
application_type: spa
redirect_uris: [${CALLBACK}]
grant_types: [implicit]
response_types: [token]
scope: ${SCOPE} email
compatibility: [implicit, dataporten_userinfo]
---
kind: client
client_id: in-development
client_name: In development
status: development
redirect_uris: [${PLAIN}]
${member('[no_pkce, plain_http_redirect]')}
---
kind: client
client_id: phone-app
client_name: On a phone
application_type: native
redirect_uris: ['${APP}']
scope: ${SCOPE}
compatibility: [no_pkce]
`)
})
afterAll(() => server.close())
beforeEach(() => startAfresh(server))

const APPLICATION = '08fb0ee2-9d92-4a9a-b9e6-000000000001'

function request(parameters: Readonly<Record<string, string>> = {}): string {
  return `/oauth/authorization?${new URLSearchParams({ response_type: 'code', client_id: APPLICATION, redirect_uri: CALLBACK, scope: SCOPE, state: 'f47282ec', ...parameters })}`
}

/** As the page tells it: the institution, its login, the grant. */
async function goThrough(browser: Browser, parameters: Readonly<Record<string, string>> = {}): Promise<{ readonly seen: readonly Page[]; readonly arrived: Page }> {
  const discovery = await browser.open(request(parameters))
  const login = await browser.open(providerLink(discovery, 'ntu'))
  const grant = await browser.submit(login, 'username', { username: 'ada', password: 'ada has a password' })
  return { seen: [discovery, login, grant], arrived: await browser.submit(grant, 'decision', { decision: 'allow' }) }
}

async function tokenFor(code: string): ReturnType<typeof post> {
  return post(server.issuer, '/oauth/token', { grant_type: 'authorization_code', code, redirect_uri: CALLBACK }, { authorization: basic(APPLICATION) })
}

describe('the authorization code', () => {
  test('discovery, login and grant lead back with a code and the state', async () => {
    const { seen, arrived } = await goThrough(newBrowser(server.issuer))
    expect(seen.map(pageName)).toEqual(['discovery', 'login', 'consent'])
    for (const words of ['An application', 'https://example.org']) expect(seen[2]?.html).toContain(words)
    expect(arrived.url.startsWith(`${CALLBACK}?`)).toBe(true)
    expect(Object.fromEntries(answerOf(arrived))).toEqual({ code: expect.stringMatching(/^ptr_ac_/), state: 'f47282ec', iss: server.issuer })
  })

  test('on later logins an account is chosen instead of an institution', async () => {
    const browser = newBrowser(server.issuer)
    await goThrough(browser)
    expect(pageName(await browser.open(request({ prompt: 'select_account' })))).toBe('chooser')
  })

  test('a code without a journey is a redirect as the page shows it', async () => {
    const browser = newBrowser(server.issuer)
    await goThrough(browser)
    const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const answer = await fetch(server.issuer + request({ prompt: 'none' }), { redirect: 'manual', headers: { cookie } })
    expect([302, 303]).toContain(answer.status)
    expect(answer.headers.get('location')).toMatch(/^https:\/\/example\.org\/callback\?code=/)
  })

  test('buys a token with every member that the page shows, and the token tells who the person is', async () => {
    const { arrived } = await goThrough(newBrowser(server.issuer))
    const answer = await tokenFor(answerOf(arrived).get('code') ?? '')
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8')
    expect(answer.body).toEqual({ access_token: expect.stringMatching(/^ptr_at_/), token_type: 'Bearer', expires_in: 3600, scope: SCOPE })
    const told = await get(server.issuer, '/userinfo', { authorization: `Bearer ${String(answer.body['access_token'])}` })
    expect(told).toMatchObject({ status: 200 })
    expect(told.body).toEqual({ user: { userid: expect.stringMatching(/^[0-9a-f-]{36}$/), userid_sec: [], name: 'Ada Example' }, audience: APPLICATION })
  })

  test('the members about the person follow the scopes', async () => {
    const { arrived } = await goThrough(newBrowser(server.issuer), { scope: 'email' })
    const { body } = await tokenFor(answerOf(arrived).get('code') ?? '')
    const told = await get(server.issuer, '/userinfo', { authorization: `Bearer ${String(body['access_token'])}` })
    expect(told.body).toEqual({ user: { email: 'ada@ntu.example' }, audience: APPLICATION })
  })
})

describe('the implicit grant', () => {
  test('brings the token in the fragment, where only the browser sees it', async () => {
    const { arrived } = await goThrough(newBrowser(server.issuer), { client_id: 'browser-app', response_type: 'token' })
    const url = new URL(arrived.url)
    expect(url.search).toBe('')
    const answer = Object.fromEntries(new URLSearchParams(url.hash.slice(1)))
    expect(answer).toEqual({ access_token: expect.stringMatching(/^ptr_at_/), token_type: 'Bearer', expires_in: '3600', scope: SCOPE, state: 'f47282ec', iss: server.issuer })
    expect(await get(server.issuer, '/userinfo', { authorization: `Bearer ${answer['access_token']}` })).toMatchObject({ status: 200, body: { user: { name: 'Ada Example' }, audience: 'browser-app' } })
  })
})

describe('where the person returns to', () => {
  test('is warned about in development, on the login and on the grant page', async () => {
    const { seen, arrived } = await goThrough(newBrowser(server.issuer), { client_id: 'in-development', redirect_uri: PLAIN })
    for (const page of seen.slice(1)) expect(page.html, page.url).toMatch(/class="[^"]*insecure|id="insecure/)
    expect(arrived.url.startsWith(`${PLAIN}?code=`)).toBe(true)
  })

  test('is encrypted in production', async () => {
    const document = `kind: client\nclient_id: in-development\nclient_name: In production\nclient_secret: { value: ${SECRET} }\nstatus: production\nredirect_uris: [${PLAIN}]\n`
    await expect(server.apply(`${document}compatibility: [plain_http_redirect]`)).rejects.toThrow(/needs status: development/)
    await expect(server.apply(document)).rejects.toThrow(/use https/)
  })

  test('is a scheme of its own for an application on a phone, in the form that nobody else can claim', async () => {
    const browser = newBrowser(server.issuer)
    const page = await walk(browser, await browser.open(request({ client_id: 'phone-app', redirect_uri: APP })))
    expect(page.url.startsWith(`${APP}?code=`)).toBe(true)
    await expect(server.apply(`kind: client\nclient_id: phone-app\nclient_name: x\napplication_type: native\nredirect_uris: ['yourapplication://callback']`)).rejects.toThrow(/scheme with a dot/)
  })
})

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../support/app.ts'
import { type Browser, newBrowser, pageName } from '../support/browser.ts'
import type { Parameters } from '../support/relying-party.ts'
import { answered, begin, browserOf, decide, firstSignIn, pick, redeemed, signIn, startAfresh } from './person.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())
beforeEach(() => startAfresh(server))

const UNSAFE: Parameters = { client_id: 'unsafe', redirect_uri: 'http://dev.planner.example/callback' }

const silent = async (browser: Browser, changes: Parameters = {}) => answered((await begin(browser, server.issuer, { prompt: 'none', ...changes })).page)

/** Tokens without a page in between. */
async function tokensOf(browser: Browser, changes: Parameters = {}) {
  const { page, pkce } = await begin(browser, server.issuer, changes)
  return redeemed(server.issuer, page, pkce)
}

describe('prompt=none answers instead of showing a page', () => {
  test('login_required: nobody is signed in, or nobody any more', async () => {
    expect(await silent(newBrowser(server.issuer))).toMatchObject({ error: 'login_required', state: 'the-state', iss: server.issuer })
    const browser = await browserOf(server.issuer, 'ada')
    expect(await silent(browser)).toHaveProperty('code')
    await server.advance(13 * 3600)
    expect(await silent(browser)).toMatchObject({ error: 'login_required' })
  })

  test('login_required: too long ago, or another person than the client knows', async () => {
    const ada = await browserOf(server.issuer, 'ada')
    const { idToken } = await tokensOf(ada, { login_hint: 'ada' })
    const lin = await browserOf(server.issuer, 'lin')
    expect(await silent(lin, { id_token_hint: idToken })).toMatchObject({ error: 'login_required' })
    expect(await silent(ada, { id_token_hint: idToken })).toHaveProperty('code')
    await server.advance(60)
    expect(await silent(ada, { max_age: '59' })).toMatchObject({ error: 'login_required' })
    expect(await silent(ada, { max_age: '0' })).toMatchObject({ error: 'login_required' })
    expect(await silent(ada, { max_age: '3600' })).toHaveProperty('code')
  })

  test('consent_required: something new is asked', async () => {
    const browser = await browserOf(server.issuer, 'ada')
    expect(await silent(browser, { scope: 'openid profile email' })).toMatchObject({ error: 'consent_required' })
  })

  test('account_selection_required: two are signed in and the client names neither', async () => {
    const browser = await browserOf(server.issuer, 'ada')
    await firstSignIn(browser, server.issuer, 'lin')
    expect(await silent(browser)).toMatchObject({ error: 'account_selection_required' })
    expect(await silent(browser, { login_hint: 'lin' })).toHaveProperty('code')
  })

  test('interaction_required: the client is on plain http, whatever was allowed before', async () => {
    const browser = newBrowser(server.issuer)
    const { page } = await begin(browser, server.issuer, { ...UNSAFE, login_hint: 'ada' })
    const login = await browser.open(page.html.match(/href="([^"]*provider=ntu)"/)?.[1] ?? '')
    expect(answered(await decide(browser, await signIn(browser, login, 'ada'), 'allow'))).toHaveProperty('code')
    expect(await silent(browser, UNSAFE)).toMatchObject({ error: 'interaction_required' })
  })

  test('sets no cookie and keeps no journey', async () => {
    const browser = newBrowser(server.issuer)
    await silent(browser)
    expect(browser.cookies.size).toBe(0)
  })
})

describe('a new sign-in is made when the client asks for one', () => {
  test.each<[string, Parameters]>([
    ['prompt=login', { prompt: 'login' }],
    ['max_age=0', { max_age: '0' }],
    ['max_age=1', { max_age: '1' }],
  ])('%s: a later auth_time for the same person', async (_, changes) => {
    const browser = await browserOf(server.issuer, 'ada')
    const before = await tokensOf(browser, { login_hint: 'ada' })
    await server.advance(30)
    const { page: login, pkce } = await begin(browser, server.issuer, changes)
    expect(pageName(login)).toBe('login')
    expect(login.html).toContain('value="ada"')
    const after = await redeemed(server.issuer, await signIn(browser, login, 'ada'), pkce)
    expect(after.claims['sub']).toBe(before.claims['sub'])
    expect(Number(after.claims['auth_time'])).toBeGreaterThanOrEqual(Number(before.claims['auth_time']) + 30)
  })

  test('a large max_age is silent, and tells the auth_time that was', async () => {
    const browser = await browserOf(server.issuer, 'ada')
    const before = await tokensOf(browser, { login_hint: 'ada' })
    await server.advance(100)
    const after = await tokensOf(browser, { max_age: '10000' })
    expect(after.claims['auth_time']).toBe(before.claims['auth_time'])
    expect(Number(after.claims['iat'])).toBeGreaterThan(Number(before.claims['iat']) + 90)
  })

  test('the row of the chooser says so', async () => {
    const browser = await browserOf(server.issuer, 'ada')
    await server.advance(30)
    const { page, pkce } = await begin(browser, server.issuer, { prompt: 'select_account', max_age: '10' })
    expect(page.html).toContain('Sign in again')
    const login = await pick(browser, page, 'Ada')
    expect(pageName(login)).toBe('login')
    const { claims } = await redeemed(server.issuer, await signIn(browser, login, 'ada'), pkce)
    expect(Number(claims['iat']) - Number(claims['auth_time'])).toBeLessThan(5)
  })

  test('a sign-in forced at a client with one provider shows no way to others', async () => {
    const browser = await browserOf(server.issuer, 'ada')
    const { page } = await begin(browser, server.issuer, { client_id: 'only-ntu', redirect_uri: 'https://only.example.org/callback', prompt: 'login' })
    expect(pageName(page)).toBe('login')
    expect(page.html).not.toContain('/discovery"')
  })
})

describe('demands on the sign-in', () => {
  test('another person than the id_token_hint names is refused', async () => {
    const ada = await browserOf(server.issuer, 'ada')
    const { idToken } = await tokensOf(ada, { login_hint: 'ada' })
    const browser = newBrowser(server.issuer)
    const { page: discovery } = await begin(browser, server.issuer, { id_token_hint: idToken })
    const login = await browser.open(discovery.html.match(/href="([^"]*provider=ntu)"/)?.[1] ?? '')
    expect(answered(await signIn(browser, login, 'lin'))).toMatchObject({ error: 'login_required', state: 'the-state' })
  })

  test('an essential acr that cannot be met is refused after the sign-in, and at once when somebody is signed in', async () => {
    const claims = JSON.stringify({ id_token: { acr: { essential: true, values: ['urn:example:smartcard'] } } })
    const browser = await browserOf(server.issuer, 'ada')
    expect(await silent(browser, { claims })).toMatchObject({ error: 'unmet_authentication_requirements' })
    const { page: login } = await begin(browser, server.issuer, { claims, prompt: 'login' })
    expect(answered(await signIn(browser, login, 'ada'))).toMatchObject({ error: 'unmet_authentication_requirements' })
  })

  test('a voluntary acr that cannot be met is no reason to refuse', async () => {
    const browser = await browserOf(server.issuer, 'ada')
    expect(await silent(browser, { acr_values: 'urn:example:smartcard' })).toHaveProperty('code')
  })
})

describe('prompt=consent and optional scopes', () => {
  const scope = 'openid profile groups gk_calendar gk_calendar_write'

  test('what was not ticked is not in the token, and is not asked again', async () => {
    const browser = newBrowser(server.issuer)
    const { page: discovery, pkce } = await begin(browser, server.issuer, { scope })
    const login = await browser.open(discovery.html.match(/href="([^"]*provider=ntu)"/)?.[1] ?? '')
    const consent = await signIn(browser, login, 'ada')
    expect(consent.html.match(/name="optional_scope"[^>]*>/g)?.filter((box) => box.includes('checked'))).toEqual([])
    const { scope: got } = await redeemed(server.issuer, await decide(browser, consent, 'allow', ['groups']), pkce)
    expect(got).toBe('openid profile groups gk_calendar')
    expect((await tokensOf(browser, { scope, login_hint: 'ada' })).scope).toBe('openid profile groups gk_calendar')
  })

  test('prompt=consent asks everything again, with what was ticked still ticked, and takes away what is unticked', async () => {
    const browser = newBrowser(server.issuer)
    const { page: discovery } = await begin(browser, server.issuer, { scope })
    const login = await browser.open(discovery.html.match(/href="([^"]*provider=ntu)"/)?.[1] ?? '')
    answered(await decide(browser, await signIn(browser, login, 'ada'), 'allow', ['groups']))
    const { page: consent, pkce } = await begin(browser, server.issuer, { scope, prompt: 'consent', login_hint: 'ada' })
    expect(pageName(consent)).toBe('consent')
    expect(consent.html.match(/<input[^>]*value="groups"[^>]*>/)?.[0]).toContain('checked')
    expect(consent.html.match(/<input[^>]*value="gk_calendar_write"[^>]*>/)?.[0]).not.toContain('checked')
    const { scope: got } = await redeemed(server.issuer, await decide(browser, consent, 'allow', ['gk_calendar_write']), pkce)
    expect(got).toBe('openid profile gk_calendar gk_calendar_write')
  })

  test('a made-up or required scope among the boxes changes nothing', async () => {
    const browser = await browserOf(server.issuer, 'ada')
    const { page: consent, pkce } = await begin(browser, server.issuer, { scope, prompt: 'consent', login_hint: 'ada' })
    const { scope: got } = await redeemed(server.issuer, await decide(browser, consent, 'allow', ['email', 'gk_calendar', 'debt.unsecured.presentation']), pkce)
    expect(got).toBe('openid profile gk_calendar')
  })
})

import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../support/app.ts'
import { type Browser, newBrowser, type Page, pageName } from '../support/browser.ts'
import type { Parameters, Pkce } from '../support/relying-party.ts'
import { SECRET } from '../support/world.ts'
import { answered, begin, browserOf, chooseProvider, decide, firstSignIn, pick, redeemed, signIn, startAfresh } from './person.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())
beforeEach(() => startAfresh(server))

async function toLogin(browser: Browser, changes: Parameters = {}): Promise<Page> {
  const { page } = await begin(browser, server.issuer, changes)
  return pageName(page) === 'discovery' ? chooseProvider(browser, page, 'ntu') : page
}

async function toConsent(browser: Browser, changes: Parameters = {}): Promise<Page> {
  const consent = await signIn(browser, await toLogin(browser, changes), 'ada')
  expect(pageName(consent)).toBe('consent')
  return consent
}

async function count(table: 'consents' | 'authorization_codes'): Promise<number> {
  const { rows } = await sql<{ n: string }>`select count(*) as n from ${sql.table(table)}`.execute(server.ctx.db)
  return Number(rows[0]?.n)
}

describe('saying no', () => {
  test('the client hears access_denied with the reason, and nothing is kept', async () => {
    const browser = newBrowser(server.issuer)
    const codes = await count('authorization_codes')
    expect(answered(await decide(browser, await toConsent(browser), 'deny'))).toMatchObject({ error: 'access_denied', error_reason: 'consent_denied', state: 'the-state', iss: server.issuer })
    expect([await count('consents'), await count('authorization_codes')]).toEqual([0, codes])
    expect(pageName(await pick(browser, (await begin(browser, server.issuer)).page, 'Ada'))).toBe('consent')
  })

  test('cancelling the login is told as such', async () => {
    const browser = newBrowser(server.issuer)
    const answer = answered(await browser.submit(await toLogin(browser), 'username', { cancel: '1' }))
    expect(answer).toMatchObject({ error: 'access_denied', error_reason: 'login_cancelled', state: 'the-state', iss: server.issuer })
  })

  test('a form without a decision is a no', async () => {
    const browser = newBrowser(server.issuer)
    expect(answered(await browser.submit(await toConsent(browser), 'csrf', {}))).toMatchObject({ error: 'access_denied' })
  })
})

describe('what is asked', () => {
  test('the page says who asks, who runs it, where one returns to, and the own values', async () => {
    const consent = await toConsent(newBrowser(server.issuer), { scope: 'openid profile email gk_calendar gk_calendar_write' })
    for (const text of ['Course Planner', 'Norges testuniversitet', 'https://planner.example.org', 'ada@ntu.example', 'Add events to your calendar', 'Calendar']) expect(consent.html).toContain(text)
    expect(consent.html).not.toContain('planner.example.org/callback')
  })

  test('later only what is new, beside what it already has', async () => {
    const browser = await browserOf(server.issuer, 'ada')
    const { page, pkce } = await begin(browser, server.issuer, { scope: 'openid profile email', login_hint: 'ada' })
    expect(pageName(page)).toBe('consent')
    const [fresh, already] = [/id="consent-items"[\s\S]*?<\/ul>/.exec(page.html)?.[0], /id="consent-already"[\s\S]*?<\/ul>/.exec(page.html)?.[0]]
    expect(fresh?.match(/data-scope="[^"]+"/g)).toEqual(['data-scope="email"'])
    expect(already?.match(/data-scope="[^"]+"/g)).toEqual(['data-scope="openid"', 'data-scope="profile"'])
    expect((await redeemed(server.issuer, await decide(browser, page, 'allow'), pkce)).scope).toBe('openid profile email')
    expect(answered((await begin(browser, server.issuer, { prompt: 'none', scope: 'openid profile email' })).page)).toHaveProperty('code')
  })

  test('each person is asked for themselves', async () => {
    const browser = await browserOf(server.issuer, 'ada')
    const { page: chooser } = await begin(browser, server.issuer, { prompt: 'select_account' })
    const discovery = await browser.open(new URL(chooser.url).pathname.replace('chooser', 'other'))
    const consent = await signIn(browser, await chooseProvider(browser, discovery, 'ntu'), 'lin')
    expect(pageName(consent)).toBe('consent')
    expect(consent.html).toContain('Lin Example')
  })

  test('a client with implied consent asks nothing, unless it asks to ask: then what is unticked is not given', async () => {
    const implied = { client_id: 'implied', redirect_uri: 'https://implied.example.org/callback', scope: 'openid profile groups' }
    await server.apply(`kind: client\nclient_id: implied\nclient_name: Implied\nclient_secret: { value: ${SECRET} }\nredirect_uris: [https://implied.example.org/callback]\nconsent: implied\nscope: openid profile groups\noptional_scopes: [groups]\ntoken_endpoint_auth_method: client_secret_basic\n`)
    const browser = newBrowser(server.issuer)
    const scopeOf = async (page: Page, pkce: Pkce) => (await redeemed(server.issuer, page, pkce, 'implied', implied.redirect_uri)).scope
    const first = await begin(browser, server.issuer, implied)
    expect(await scopeOf(await signIn(browser, await chooseProvider(browser, first.page, 'ntu'), 'ada'), first.pkce)).toBe('openid profile groups')
    const second = await begin(browser, server.issuer, { ...implied, prompt: 'consent', login_hint: 'ada' })
    expect(await scopeOf(await decide(browser, second.page, 'allow', []), second.pkce)).toBe('openid profile')
  })
})

describe('a double click', () => {
  test('on Allow leads to one address with one code', async () => {
    const browser = newBrowser(server.issuer)
    const consent = await toConsent(browser)
    const codes = await count('authorization_codes')
    const [first, ...others] = await Promise.all([decide(browser, consent, 'allow'), decide(browser, consent, 'allow'), decide(browser, consent, 'allow')])
    const late = await decide(browser, consent, 'allow')
    expect([...others, late].map(({ url }) => url)).toEqual(Array.from({ length: 3 }, () => first.url))
    expect(await count('authorization_codes')).toBeLessThanOrEqual(codes + 3)
    expect(answered(first)).toHaveProperty('code')
  })

  test('on Do not allow, then Allow: the first stands', async () => {
    const browser = newBrowser(server.issuer)
    const consent = await toConsent(browser)
    const denied = await decide(browser, consent, 'deny')
    expect((await decide(browser, consent, 'allow')).url).toBe(denied.url)
    expect(await count('consents')).toBe(0)
  })

  test('on Sign in ends where the first click ends, also when consent is not asked', async () => {
    const browser = await browserOf(server.issuer, 'ada')
    const { page: login } = await begin(browser, server.issuer, { prompt: 'login' })
    const both = await Promise.all([signIn(browser, login, 'ada'), signIn(browser, login, 'ada')])
    expect(new Set(both.map(({ url }) => url)).size).toBe(1)
    expect(answered(both[0])).toHaveProperty('code')
    expect(answered((await begin(browser, server.issuer, { prompt: 'none' })).page)).toHaveProperty('code')
  })

  test('whose second half comes with the cookie from before the sign-in still leads to the client', async () => {
    const browser = await browserOf(server.issuer, 'ada')
    const { page: login } = await begin(browser, server.issuer, { prompt: 'login' })
    const before = new Map(browser.cookies)
    await signIn(browser, login, 'lin')
    for (const [name, value] of before) browser.cookies.set(name, value)
    const second = await signIn(browser, login, 'lin')
    expect(pageName(second)).toBe('consent')
    expect(answered(await decide(browser, second, 'allow'))).toHaveProperty('code')
  })

  test('an hour after the answer the same form starts anew', async () => {
    const browser = newBrowser(server.issuer)
    const consent = await toConsent(browser)
    answered(await decide(browser, consent, 'allow'))
    await server.advance(3600)
    expect(pageName(await decide(browser, consent, 'allow'))).toBe('chooser')
  })
})

describe('a client on plain http', () => {
  const unsafe: Parameters = { client_id: 'unsafe', redirect_uri: 'http://dev.planner.example/callback' }
  const warns = (page: Page) => /data-insecure="insecure"[\s\S]*http:\/\/dev\.planner\.example/.test(page.html)

  test('warns on every page of the first sign-in, in words, with the address, before the buttons', async () => {
    const browser = newBrowser(server.issuer)
    const { page: discovery } = await begin(browser, server.issuer, unsafe)
    const login = await chooseProvider(browser, discovery, 'ntu')
    const consent = await signIn(browser, login, 'ada')
    for (const page of [discovery, login, consent]) expect(warns(page), page.url).toBe(true)
    expect(consent.html.indexOf('insecure-warning')).toBeLessThan(consent.html.indexOf('consent-allow'))
    expect(consent.html).toMatch(/id="consent-allow"[^>]*aria-describedby="insecure-warning"/)
    expect(answered(await decide(browser, consent, 'allow'))).toHaveProperty('code')
  })

  test('shows a page each time, also with standing sign-in and consent', async () => {
    const browser = newBrowser(server.issuer)
    const first = await chooseProvider(browser, (await begin(browser, server.issuer, unsafe)).page, 'ntu')
    answered(await decide(browser, await signIn(browser, first, 'ada'), 'allow'))
    for (let login = 0; login < 2; login++) {
      const { page: chooser } = await begin(browser, server.issuer, unsafe)
      expect(warns(chooser)).toBe(true)
      const warning = await pick(browser, chooser, 'Ada')
      expect([pageName(warning), warns(warning)]).toEqual(['insecure-warning', true])
      expect(answered(await decide(browser, warning, 'allow'))).toHaveProperty('code')
    }
    const warning = (await begin(browser, server.issuer, { ...unsafe, login_hint: 'ada' })).page
    expect(pageName(warning)).toBe('insecure-warning')
    expect(answered(await decide(browser, warning, 'deny'))).toMatchObject({ error: 'access_denied' })
  })

  test('on this very computer is told in other words', async () => {
    const login = await toLogin(newBrowser(server.issuer), { redirect_uri: 'http://127.0.0.1:49152/callback' })
    expect(login.html).toContain('data-insecure="loopback"')
    expect(login.html).not.toContain('data-insecure="insecure"')
  })

  test('an https client is not warned of', async () => {
    expect((await toLogin(newBrowser(server.issuer))).html).not.toContain('data-insecure')
    await firstSignIn(newBrowser(server.issuer), server.issuer, 'ada')
  })
})

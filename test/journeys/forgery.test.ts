import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../support/app.ts'
import { type Browser, newBrowser, type Page, pageName } from '../support/browser.ts'
import { authorizationUrl, newPkce } from '../support/relying-party.ts'
import { accountRows, answered, begin, browserOf, chooseProvider, decide, fieldsOf, leadsOn, linkOf, sendRaw, signIn, startAfresh } from './person.ts'

// What another site, another person or an old page may make a browser send, and what a copied cookie is worth.

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())
beforeEach(() => startAfresh(server))

/** Everything that a journey could change. */
async function standing(): Promise<unknown> {
  const { rows } = await sql`select (select count(*) from consents) as consents, (select count(*) from sessions where ended_at is null) as sessions,
    (select count(*) from authorization_codes) as codes, (select count(*) from remembered_accounts) as remembered, (select coalesce(sum(count), 0) from attempts) as attempts`.execute(server.ctx.db)
  return rows[0]
}

interface Place {
  readonly browser: Browser
  readonly page: Page
  readonly fields: Readonly<Record<string, string>>
}

async function atLogin(browser = newBrowser(server.issuer)): Promise<Place> {
  const { page } = await begin(browser, server.issuer)
  return { browser, page: await chooseProvider(browser, page, 'ntu'), fields: { username: 'ada', password: 'ada has a password' } }
}

async function atConsent(): Promise<Place> {
  const { browser, page } = await atLogin()
  return { browser, page: await signIn(browser, page, 'ada'), fields: { decision: 'allow' } }
}

async function signedIn(): Promise<Browser> {
  const browser = await browserOf(server.issuer, 'ada')
  await startAfresh(server)
  return browser
}

async function atChooser(): Promise<Place> {
  const browser = await signedIn()
  const { page } = await begin(browser, server.issuer)
  return { browser, page, fields: { account: accountRows(page)[0]?.id ?? '' } }
}

async function atRemoval(): Promise<Place> {
  const { browser, page } = await atChooser()
  const manage = await browser.open(linkOf(page, 'Remove accounts from this device'))
  return { browser, page: manage, fields: { remove: accountRows(manage)[0]?.id ?? '' } }
}

async function atForget(): Promise<Place> {
  const { browser, page } = await atChooser()
  return { browser, page: await browser.open(linkOf(page, 'chooser-other')), fields: { provider: 'ntu' } }
}

async function atWarning(): Promise<Place> {
  const browser = await signedIn()
  const unsafe = { client_id: 'unsafe', redirect_uri: 'http://dev.planner.example/callback', login_hint: 'ada' }
  answered(await decide(browser, (await begin(browser, server.issuer, unsafe)).page, 'allow'))
  return { browser, page: (await begin(browser, server.issuer, unsafe)).page, fields: { decision: 'allow' } }
}

async function atLogout(): Promise<Place> {
  const browser = await signedIn()
  return { browser, page: await browser.open('/oauth/logout'), fields: { decision: 'confirm' } }
}

async function atForgetDevice(): Promise<Place> {
  const browser = await signedIn()
  return { browser, page: await browser.open('/oauth/logout/done'), fields: {} }
}

const PLACES: readonly [string, () => Promise<Place>][] = [
  ['login', () => atLogin()],
  ['consent', atConsent],
  ['chooser', atChooser],
  ['removal of an account', atRemoval],
  ['forgetting an institution', atForget],
  ['warning', atWarning],
  ['logout', atLogout],
  ['forgetting the device', atForgetDevice],
]

function expectRefused(page: Page): void {
  expect([page.status, pageName(page)]).toEqual([403, 'error'])
  expect(leadsOn(page), 'a way on').toBe(true)
  expect(page.html).toMatch(/[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}/)
}

describe.each(PLACES)('the form of %s', (_, go) => {
  test('is refused from elsewhere, from nowhere, and without its token; nothing changes, and the page leads on', async () => {
    const { browser, page, fields } = await go()
    const { csrf = '' } = fieldsOf(page)
    expect(csrf).toMatch(/^[\w-]{43}$/)
    const before = await standing()
    const whole = { ...fields, csrf }
    expectRefused(await sendRaw(browser, page, whole, { origin: 'https://evil.example' }))
    expectRefused(await sendRaw(browser, page, whole, { origin: 'null' }))
    expectRefused(await sendRaw(browser, page, whole, { origin: server.issuer, 'sec-fetch-site': 'cross-site' }))
    expectRefused(await sendRaw(browser, page, whole, { 'sec-fetch-site': 'same-site' }))
    expectRefused(await sendRaw(browser, page, fields))
    expectRefused(await sendRaw(browser, page, { ...fields, csrf: '' }))
    expectRefused(await sendRaw(browser, page, { ...fields, csrf: `${csrf.slice(0, -2)}xx` }))
    expect(await standing()).toEqual(before)
  })

  test('is refused with the token of the same form of another browser', async () => {
    const [mine, theirs] = [await go(), await go()]
    const before = await standing()
    expectRefused(await sendRaw(mine.browser, mine.page, { ...mine.fields, csrf: fieldsOf(theirs.page)['csrf'] ?? '' }))
    expect(await standing()).toEqual(before)
  })

  test('is taken from our own page', async () => {
    const { browser, page, fields } = await go()
    const taken = await sendRaw(browser, page, { ...fields, csrf: fieldsOf(page)['csrf'] ?? '' }, { origin: server.issuer, 'sec-fetch-site': 'same-origin' })
    expect(taken.status).not.toBe(403)
  })
})

describe('a token of a form', () => {
  test('is not one of another journey of the same browser', async () => {
    const first = await atLogin()
    const second = await atLogin(first.browser)
    expect(fieldsOf(first.page)['csrf']).not.toBe(fieldsOf(second.page)['csrf'])
    expectRefused(await sendRaw(first.browser, second.page, { ...second.fields, csrf: fieldsOf(first.page)['csrf'] ?? '' }))
  })

  test('is not one of another step of the same journey, nor of another institution', async () => {
    const { browser, page, fields } = await atLogin()
    const other = await chooseProvider(browser, await browser.open(page.url.replace(/login.*/, 'discovery')), 'lunmal')
    expectRefused(await sendRaw(browser, page, { ...fields, csrf: fieldsOf(other)['csrf'] ?? '' }))
    const consent = await signIn(browser, page, 'ada')
    expectRefused(await sendRaw(browser, consent, { decision: 'allow', csrf: fieldsOf(page)['csrf'] ?? '' }))
  })

  test('is not one of another person on the same page', async () => {
    const { browser, page } = await atConsent()
    const ada = fieldsOf(page)['csrf'] ?? ''
    const switched = await browser.open(linkOf(page, 'consent-switch'))
    const discovery = await browser.open(linkOf(switched, 'chooser-other'))
    const lin = await signIn(browser, await chooseProvider(browser, discovery, 'ntu'), 'lin')
    expect(lin.html).toContain('Lin Example')
    const refused = await sendRaw(browser, lin, { decision: 'allow', csrf: ada })
    expectRefused(refused)
    const onwards = await browser.open(linkOf(refused, 'Start again'))
    expect([pageName(onwards), onwards.html.includes('Lin Example')]).toEqual(['consent', true])
  })
})

describe('steps cannot be skipped', () => {
  test('a form of consent before the sign-in leads to the sign-in', async () => {
    const { browser, page } = await atLogin()
    const consent = { ...page, html: page.html.replaceAll(/action="[^"]*"/g, `action="${new URL(page.url).pathname.replace('login', 'consent')}"`) }
    expect(pageName(await sendRaw(browser, consent, { decision: 'allow', csrf: fieldsOf(page)['csrf'] ?? '' }))).toBe('discovery')
  })

  /** A browser that has been here before, so that it has a cookie of its own; and one of somebody signed in. */
  const STRANGERS: readonly [string, () => Promise<Browser>][] = [
    ['without a cookie', async () => newBrowser(server.issuer)],
    ['with a cookie of its own', async () => (await atLogin()).browser],
    ['of somebody who is signed in', () => browserOf(server.issuer, 'lin')],
  ]

  test.each(STRANGERS)('the journey of another browser is not shown to a browser %s: that gets a journey of its own', async (_, come) => {
    const { page } = await atConsent()
    const stranger = await come()
    for (const url of [page.url, page.url.replace(/consent$/, 'login?provider=ntu'), page.url.replace(/\/consent$/, '')]) {
      const seen = await stranger.open(url)
      expect(['discovery', 'chooser']).toContain(pageName(seen))
      expect(seen.html).not.toContain('Ada')
      expect(seen.url.split('/')[4]).not.toBe(page.url.split('/')[4])
    }
  })

  test.each(STRANGERS)('nor can it be answered by a browser %s, with the very form', async (_, come) => {
    const { browser, page } = await atConsent()
    const stranger = await come()
    const before = await standing()
    expect(['discovery', 'chooser']).toContain(pageName(await decide(stranger, page, 'allow')))
    expect(await standing()).toEqual(before)
    expect(answered(await decide(browser, page, 'allow'))).toHaveProperty('code')
    expect((await decide(stranger, page, 'allow')).status).toBe(200)
  })
})

describe('the address where an answer is shown again', () => {
  test('is for the browser that got it, and for a minute', async () => {
    const { browser, page } = await atConsent()
    const address = page.url.replace(/consent$/, 'answer')
    expect(pageName(await browser.open(address))).toBe('consent')
    const arrived = await decide(browser, page, 'allow')
    expect((await browser.open(address)).url).toBe(arrived.url)
    expect(pageName(await newBrowser(server.issuer).open(address))).toBe('discovery')
    await server.advance(61)
    expect(pageName(await browser.open(address))).toBe('already-answered')
  })
})

describe('a session cookie that somebody planted or copied before the sign-in', () => {
  const SESSION = 'portner_session'

  async function victimAndThief() {
    const { browser: victim, page } = await atLogin()
    const old = victim.cookies.get(SESSION) ?? ''
    const consent = await signIn(victim, page, 'ada')
    const thief = newBrowser(server.issuer)
    thief.cookies.set(SESSION, old)
    return { victim, consent, thief, old }
  }

  test('is changed by the sign-in, and sees nobody signed in from that moment on', async () => {
    const { victim, consent, thief, old } = await victimAndThief()
    expect(victim.cookies.get(SESSION)).not.toBe(old)
    expect(answered((await begin(thief, server.issuer, { prompt: 'none' })).page)).toMatchObject({ error: 'login_required' })
    expect(pageName((await begin(thief, server.issuer)).page)).toBe('discovery')
    expect((await thief.open(consent.url)).html).not.toContain('Ada')
    expect((await thief.open('/oauth/logout')).html).not.toContain('Ada')
    expect(answered(await decide(victim, consent, 'allow'))).toHaveProperty('code')
    expect(answered((await begin(victim, server.issuer, { prompt: 'none' })).page)).toHaveProperty('code')
  })

  test('cannot allow in the place of the person, and does not get the answer', async () => {
    const { victim, consent, thief } = await victimAndThief()
    expect((await decide(thief, consent, 'allow')).status).not.toBe(0)
    answered(await decide(victim, consent, 'allow'))
    expect((await decide(thief, consent, 'allow')).status).not.toBe(0)
  })

  test('does not become the new one by signing in as somebody else', async () => {
    const { victim, consent, thief } = await victimAndThief()
    const { page } = await begin(thief, server.issuer)
    await signIn(thief, await chooseProvider(thief, page, 'ntu'), 'lin')
    expect(thief.cookies.get(SESSION)).not.toBe(victim.cookies.get(SESSION))
    const { page: chooser } = await begin(thief, server.issuer)
    expect(accountRows(chooser).map(({ text }) => text.includes('Ada'))).toEqual([false])
    expect(answered(await decide(victim, consent, 'allow'))).toHaveProperty('code')
    expect(accountRows((await begin(victim, server.issuer)).page).map(({ text }) => text.includes('Ada'))).toEqual([true])
  })

  test('is worth nothing after its grace', async () => {
    const { thief, old } = await victimAndThief()
    await server.advance(61)
    await begin(thief, server.issuer)
    expect(thief.cookies.get(SESSION)?.slice(0, 20)).not.toBe(old.slice(0, 20))
  })

  test('signing out ends the session on the server, whoever kept the cookie', async () => {
    const browser = await signedIn()
    const kept = new Map(browser.cookies)
    const { page, fields } = { page: await browser.open('/oauth/logout'), fields: { decision: 'confirm' } }
    await sendRaw(browser, page, { ...fields, csrf: fieldsOf(page)['csrf'] ?? '' })
    const thief = newBrowser(server.issuer)
    for (const [name, value] of kept) thief.cookies.set(name, value)
    expect(answered((await begin(thief, server.issuer, { prompt: 'none' })).page)).toMatchObject({ error: 'login_required' })
  })

  test.each(['', 'x', 'ptr_bs_', `ptr_bs_${'A'.repeat(70)}`, `ptr_dv_${'A'.repeat(70)}`, 'a'.repeat(4000)])('made up (%#) is no cookie, and no error', async (value) => {
    const browser = newBrowser(server.issuer)
    browser.cookies.set(SESSION, value).set('portner_device', value)
    const { page } = await begin(browser, server.issuer)
    expect([page.status, pageName(page)]).toEqual([200, 'discovery'])
  })
})

test('cookies are opaque, for http only, lax, and for the whole host', async () => {
  const response = await fetch(authorizationUrl(server.issuer, newPkce()), { redirect: 'manual' })
  expect(response.headers.getSetCookie()).toHaveLength(1)
  expect(response.headers.getSetCookie()[0]).toMatch(/^portner_session=ptr_bs_[\w-]+; Path=\/; HttpOnly; SameSite=Lax$/)
})

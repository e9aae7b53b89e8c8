import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../support/app.ts'
import { type Browser, newBrowser, type Page, pageName } from '../support/browser.ts'
import { authorizationUrl, newPkce, type Parameters, walk } from '../support/relying-party.ts'
import { SECRET } from '../support/world.ts'
import { answered, begin, browserOf, chooseProvider, decide, leadsOn, linkOf, pick, redeemed, signIn, startAfresh } from './person.ts'

// A sign-in that cannot die: whatever people do with their browser, and whatever happens to the server meanwhile, there is a way on.

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())
beforeEach(() => startAfresh(server))

interface Walked {
  readonly browser: Browser
  readonly discovery: Page
  readonly login: Page
  readonly consent: Page
}

async function toConsent(changes: Parameters = {}): Promise<Walked> {
  const browser = newBrowser(server.issuer)
  await startAfresh(server)
  const { page: discovery } = await begin(browser, server.issuer, changes)
  const login = await chooseProvider(browser, discovery, 'ntu')
  return { browser, discovery, login, consent: await signIn(browser, login, 'ada') }
}

describe('time', () => {
  test('a page that was open for two hours still works, with the original state', async () => {
    const browser = newBrowser(server.issuer)
    const { page: discovery, pkce } = await begin(browser, server.issuer, { state: 'from this morning' })
    await server.advance(7200)
    const login = await chooseProvider(browser, discovery, 'ntu')
    await server.advance(7200)
    const consent = await signIn(browser, login, 'ada')
    await server.advance(7200)
    const arrived = await decide(browser, consent, 'allow')
    expect(answered(arrived)['state']).toBe('from this morning')
    expect((await redeemed(server.issuer, arrived, pkce)).scope).toBe('openid profile')
  })

  test('after a day the page says so, and one click starts again for the same request', async () => {
    const { browser, discovery, login, consent } = await toConsent({ state: 'yesterday' })
    await server.advance(25 * 3600)
    for (const { url } of [discovery, login, consent]) {
      const stale = await browser.open(url)
      expect([stale.status, pageName(stale)]).toEqual([200, 'start-again'])
      expect(stale.html).toContain('Course Planner')
      const again = await browser.open(linkOf(stale, 'start-again'))
      expect(pageName(again)).toBe('chooser')
    }
    const again = await browser.open(linkOf(await browser.open(consent.url), 'start-again'))
    expect(answered(await walk(browser, again))).toMatchObject({ state: 'yesterday' })
  })

  test('a form sent after a day starts again by itself', async () => {
    const { browser, login, consent } = await toConsent()
    await server.advance(25 * 3600)
    expect(pageName(await decide(browser, consent, 'allow'))).toBe('chooser')
    expect(answered(await walk(browser, await signIn(browser, login, 'ada')))).toHaveProperty('code')
  })

  test('an address that was never one of ours says where to go', async () => {
    const { browser, login } = await toConsent()
    const page = await browser.open(login.url.replace(/[0-9a-f]{12}/, '000000000000'))
    expect([page.status, pageName(page)]).toEqual([404, 'start-again'])
    expect(page.html).toContain('Go back to the application and sign in from there.')
    for (const id of ['x', '%00', '../../etc', '0'.repeat(190)]) expect((await browser.open(`${server.issuer}/signin/${id}/login`)).status, id).toBeLessThan(500)
  })
})

describe('back and reload', () => {
  test('every earlier page of a running journey shows itself', async () => {
    const { browser, discovery, login, consent } = await toConsent()
    for (const [page, name] of [[discovery, 'discovery'], [login, 'login'], [consent, 'consent']] as const) {
      for (let reload = 0; reload < 2; reload++) {
        const again = await browser.open(page.url)
        expect([again.status, pageName(again)]).toEqual([200, name])
      }
    }
    expect(answered(await decide(browser, consent, 'allow'))).toHaveProperty('code')
  })

  test('back to discovery and to another institution goes on from there', async () => {
    const { browser, discovery } = await toConsent()
    const consent = await browser.submit(await chooseProvider(browser, discovery, 'lunmal'), 'username', { username: 'kai', password: 'kai has a password' })
    expect(consent.html).toContain('Kai Example')
    expect(answered(await decide(browser, consent, 'allow'))).toHaveProperty('code')
  })

  test('a wrong password is shown on reload, not sent again, and is not told at another institution', async () => {
    const browser = newBrowser(server.issuer)
    const { page: discovery } = await begin(browser, server.issuer)
    const wrong = await signIn(browser, await chooseProvider(browser, discovery, 'ntu'), 'ada', { password: 'no' })
    expect([wrong.status, pageName(wrong)]).toEqual([401, 'login'])
    expect((await browser.open(wrong.url)).status).toBe(401)
    const elsewhere = await chooseProvider(browser, discovery, 'lunmal')
    expect([elsewhere.status, elsewhere.html.includes('is wrong')]).toEqual([200, false])
    expect(pageName(await signIn(browser, wrong, 'ada'))).toBe('consent')
  })

  test('after the answer each page says that it is done, and how to begin anew', async () => {
    const { browser, discovery, login, consent } = await toConsent()
    answered(await decide(browser, consent, 'allow'))
    for (const { url } of [discovery, login, consent, { url: new URL('.', login.url).href.slice(0, -1) }]) {
      const page = await browser.open(url)
      expect([page.status, pageName(page)], url).toEqual([200, 'already-answered'])
      expect(answered(await walk(browser, await browser.open(linkOf(page, 'start-again'))))).toHaveProperty('code')
    }
  })

  test('after a refusal too', async () => {
    const { browser, login, consent } = await toConsent()
    answered(await decide(browser, consent, 'deny'))
    expect(pageName(await browser.open(login.url))).toBe('already-answered')
  })
})

describe('several tabs', () => {
  test('two of the same client, each with its own state', async () => {
    const browser = newBrowser(server.issuer)
    const warm = await begin(browser, server.issuer)
    const one = await begin(browser, server.issuer, { state: 'one' })
    const two = await begin(browser, server.issuer, { state: 'two' })
    const [loginOne, loginTwo] = [await chooseProvider(browser, one.page, 'ntu'), await chooseProvider(browser, two.page, 'ntu')]
    const consentOne = await signIn(browser, loginOne, 'ada')
    const consentTwo = await signIn(browser, loginTwo, 'ada')
    const [first, second] = [await decide(browser, consentOne, 'allow'), await decide(browser, consentTwo, 'allow')]
    expect([answered(first)['state'], answered(second)['state']]).toEqual(['one', 'two'])
    await redeemed(server.issuer, first, one.pkce)
    await redeemed(server.issuer, second, two.pkce)
    expect(pageName(await browser.open(warm.page.url))).toBe('discovery')
  })

  test('two of different clients, as different people', async () => {
    const browser = newBrowser(server.issuer)
    const one = await begin(browser, server.issuer, { state: 'one' })
    const two = await begin(browser, server.issuer, { client_id: 'second', redirect_uri: 'https://second.example.org/callback', state: 'two' })
    const consentTwo = await signIn(browser, await chooseProvider(browser, two.page, 'ntu'), 'lin')
    const consentOne = await signIn(browser, await chooseProvider(browser, one.page, 'ntu'), 'ada')
    expect(consentTwo.html).toContain('Lin Example')
    expect(answered(await decide(browser, consentOne, 'allow'))['state']).toBe('one')
    const arrived = await decide(browser, consentTwo, 'allow')
    expect([arrived.url.split('?')[0], answered(arrived)['state']]).toEqual(['https://second.example.org/callback', 'two'])
  })

  test('two opened at the same moment, before there was a cookie: one extra step at most', async () => {
    const [first, second] = [newBrowser(server.issuer), newBrowser(server.issuer)]
    const [one, two] = await Promise.all([begin(first, server.issuer, { state: 'one' }), begin(second, server.issuer, { state: 'two' })])
    for (const [name, value] of second.cookies) first.cookies.set(name, value)
    expect(answered(await walk(first, await chooseProvider(first, one.page, 'ntu')))['state']).toBe('one')
    expect(answered(await walk(first, await chooseProvider(first, two.page, 'ntu')))['state']).toBe('two')
  })
})

describe('cookies', () => {
  test.each(['discovery', 'login', 'consent'] as const)('cleared on the page %s: one step more, on reload and on submit', async (name) => {
    for (const how of ['reload', 'submit']) {
      const walked = await toConsent({ state: how })
      const { browser } = walked
      browser.cookies.clear()
      const page = how === 'reload' ? await browser.open(walked[name].url) : name === 'consent' ? await decide(browser, walked.consent, 'allow') : name === 'login' ? await signIn(browser, walked.login, 'ada') : await chooseProvider(browser, walked.discovery, 'ntu')
      expect([page.status, pageName(page)]).toEqual([200, 'discovery'])
      expect(answered(await walk(browser, page))['state']).toBe(how)
    }
  })

  test('the first page reloaded without its cookie is no sign that cookies are blocked', async () => {
    const browser = newBrowser(server.issuer)
    const { page } = await begin(browser, server.issuer)
    browser.cookies.clear()
    expect(pageName(await browser.open(page.url))).toBe('discovery')
  })

  test('blocked: a page says so in words, with a link, and there is no loop', async () => {
    const browser = newBrowser(server.issuer)
    const keep = browser.cookies.set.bind(browser.cookies)
    browser.cookies.set = () => browser.cookies
    const { page } = await begin(browser, server.issuer)
    expect([page.status, pageName(page)]).toEqual([400, 'cookies-blocked'])
    expect(page.html).toMatch(/cookie/i)
    expect(pageName(await browser.open(linkOf(page, 'retry')))).toBe('cookies-blocked')
    browser.cookies.set = keep
    expect(answered(await walk(browser, await browser.open(linkOf(page, 'retry'))))).toHaveProperty('code')
  })

  test('a client that sends people straight back is stopped by a page with a button', async () => {
    const browser = await browserOf(server.issuer, 'ada')
    const pages = []
    for (let i = 0; i < 6; i++) pages.push((await begin(browser, server.issuer, { login_hint: 'ada' })).page)
    expect(pages.slice(0, 5).every(({ status }) => status === 0)).toBe(true)
    expect([pages[5]?.status, pageName(pages[5] as Page)]).toEqual([429, 'too-many-attempts'])
    expect(answered(await browser.open(linkOf(pages[5] as Page, 'continue')))).toHaveProperty('code')
  })
})

describe('the server', () => {
  test('is restarted in the middle of every step', async () => {
    const browser = newBrowser(server.issuer)
    const { page: discovery, pkce } = await begin(browser, server.issuer)
    await server.restart()
    const login = await chooseProvider(browser, discovery, 'ntu')
    await server.restart()
    const consent = await signIn(browser, login, 'ada')
    await server.restart()
    const arrived = await decide(browser, consent, 'allow')
    await server.restart()
    expect((await decide(browser, consent, 'allow')).url).toBe(arrived.url)
    await redeemed(server.issuer, arrived, pkce)
  })
})

const CLIENT = (changes: string) => `kind: client\nclient_id: passing\nclient_name: Passing\nclient_secret: { value: ${SECRET} }\nclient_uri: https://passing.example.org\nscope: openid profile\n${changes}`
const ASKING: Parameters = { client_id: 'passing', redirect_uri: 'https://passing.example.org/callback' }

describe('what the journey is about', () => {
  test.each([
    ['the client is disabled', 'status: disabled\nredirect_uris: [https://passing.example.org/callback]\n'],
    ['the redirect URI is unregistered', 'redirect_uris: [https://passing.example.org/other]\n'],
  ])('%s in the middle: a page with the way to the application, and no redirect', async (_, changed) => {
    await server.apply(CLIENT('redirect_uris: [https://passing.example.org/callback]\n'))
    const { browser, discovery, login, consent } = await toConsent(ASKING)
    await server.apply(CLIENT(changed))
    const pages = [...(await Promise.all([discovery, login, consent].map(({ url }) => browser.open(url)))), await signIn(browser, login, 'ada'), await decide(browser, consent, 'allow')]
    for (const page of pages) {
      expect([page.status, pageName(page)], page.url).toEqual([400, 'error'])
      expect(page.html).toContain('href="https://passing.example.org"')
      expect(leadsOn(page)).toBe(true)
    }
    await server.apply(CLIENT('redirect_uris: [https://passing.example.org/callback]\n'))
    expect(answered(await decide(browser, consent, 'allow'))).toHaveProperty('code')
  })

  test('the person is locked in the middle: nobody is signed in any more', async () => {
    await server.apply('kind: user\nusername: mia\npassword: { value: mia has a password }\norganization: ntu\n')
    const browser = newBrowser(server.issuer)
    const { page: discovery } = await begin(browser, server.issuer)
    const login = await chooseProvider(browser, discovery, 'ntu')
    const consent = await signIn(browser, login, 'mia', { password: 'mia has a password' })
    await server.ctx.db.updateTable('users').set({ status: 'locked' }).where('username', '=', 'mia').execute()
    const page = await decide(browser, consent, 'allow')
    expect([page.status, pageName(page)]).toEqual([200, 'discovery'])
    const refused = await signIn(browser, login, 'mia', { password: 'mia has a password' })
    expect([refused.status, pageName(refused), leadsOn(refused)]).toEqual([403, 'login', true])
    expect((await signIn(browser, login, 'mia', { password: 'guess' })).status).toBe(401)
    expect(answered((await begin(browser, server.issuer, { prompt: 'none' })).page)).toMatchObject({ error: 'login_required' })
  })

  test('the institution is closed in the middle: discovery without it', async () => {
    const closing = (disabled: boolean) => `kind: provider\nprovider_id: closing\nprotocol: local\nname: Closing College\norganization: ntu\ndisabled: ${disabled}\n`
    await server.apply(closing(false))
    const browser = newBrowser(server.issuer)
    const { page: discovery } = await begin(browser, server.issuer)
    const login = await chooseProvider(browser, discovery, 'closing')
    await server.apply(closing(true))
    for (const page of [await signIn(browser, login, 'ada'), await browser.open(login.url)]) {
      expect([page.status, pageName(page)]).toEqual([200, 'discovery'])
      expect(page.html).not.toContain('Closing College')
    }
  })

  test('its account is closed with the institution after the sign-in: the next step asks anew', async () => {
    const closing = (disabled: boolean) => `kind: provider\nprovider_id: closing\nprotocol: local\nname: Closing College\norganization: ntu\ndisabled: ${disabled}\n`
    await server.apply(closing(false))
    const browser = newBrowser(server.issuer)
    const { page: discovery } = await begin(browser, server.issuer)
    const consent = await signIn(browser, await chooseProvider(browser, discovery, 'closing'), 'ada')
    await server.apply(closing(true))
    const page = await decide(browser, consent, 'allow')
    expect([page.status, pageName(page)]).toEqual([200, 'chooser'])
    expect(page.html).not.toMatch(/<button[^>]*data-account=[^>]*>[\s\S]*?Ada Example/)
    expect(answered(await walk(browser, page))).toHaveProperty('code')
  })
})

test('a form posted from the application begins the same journey', async () => {
  const browser = await browserOf(server.issuer, 'ada')
  const url = new URL(authorizationUrl(server.issuer, newPkce()))
  const kept = new Map(browser.cookies)
  browser.cookies.clear()
  // What a browser does: no cookies on the post from elsewhere, and cookies again on the redirect that follows.
  const response = await fetch(url.origin + url.pathname, { method: 'POST', redirect: 'manual', body: url.searchParams, headers: { origin: 'https://planner.example.org', 'sec-fetch-site': 'cross-site' } })
  for (const [name, value] of kept) browser.cookies.set(name, value)
  expect([response.status, response.headers.getSetCookie()]).toEqual([303, []])
  const chooser = await browser.open(response.headers.get('location') ?? '')
  expect(pageName(chooser)).toBe('chooser')
  expect(answered(await pick(browser, chooser, 'Ada'))).toMatchObject({ state: 'the-state' })
})

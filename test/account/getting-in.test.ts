import fc from 'fast-check'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { returnAddress } from '../../src/account/return-address.ts'
import { offered } from '../../src/endpoints/offered.ts'
import { exportYaml } from '../../src/declarations/export.ts'
import { applyDeclarations } from '../../src/declarations/apply.ts'
import { openAccount, viewName } from '../support/account.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { type Browser, newBrowser, type Page, pageName } from '../support/browser.ts'
import { authorizationUrl, newPkce, walk } from '../support/relying-party.ts'
import { accountRows, chooseProvider, firstSignIn, linkOf, pick, signIn } from '../journeys/person.ts'
import { world } from '../support/world.ts'

// Getting to the account pages: through the same doors as everywhere, back to the same page, about the right person.

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

/** Whose pages these are. */
function whose(page: Page): string | undefined {
  return /class="who"><bdi class="name">([^<]*)</.exec(page.html)?.[1]
}

/** Where the server answers the request of its own account pages to, before anybody goes there. */
async function answerFor(browser: Browser, username: string): Promise<string> {
  const response = await fetch(`${server.issuer}/oauth/authorization?${await ownRequest(browser)}&login_hint=${username}`, { redirect: 'manual', headers: { accept: 'text/html', cookie: cookieOf(browser) } })
  const answer = response.headers.get('location') ?? ''
  expect(answer).toContain(`${server.issuer}/account/signed-in?`)
  return answer
}

function cookieOf(browser: Browser): string {
  return [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
}

describe('getting in', () => {
  test('whoever is signed in nowhere signs in at the usual doors and comes back to the very page', async () => {
    const browser = newBrowser(server.issuer)
    const discovery = await browser.open('/account/applications?q=plan')
    expect(pageName(discovery)).toBe('discovery')
    expect(discovery.html).toContain('Your account')
    // It leads back here: nobody is warned of another address.
    expect(discovery.html).not.toContain('data-insecure')
    const page = await walk(browser, discovery)
    expect([page.status, pageName(page), viewName(page), page.url]).toEqual([200, 'account', 'account-applications', `${server.issuer}/account/applications?q=plan`])
    expect(whose(page)).toBe('Ada Example')
  })

  test('whoever is signed in already is there at once, and everywhere in the account', async () => {
    const browser = newBrowser(server.issuer)
    await firstSignIn(browser, server.issuer, 'ada')
    const page = await browser.open('/account')
    expect([viewName(page), whose(page)]).toEqual(['account-overview', 'Ada Example'])
    expect(page.html).toContain('Norges testuniversitet')
    expect(page.headers.get('cache-control')).toBe('no-store')
  })

  test('whoever cancels is not sent round again', async () => {
    const browser = newBrowser(server.issuer)
    const login = await chooseProvider(browser, await browser.open('/account'), 'ntu')
    const after = await browser.submit(login, 'username', { cancel: '1' })
    expect([pageName(after), new URL(after.url).pathname]).toEqual(['home', '/'])
  })

  test('of several accounts one is picked, stays, and can be changed', async () => {
    const browser = newBrowser(server.issuer)
    await firstSignIn(browser, server.issuer, 'ada')
    await firstSignIn(browser, server.issuer, 'kai')
    const chooser = await browser.open('/account/applications')
    expect(pageName(chooser)).toBe('chooser')
    expect(whose(await pick(browser, chooser, 'Ada'))).toBe('Ada Example')
    expect(whose(await browser.open('/account'))).toBe('Ada Example')
    const again = await browser.open(linkOf(await browser.open('/account'), 'account-switch'))
    expect([pageName(again), accountRows(again).length]).toEqual(['chooser', 2])
    expect(whose(await pick(browser, again, 'Kai'))).toBe('Kai Example')
    expect(whose(await browser.open('/account'))).toBe('Kai Example')
  })

  test('a locked person, an ended sign-in, and the cookie from before a sign-in see nothing', async () => {
    const browser = newBrowser(server.issuer)
    await firstSignIn(browser, server.issuer, 'lin')
    const before = new Map(browser.cookies)
    expect(whose(await browser.open('/account'))).toBe('Lin Example')
    await firstSignIn(browser, server.issuer, 'lin', { prompt: 'login' })
    const copy = newBrowser(server.issuer)
    for (const [name, value] of before) copy.cookies.set(name, value)
    expect(whose(await copy.open('/account'))).toBeUndefined()
    await sql`update users set status = 'locked' where username = 'lin'`.execute(server.ctx.db)
    expect(whose(await browser.open('/account'))).toBeUndefined()
    await sql`update users set status = 'active' where username = 'lin'`.execute(server.ctx.db)
    expect(whose(await browser.open('/account'))).toBe('Lin Example')
    await sql`update sessions set ended_at = clock_now()`.execute(server.ctx.db)
    expect(whose(await browser.open('/account'))).toBeUndefined()
  })
})

describe('on a shared computer', () => {
  test('a sign-in for an application does not open the account; one for the account does, for ten minutes', async () => {
    const browser = newBrowser(server.issuer)
    await firstSignIn(browser, server.issuer, 'ada', {}, { shared_computer: '1' })
    const discovery = await browser.open('/account')
    expect(pageName(discovery)).toBe('discovery')
    const page = await signIn(browser, await chooseProvider(browser, discovery, 'ntu'), 'ada', { shared_computer: '1' })
    expect(whose(page)).toBe('Ada Example')
    expect(whose(await browser.open('/account/applications'))).toBe('Ada Example')
    // The next application finds nobody signed in, and so does whoever sits down next.
    expect(pageName(await browser.open(authorizationUrl(server.issuer, newPkce())))).toBe('discovery')
    await server.advance(601)
    expect(pageName(await browser.open('/account'))).toBe('discovery')
  })
})

describe('the way back', () => {
  test('made by one browser leads another one to nobody’s pages', async () => {
    const [ada, kai] = [newBrowser(server.issuer), newBrowser(server.issuer)]
    await firstSignIn(ada, server.issuer, 'ada')
    await firstSignIn(kai, server.issuer, 'kai')
    const landed = await ada.open(await answerFor(kai, 'kai'))
    expect(whose(landed)).toBe('Ada Example')
  })

  test('is good once, and only with the state it was asked with', async () => {
    const browser = newBrowser(server.issuer)
    await firstSignIn(browser, server.issuer, 'ada')
    const answer = await answerFor(browser, 'ada')
    const other = await ownRequest(browser)
    const crossed = new URL(answer)
    crossed.searchParams.set('state', new URLSearchParams(other).get('state') ?? '')
    await browser.open(crossed.href)
    const picked = async () => (await sql<{ account_session_id: string | null }>`select account_session_id from browsers order by created_at desc limit 1`.execute(server.ctx.db)).rows[0]?.account_session_id
    expect(await picked()).toBeNull()
    await browser.open(answer)
    expect(await picked()).not.toBeNull()
    await sql`update browsers set account_session_id = null`.execute(server.ctx.db)
    await browser.open(answer)
    expect(await picked()).toBeNull()
  })

  test.each(['https://evil.example/', '//evil.example/account', '/account/../oauth/logout', '/account/..', '/accounts', '/account\\@evil.example', '/account/%2e%2e/x', '/account?x=//evil.example/', '/account/sign-in', 'javascript:alert(1)', `/account/${'a'.repeat(2000)}`])('%s is no address to come back to', (address) => {
    expect(returnAddress(address)).toBe('/account')
  })

  test('is always within the account pages', () => {
    const parts = fc.array(fc.constantFrom('/', '/account', '..', '//', '\\', '%2f', '?', '#', '@', 'evil.example', 'https:', ' ', '\n', 'a', 'é'), { maxLength: 12 })
    fc.assert(
      fc.property(fc.oneof(fc.string(), parts.map((all) => all.join('')), parts.map((all) => `/account${all.join('')}`)), (text) => {
        const url = new URL(returnAddress(text), 'https://portner.example')
        expect([url.origin, /^\/account(\/|$)/.test(url.pathname)]).toEqual(['https://portner.example', true])
      }),
    )
  })
})

/** What our own pages ask the server, as a browser is told to carry it. */
async function ownRequest(browser: Browser): Promise<string> {
  const response = await fetch(`${server.issuer}/account/switch`, { redirect: 'manual', headers: { cookie: cookieOf(browser) } })
  const url = new URL(response.headers.get('location') ?? '', server.issuer)
  url.searchParams.delete('prompt')
  return url.searchParams.toString()
}

describe('the account pages’ own registration', () => {
  const file = (text: string) => [{ name: 'test.yaml', text, directory: '.' }]
  const options = { offered, prune: false, demo: true, env: {} }

  test('is nobody else’s to declare, export or prune', async () => {
    const taken = 'kind: client\nclient_id: portner-account\nclient_name: Mine\napplication_type: spa\nredirect_uris: [https://evil.example/cb]\nscope: openid\n'
    await expect(applyDeclarations(server.ctx, file(taken), options)).rejects.toThrow(/part of this server/)
    expect(await exportYaml(server.ctx, offered)).not.toContain('portner-account')
    const { changes } = await applyDeclarations(server.ctx, file(world), { ...options, prune: true })
    expect(changes.map(({ id }) => id)).not.toContain('portner-account')
    expect(viewName(await openAccount(newBrowser(server.issuer)))).toBe('account-overview')
  })

  test('is the same after a restart', async () => {
    const read = async () => (await sql<Record<string, unknown>>`select client_key, updated_at, document from clients where client_id = 'portner-account'`.execute(server.ctx.db)).rows
    const before = await read()
    await server.restart()
    expect(await read()).toEqual(before)
    expect(JSON.stringify(before)).toContain(`${server.issuer}/account/signed-in`)
  })
})

import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { countAttempt } from '../../src/signin/attempts.ts'
import { networkOf } from '../../src/signin/throttle.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { type Browser, newBrowser, type Page, pageName } from '../support/browser.ts'
import { begin, browserOf, chooseProvider, leadsOn, linkOf, signIn, startAfresh } from './person.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer({ env: { PORTNER_TRUST_PROXY: '127.0.0.0/8,::1' } })
})
afterAll(() => server.close())
beforeEach(() => startAfresh(server))

async function toLogin(browser: Browser): Promise<Page> {
  const { page } = await begin(browser, server.issuer)
  if (pageName(page) === 'chooser') return chooseProvider(browser, await browser.open(linkOf(page, 'chooser-other')), 'ntu')
  return chooseProvider(browser, page, 'ntu')
}

async function fail(times: number, username = 'ada', headers: Readonly<Record<string, string>> = {}): Promise<Page> {
  const browser = newBrowser(server.issuer, headers)
  const login = await toLogin(browser)
  let page = login
  for (let i = 0; i < times; i++) page = await signIn(browser, login, username, { password: `guess ${i}` })
  return page
}

/** What the page says one can do instead of waiting. */
function waysOf(page: Page): readonly string[] {
  const list = /<ul id="login-ways">([\s\S]*?)<\/ul>/.exec(page.html)?.[1] ?? ''
  return [...list.matchAll(/<li>([\s\S]*?)<\/li>/g)].map(([, inner = '']) => inner.replaceAll(/<[^>]*>/g, '').trim())
}

async function passwordsTried(): Promise<number> {
  return server.logged().split('\n').filter((line) => line.includes('login.failed')).length
}

describe('wrong passwords', () => {
  test('eight are eight chances; then a page says until when, why, and what to do', async () => {
    const eighth = await fail(8)
    expect([eighth.status, pageName(eighth)]).toEqual([401, 'login'])
    const ninth = await fail(1)
    expect([ninth.status, pageName(ninth), leadsOn(ninth)]).toEqual([429, 'login', true])
    const until = /data-error="throttled"[\s\S]*?<time datetime="([^"]+)">([^<]+)<\/time>/.exec(ninth.html)
    const seconds = (Date.parse(until?.[1] ?? '') - server.ctx.clock.now()) / 1000
    expect(seconds).toBeGreaterThan(890)
    expect(seconds).toBeLessThanOrEqual(900)
    expect(until?.[2]).toMatch(/UTC/)
    expect(Number(ninth.headers.get('retry-after'))).toBeGreaterThan(890)
    expect(waysOf(ninth)).toEqual(['Ask your institution for a new password, if you have forgotten yours.', expect.stringContaining('with a passkey')])
  })

  test('where mails are sent, the first way on is a new password', async () => {
    const mailing = await startTestServer({ env: { PORTNER_MAIL_URL: 'smtp://127.0.0.1:9', PORTNER_MAIL_FROM: 'portner@ntu.example' } })
    try {
      const browser = newBrowser(mailing.issuer)
      let page = await chooseProvider(browser, (await begin(browser, mailing.issuer)).page, 'ntu')
      for (let i = 0; i < 9; i++) page = await signIn(browser, page, 'ada', { password: `guess ${i}` })
      expect(pageName(await browser.open(linkOf(page, 'Set a new password')))).toBe('forgotten')
    } finally {
      await mailing.close()
    }
  })

  test('then the right one is refused too, until the time is over', async () => {
    await fail(8)
    const browser = newBrowser(server.issuer)
    const login = await toLogin(browser)
    const refused = await signIn(browser, login, 'ada')
    expect(refused.status).toBe(429)
    await server.advance(901)
    expect((await browser.open(refused.url)).status).toBe(200)
    expect(pageName(await signIn(browser, login, 'ada'))).toBe('consent')
  })

  test('do not lock out the owner on a device that knows the account', async () => {
    const browser = await browserOf(server.issuer, 'ada')
    await startAfresh(server)
    await fail(20)
    expect(pageName(await signIn(browser, await toLogin(browser), 'ada'))).toBe('consent')
  })

  test('are counted on such a device too', async () => {
    const browser = await browserOf(server.issuer, 'ada')
    const login = await toLogin(browser)
    for (let i = 0; i < 8; i++) expect((await signIn(browser, login, 'ada', { password: `guess ${i}` })).status).toBe(401)
    expect((await signIn(browser, login, 'ada')).status).toBe(429)
  })

  test('are forgotten by a right one', async () => {
    const browser = newBrowser(server.issuer)
    const login = await toLogin(browser)
    for (let i = 0; i < 7; i++) await signIn(browser, login, 'ada', { password: `guess ${i}` })
    expect(pageName(await signIn(browser, login, 'ada'))).toBe('consent')
    expect((await fail(1)).status).toBe(401)
  })

  test('of one person are not those of another, however the name is written', async () => {
    await fail(4, 'ada')
    await fail(4, ' ADA ')
    expect((await fail(1, 'Ada')).status).toBe(429)
    expect((await fail(1, 'lin')).status).toBe(401)
    expect((await fail(9, 'nobody')).status).toBe(429)
  })

  test('a hundred at once are a hundred: eight are looked at', async () => {
    const before = await passwordsTried()
    const browser = newBrowser(server.issuer)
    const login = await toLogin(browser)
    const answers = await Promise.all(Array.from({ length: 100 }, (_, i) => signIn(browser, login, 'ada', { password: `guess ${i}` })))
    // Some may be turned away before anything is looked at or counted; whatever was looked at was counted.
    const turnedAway = answers.filter((page) => page.status === 503 || pageName(page) === 'error').length
    const { rows } = await sql<{ count: number }>`select max(count) as count from attempts`.execute(server.ctx.db)
    expect(rows[0]?.count).toBeGreaterThanOrEqual(100 - turnedAway)
    expect(turnedAway).toBeLessThanOrEqual(90)
    expect((await passwordsTried()) - before).toBeLessThanOrEqual(8)
    expect((await fail(1)).status).toBe(429)
  })

  test('leave no name and no password in the log', async () => {
    await fail(1, 'a-name-nobody-has')
    await fail(1, 'ada')
    expect(server.logged()).not.toMatch(/a-name-nobody-has|guess 0|has a password/)
  })
})

describe('a network', () => {
  const from = (address: string) => ({ 'x-forwarded-for': address })

  /** So many guesses at names that nobody asks about again. */
  async function guessed(network: string, times: number): Promise<void> {
    await Promise.all(Array.from({ length: times }, () => countAttempt(server.ctx, `login/network/${network}`, 900)))
  }

  test('has a hundred wrong guesses over all names, not more; another network is not held up', async () => {
    await guessed('192.0.2', 98)
    expect((await fail(2, 'made-up', from('192.0.2.1'))).status).toBe(401)
    const refused = await fail(1, 'fresh', from('192.0.2.200'))
    expect(refused.status).toBe(429)
    // What is said of the network is not said of the person's account.
    expect(refused.html).toContain('Nothing is wrong with your account.')
    expect(waysOf(refused)).toHaveLength(1)
    expect((await fail(1, 'fresh', from('192.0.3.1'))).status).toBe(401)
  })

  test('is not used up by good sign-ins, nor by tries that were refused', async () => {
    const browser = newBrowser(server.issuer, from('198.51.100.7'))
    const login = await toLogin(browser)
    await signIn(browser, login, 'ada')
    await fail(10, 'lin', from('198.51.100.8'))
    const { rows } = await sql<{ count: number }>`select count from attempts order by count desc`.execute(server.ctx.db)
    expect(rows.map(({ count }) => count)).toEqual([10, 8])
  })

  test('does not hold up a device that knows the account', async () => {
    const browser = newBrowser(server.issuer, from('203.0.113.9'))
    await signIn(browser, await toLogin(browser), 'ada')
    await guessed('203.0.113', 100)
    expect((await fail(1, 'fresh', from('203.0.113.11'))).status).toBe(429)
    expect(pageName(await signIn(browser, await toLogin(browser), 'ada'))).toBe('consent')
  })

  test.each([
    ['192.0.2.77', '192.0.2'],
    ['::ffff:192.0.2.77', '192.0.2'],
    ['2001:db8:1:abcd::1', '2001:0db8:0001:ab'],
    ['2001:DB8:1:ab12:ffff::', '2001:0db8:0001:ab'],
    ['2001:db8::abcd:1:2:3', '2001:0db8:0000:00'],
    ['2001:db8::1', '2001:0db8:0000:00'],
    ['2001:db8:0:5::1', '2001:0db8:0000:00'],
    ['2001:db8:0:0:1:2:3:4', '2001:0db8:0000:00'],
    ['::1', '0000:0000:0000:00'],
  ])('of %s is %s', (address, network) => {
    expect(networkOf(address)).toBe(network)
  })
})

import type { Browser, Page as Tab } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../support/app.ts'
import { newBrowser, pageName } from '../support/browser.ts'
import { chromiumPath } from '../support/chromium.ts'
import { faultsOf, launchChromium, newPerson, type Person, shown } from '../support/chromium-page.ts'
import { institutions, saveInstitutions } from '../support/institutions.ts'
import { rawRequest } from '../support/raw-request.ts'
import { authorizationUrl, newPkce, providerLink } from '../support/relying-party.ts'
import { begin, decide, linkOf, signIn } from './person.ts'

// Among ten thousand institutions: what the page weighs, what is there ahead of the server's answer, and a computer that others use too.

let server: TestServer
let chromium: Browser | undefined
beforeAll(async () => {
  server = await startTestServer()
  await saveInstitutions(server.ctx, institutions(10_000))
  if (chromiumPath() !== undefined) chromium = await launchChromium()
}, 60_000)
afterAll(async () => {
  await chromium?.close()
  await server.close()
})

async function nearby(headers: Record<string, string>): Promise<{ readonly text: string; readonly rows: readonly (readonly string[])[] }> {
  const person = newBrowser(server.issuer, headers)
  const { page } = await begin(person, server.issuer)
  const address = /data-nearby="([^"]*)"/.exec(page.html)?.[1]
  if (address === undefined) return { text: '', rows: [] }
  const { html } = await person.open(address.replaceAll('&amp;', '&'), { headers: { accept: 'application/json' } })
  return { text: html, rows: (JSON.parse(html) as { rows: (readonly string[])[] }).rows }
}

describe('without script', () => {
  test('the country of the browser\'s language is ahead, and its institutions come in at most 10 KB', async () => {
    const { text, rows } = await nearby({ 'accept-language': 'fi-FI,fi;q=0.9' })
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(10_000)
    expect(rows.length).toBeGreaterThan(60)
    expect(rows.every(([id]) => id?.startsWith('fi-'))).toBe(true)
    expect((await nearby({ 'accept-language': 'de-CH' })).rows).toEqual([])
    expect((await nearby({ 'accept-language': 'xx' })).text).toBe('')
  })

  test('the country that a header names counts from a proxy of ours only', async () => {
    const proxied = await startTestServer({ env: { PORTNER_TRUST_PROXY: '127.0.0.1/32,::1/128', PORTNER_COUNTRY_HEADER: 'X-Country' } })
    const open = await startTestServer({ env: { PORTNER_TRUST_PROXY: '192.0.2.1/32', PORTNER_COUNTRY_HEADER: 'X-Country' } })
    try {
      for (const one of [proxied, open]) await one.apply("kind: provider\nprovider_id: aaa\nprotocol: local\nname: Aaa\ncountry: is\n---\nkind: provider\nprovider_id: zzz\nprotocol: local\nname: Zzz\ncountry: jp\n")
      const first = async (headers: Record<string, string>, { issuer } = proxied): Promise<string | undefined> => {
        const person = newBrowser(issuer, { 'accept-language': 'zz', ...headers })
        return /data-provider="([^"]+)"/.exec((await begin(person, issuer)).page.html)?.[1]
      }
      expect(await first({ 'x-forwarded-for': '203.0.113.7', 'x-country': 'JP' })).toBe('zzz')
      expect(await first({ 'x-forwarded-for': '203.0.113.7', 'x-country': 'JP', 'accept-language': 'en-IS' })).toBe('aaa')
      expect(await first({ 'x-forwarded-for': '203.0.113.7', 'x-country': "'; --" })).toBe('aaa')
      // Not through a proxy of ours: whoever asks says it of themselves.
      expect(await first({ 'x-country': 'JP' }, open)).toBe('aaa')
      // Nor does one of two count: nobody knows which of them is the proxy's.
      const start = await fetch(authorizationUrl(proxied.issuer, newPkce()), { redirect: 'manual' })
      const { pathname, port, host } = new URL(start.headers.get('location') ?? '', proxied.issuer)
      const cookie = start.headers.getSetCookie().map((one) => one.split(';')[0]).join('; ')
      const { status, text } = await rawRequest(Number(port), `GET ${pathname.split('/').slice(0, 3).join('/')}/discovery HTTP/1.1\r\nHost: ${host}\r\nCookie: ${cookie}\r\nAccept-Language: zz\r\nX-Country: JP\r\nX-Country: NO\r\nConnection: close\r\n\r\n`)
      expect([status, /data-provider="([^"]+)"/.exec(text)?.[1]]).toEqual([200, 'aaa'])
    } finally {
      await Promise.all([proxied.close(), open.close()])
    }
  })

  test('the page never has more than 25 rows, and an address names its domain only', async () => {
    const person = newBrowser(server.issuer)
    const { page } = await begin(person, server.issuer)
    const found = await person.submit(page, 'q', { q: 'secret.person@u.keswick.gb.example' })
    expect(found.html.match(/data-provider=/g)?.length).toBe(1)
    expect(found.html.replaceAll(/<ul>\s*<li><a href="\/locale[\s\S]*?<\/ul>/g, '')).not.toContain('secret')
    expect(server.logged()).not.toContain('secret.person')
    const many = await person.submit(page, 'q', { q: 'university' })
    expect(many.html.match(/data-provider=/g)?.length).toBeLessThanOrEqual(25)
  })

  test('a shared computer: one link says so, stays said while one searches, and the sign-in is not remembered', async () => {
    const person = newBrowser(server.issuer)
    const { page } = await begin(person, server.issuer)
    const shared = await person.open(linkOf(page, 'shared-toggle'))
    expect(shared.html).toContain('nothing will be remembered here')
    const found = await person.submit(shared, 'q', { q: 'NTU' })
    expect(found.html).toContain('nothing will be remembered here')
    const form = await person.open(providerLink(found, 'ntu'))
    expect(form.html).toMatch(/name="shared_computer" value="1" checked/)
    const consent = await signIn(person, form, 'ada')
    await decide(person, consent, 'allow')
    expect(pageName((await begin(person, server.issuer)).page)).toBe('discovery')
  })

  test('who belongs to no institution has a way on, and a way back to the application', async () => {
    await server.apply('kind: provider\nprovider_id: guests\nprotocol: local\nname: Guests\n')
    const person = newBrowser(server.issuer)
    const { page } = await begin(person, server.issuer)
    const unlisted = await person.open(linkOf(page, 'unlisted'))
    expect([...unlisted.html.matchAll(/data-provider="([^"]+)"/g)].map(([, id]) => id)).toEqual(['guests'])
    expect(pageName(await person.open(providerLink(unlisted, 'guests')))).toBe('login')
    expect((await person.submit(unlisted, 'decision', { decision: 'leave' })).url).toContain('error=access_denied')
  })
})

describe.skipIf(chromiumPath() === undefined)('in Chromium', () => {
  async function as(story: (person: Person) => Promise<void>, locale = 'en-GB'): Promise<void> {
    if (chromium === undefined) return
    const person = await newPerson(chromium, { locale })
    try {
      await story(person)
      expect(person.complaints).toEqual([])
    } finally {
      await person.context.close()
    }
  }

  async function arrive(page: Tab): Promise<void> {
    const there = page.waitForResponse(/\/nearby\?/)
    await page.goto(authorizationUrl(server.issuer, newPkce()))
    await there
  }

  const focused = (page: Tab): Promise<string | undefined> => page.evaluate('document.activeElement?.dataset.provider ?? document.activeElement?.id')

  test('the first visit weighs at most 15 KB, in at most four requests besides what is fetched when idle', () =>
    as(async ({ page, context }) => {
      const cdp = await context.newCDPSession(page)
      await cdp.send('Network.enable')
      const addresses = new Map<string, string>()
      const sizes = new Map<string, number>()
      cdp.on('Network.requestWillBeSent', ({ requestId, request }) => addresses.set(requestId, request.url))
      cdp.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => sizes.set(requestId, encodedDataLength))
      await arrive(page)
      await page.waitForLoadState('networkidle')
      const first = [...sizes].filter(([id]) => !(addresses.get(id) ?? '').includes('/nearby'))
      expect(first.map(([, size]) => size).reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(15_000)
      expect(first.length).toBeLessThanOrEqual(4)
      expect(await page.locator('[data-provider]').count()).toBeLessThanOrEqual(25)
      expect(await page.evaluate('localStorage.length + sessionStorage.length')).toBe(0)
      expect(await faultsOf(page)).toEqual([])
    }))

  test('the own country\'s are there before the server has answered, and stay when it does not', () =>
    as(async ({ page, context }) => {
      await arrive(page)
      await context.route(/discovery\?.*q=/, () => undefined)
      await page.keyboard.type('ba')
      await page.waitForSelector('#providers-heading:has-text("“ba”")')
      const names = await page.locator('#providers .name').allTextContents()
      expect(names.length).toBeGreaterThan(0)
      expect(names.every((name) => /\bba/i.test(name))).toBe(true)
      expect(await faultsOf(page)).toEqual([])
    }))

  test('who has gone into the list keeps the row when the server\'s answer comes', () =>
    as(async ({ page, context }) => {
      await arrive(page)
      const held: (() => void)[] = []
      await context.route(/discovery\?.*q=/, (route) => void held.push(() => void route.continue()))
      await page.keyboard.type('ash')
      await page.waitForSelector('#providers-heading:has-text("ash")')
      await page.keyboard.press('ArrowDown')
      const row = await focused(page)
      expect(row).toMatch(/^gb-ashford/)
      const answered = page.waitForResponse(/discovery\?.*q=ash/)
      held.at(-1)?.()
      await answered
      await page.waitForSelector('#search-status:has-text("found")')
      expect(await focused(page)).toBe(row)
    }))

  test('results survive Tab, and one goes on typing after Tab back; the status is told once', () =>
    as(async ({ page }) => {
      await arrive(page)
      await page.evaluate("window.told = 0; new MutationObserver(() => { if (document.querySelector('#search-status').textContent) window.told++ }).observe(document.querySelector('#search-status'), { childList: true, characterData: true, subtree: true })")
      await page.keyboard.type('keswick')
      await page.waitForSelector('#search-status:has-text("20 institutions found, showing 10")')
      expect(await page.evaluate('window.told')).toBe(1)
      for (let i = 0; i < 5 && !(await focused(page))?.startsWith('gb-'); i++) await page.keyboard.press('Tab')
      expect(await focused(page)).toMatch(/^gb-keswick/)
      expect(await page.locator('#providers a').count()).toBe(10)
      await page.focus('#q')
      await page.keyboard.press('End')
      await page.keyboard.type(' med')
      await page.waitForSelector('#providers li:first-child .name:has-text("Medical")')
      await page.keyboard.press('ArrowDown')
      await page.keyboard.press('ArrowDown')
      const second = await focused(page)
      await page.keyboard.press('Enter')
      await page.waitForSelector('#login-form')
      expect(new URL(page.url()).searchParams.get('provider')).toBe(second)
    }))

  test('a box says that others use the computer; the row that is chosen takes it along', () =>
    as(async ({ page, context }) => {
      await arrive(page)
      await page.getByLabel('This is a shared or public computer').check()
      await page.focus('#q')
      await page.keyboard.type('ntu')
      await page.waitForSelector('#providers li:first-child [data-provider=ntu]')
      await page.keyboard.press('ArrowDown')
      await page.keyboard.press('Enter')
      await page.waitForSelector('#shared-computer:checked')
      await page.fill('#username', 'ada')
      await page.fill('#password', 'ada has a password')
      await page.click('#login-submit')
      await page.waitForSelector('html:not([data-page=login])')
      const cookies = await context.cookies(server.issuer)
      expect(cookies.map(({ name }) => name).filter((name) => /device/.test(name))).toEqual([])
      await page.goto(authorizationUrl(server.issuer, newPkce()))
      expect(await shown(page)).toBe('discovery')
    }))

  test('an institution that was used before is the first thing to reach, one key from its page', () =>
    as(async ({ page }) => {
      await page.goto(authorizationUrl(server.issuer, newPkce(), { idp_hint: 'ntu' }))
      await page.fill('#username', 'lin')
      await page.fill('#password', 'lin has a password')
      await page.click('#login-submit')
      await page.waitForSelector('#consent-allow, #consent-deny')
      await page.goto(authorizationUrl(server.issuer, newPkce()))
      await page.click('a[href$="/other"]')
      await page.waitForSelector('#remembered')
      expect(await focused(page)).not.toBe('q')
      await page.focus('#main')
      await page.keyboard.press('Tab')
      expect(await focused(page)).toBe('ntu')
      expect(await page.getByRole('button', { name: 'Forget Norges testuniversitet' }).count()).toBe(1)
      expect(await faultsOf(page)).toEqual([])
      await page.keyboard.press('Enter')
      await page.waitForSelector('#login-form')
    }))
})

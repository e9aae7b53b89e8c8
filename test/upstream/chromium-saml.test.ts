import { randomUUID } from 'node:crypto'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../support/app.ts'
import { chromiumPath } from '../support/chromium.ts'
import { type ClientSite, faultsOf, launchChromium, newPerson, type Person, shown, startClientSite } from '../support/chromium-page.ts'
import { authorizationUrl, newPkce, type Parameters } from '../support/relying-party.ts'
import { startSamlUpstream, type UpstreamSaml } from '../support/upstream-saml.ts'
import { introduce } from './saml-journey.ts'

// A person at a SAML institution in a real browser: from the client's redirect back to its callback. The institution is at another site, so
// the answer that its page posts comes without our cookies.

const isPossible = chromiumPath() !== undefined
let server: TestServer
let browser: Browser
let client: ClientSite
let upstream: UpstreamSaml
let posting: UpstreamSaml

beforeAll(async () => {
  if (!isPossible) return
  ;[server, browser, client, upstream, posting] = await Promise.all([startTestServer({ env: { PORTNER_TEST_FETCH: '1' } }), launchChromium(), startClientSite(), startSamlUpstream(), startSamlUpstream()])
  posting.bindings = ['post']
  posting.elsewhere = true
  await introduce(server, upstream, 'uni', 'keywords: [Unibergen]')
  await introduce(server, posting, 'posting')
  // Enough to be searched.
  await server.apply(Array.from({ length: 9 }, (_, i) => `kind: provider\nprovider_id: college-${i}\nprotocol: local\nname: College ${i}\norganization: ntu`).join('\n---\n'))
})
afterAll(async () => {
  await Promise.all([server, browser, client, upstream, posting].map(async (one?: { close: () => Promise<void> }) => one?.close()))
})
beforeEach(() => {
  for (const one of [upstream, posting]) {
    one.asked.length = 0
    one.answer = {}
    // Somebody who has not been here yet.
    one.person = { ...one.person, nameId: { format: 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent', value: `p-${randomUUID()}` } }
  }
})

async function begin(page: Page, changes: Parameters = {}): Promise<void> {
  await page.goto(authorizationUrl(server.issuer, newPkce(), { redirect_uri: client.callback, ...changes }))
}

async function as(options: BrowserContextOptions, story: (person: Person) => Promise<void>): Promise<void> {
  const person = await newPerson(browser, options)
  try {
    await story(person)
    expect(person.complaints).toEqual([])
  } finally {
    await person.context.close()
  }
}

/** Goes on with the tabulator until the focus is on what the selector names, and presses it. */
async function pressByKeyboard(page: Page, selector: string): Promise<void> {
  for (let i = 0; i < 60; i++) {
    await page.keyboard.press('Tab')
    if ((await page.locator(`${selector}:focus`).count()) > 0) {
      await page.keyboard.press('Enter')
      return
    }
  }
  throw new Error(`the keyboard does not reach ${selector}`)
}

async function atClient(page: Page): Promise<URLSearchParams> {
  await page.waitForURL((url) => url.href.startsWith(client.callback))
  return client.lastAnswer()
}

const DECISION = '#consent-allow'

describe.skipIf(!isPossible).each([
  ['with script', true],
  ['without script', false],
])('in Chromium %s', (_, javaScriptEnabled) => {
  test('first through discovery, by keyboard alone; then through the chooser with one click', () =>
    as({ javaScriptEnabled, viewport: { width: 320, height: 640 } }, async ({ page }) => {
      await begin(page, { state: 'first' })
      expect(await shown(page)).toBe('discovery')
      await page.keyboard.type('unibergen')
      // With script the list follows, and Enter takes what alone is in it; without, Enter searches.
      if (javaScriptEnabled) await page.waitForSelector('#providers li:only-child [data-provider=uni]')
      await page.keyboard.press('Enter')
      if (!javaScriptEnabled) await page.waitForURL(/q=unibergen/)
      if (!javaScriptEnabled) await pressByKeyboard(page, '[data-provider=uni]')
      await page.waitForSelector('#go-on')
      expect(upstream.asked[0]).toMatchObject({ binding: 'redirect', isSigned: true })
      await pressByKeyboard(page, '#go-on')
      await page.waitForSelector(DECISION)
      expect(page.url()).not.toContain('SAMLResponse')
      await pressByKeyboard(page, DECISION)
      expect(Object.fromEntries(await atClient(page))).toMatchObject({ state: 'first', code: expect.stringMatching(/^ptr_ac_/) })
      await begin(page, { state: 'second' })
      expect(await shown(page)).toBe('chooser')
      expect(await page.textContent('[data-account]')).toContain('Ada Institution')
      await page.click('[data-account]')
      expect(Object.fromEntries(await atClient(page))).toMatchObject({ state: 'second', code: expect.stringMatching(/^ptr_ac_/) })
      expect(upstream.asked).toHaveLength(1)
    }))

  test('who is to sign in again is asked again by the institution, not by us', () =>
    as({ javaScriptEnabled }, async ({ page }) => {
      await begin(page, { login_hint: 'feide|all' })
      await page.goto(`${page.url().replace(/[^/]*$/, 'login')}?provider=uni`)
      await page.click('#go-on')
      await page.click(DECISION)
      await atClient(page)
      await begin(page, { prompt: 'login', state: 'again' })
      await page.waitForSelector('#go-on')
      expect(upstream.asked.at(-1)?.forceAuthn).toBe(true)
      upstream.answer = {}
      await page.click('#go-on')
      expect((await atClient(page)).get('state')).toBe('again')
    }))

  test('an institution that wants a form, and whose page is elsewhere again', () =>
    as({ javaScriptEnabled }, async ({ page }) => {
      await begin(page)
      await page.goto(`${page.url().replace(/[^/]*$/, 'login')}?provider=posting`)
      if (!javaScriptEnabled) await page.click('#form-post-submit')
      await page.waitForSelector('#go-on')
      expect(new URL(page.url()).hostname).toBe('127.0.0.2')
      expect(posting.asked).toMatchObject([{ binding: 'post', isSigned: true }])
      await page.click('#go-on')
      await page.click(DECISION)
      expect((await atClient(page)).get('code')).toMatch(/^ptr_ac_/)
    }))

  test('an institution that says too little: what is missing, where to go, and back to the application', () =>
    as({ javaScriptEnabled, viewport: { width: 320, height: 640 } }, async ({ page }) => {
      const own = upstream.person
      upstream.person = { nameId: { format: 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient', value: '_t' }, attributes: {} }
      await begin(page)
      await page.goto(`${page.url().replace(/[^/]*$/, 'login')}?provider=uni`)
      await page.click('#go-on')
      await page.waitForSelector('#missing')
      upstream.person = own
      if (javaScriptEnabled) expect(await faultsOf(page)).toEqual([])
      const shots = process.env['SHOTS']
      if (shots !== undefined && javaScriptEnabled) {
        for (const colorScheme of ['light', 'dark'] as const) {
          for (const width of [320, 1024]) {
            await page.emulateMedia({ colorScheme })
            await page.setViewportSize({ width, height: 800 })
            await page.screenshot({ path: `${shots}/missing-${width}-${colorScheme}.png`, fullPage: true })
          }
        }
      }
      await page.click('#back-to-application')
      expect((await atClient(page)).get('error')).toBe('access_denied')
    }))
})

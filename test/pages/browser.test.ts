import type { FastifyInstance } from 'fastify'
import { type Browser, type BrowserContext, type Page, chromium } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bringAxe, lookOver } from '../support/axe.ts'
import { chromiumLaunchOptions, chromiumPath, lookingOnlyOptions } from '../support/chromium.ts'
import { cases } from './models/index.ts'
import { addressOf, pagesApp } from './pages-app.ts'
import { showerOf } from './written-page.ts'

const path = chromiumPath()
const shown = cases.filter((entry) => entry.view !== 'handoff' && entry.view !== 'form-post' && entry.view !== 'signing-out')

// All kinds of error are one layout. Every state is looked at in one of the eight looks, of one state of each view
// what the look can change is looked at in two opposite ones too.
const laidOut = shown.filter((entry) => entry.view !== 'error' || ['way-back', 'own-words', 'too-many-requests'].includes(entry.state))
const oneEach = laidOut.filter((entry, index) => laidOut.findIndex((other) => other.view === entry.view) === index)

interface Look {
  readonly width: number
  readonly colorScheme: 'light' | 'dark'
  readonly locale: string
}

const opposite: readonly Look[] = [
  { width: 320, colorScheme: 'light', locale: 'en-XA' },
  { width: 1024, colorScheme: 'dark', locale: 'ar-XB' },
]
const STRANGER = { 'accept-language': 'de' }
const looks: readonly Look[] = [320, 1024].flatMap((width) => (['light', 'dark'] as const).flatMap((colorScheme) => ['en-XA', 'ar-XB'].map((locale) => ({ width, colorScheme, locale }))))

/** The two opposite looks without the page's own; the one in the page's own language first, because it needs no new page. */
function furtherLooks(own: Look): readonly Look[] {
  return opposite
    .filter((look) => look.width !== own.width || look.colorScheme !== own.colorScheme || look.locale !== own.locale)
    .toSorted((a, b) => Number(b.locale === own.locale) - Number(a.locale === own.locale))
}

async function wear(page: Page, { width, colorScheme }: Look): Promise<void> {
  await page.setViewportSize({ width, height: 640 })
  await page.emulateMedia({ colorScheme })
}

function smallTargets(page: Page): Promise<readonly string[]> {
  return page.evaluate(`[...document.querySelectorAll('button, .button, .row, summary, input:not([type=checkbox]):not([type=radio]), select')]
    .filter((element) => element.checkVisibility() && element.type !== 'hidden' && element.getBoundingClientRect().height < 44 && !element.matches('div'))
    .map((element) => element.outerHTML)`)
}

describe.skipIf(path === undefined)('pages in Chromium', () => {
  let app: FastifyInstance
  let browser: Browser
  let onlooker: Browser
  let origin: string

  beforeAll(async () => {
    app = await pagesApp(true)
    origin = await app.listen({ port: 0, host: '127.0.0.1' })
    ;[browser, onlooker] = await Promise.all([chromium.launch(chromiumLaunchOptions(path ?? '')), chromium.launch(lookingOnlyOptions(path ?? ''))])
  })
  afterAll(async () => {
    await Promise.all([browser.close(), onlooker.close()])
    await app.close()
  })

  async function open(address: string, options: Parameters<Browser['newContext']>[0] = {}, by = browser): Promise<{ page: Page; context: BrowserContext; complaints: string[] }> {
    const context = await by.newContext(options)
    const page = await context.newPage()
    const complaints: string[] = []
    page.on('pageerror', (error) => complaints.push(error.message))
    // What a status of 4xx makes the browser say is no complaint about the page.
    page.on('console', (message) => !message.text().startsWith('Failed to load resource') && complaints.push(message.text()))
    await page.goto(origin + address)
    return { page, context, complaints }
  }

  it.each(looks.map((look, turn) => ({ ...look, turn })))('have no fault that axe finds, no sideways scroll, and targets of at least 44 px for buttons and rows: $width px, $colorScheme, $locale', async ({ turn, ...own }) => {
    const first = shown[0]
    const { page, context, complaints } = await open(first === undefined ? '/' : addressOf(first), { extraHTTPHeaders: STRANGER }, onlooker)
    await bringAxe(context)
    const show = showerOf(page, STRANGER)
    const look = async (entry: (typeof laidOut)[number], { locale }: Look, again?: 'again'): Promise<void> => {
      const address = `${origin}${addressOf(entry)}?ui_locales=${locale}`
      await show(address)
      expect(await lookOver(page, again), address).toEqual({ sideways: 0, faults: [] })
      expect(await smallTargets(page), address).toEqual([])
    }
    for (const entry of laidOut.filter((_entry, index) => index % looks.length === turn)) {
      await wear(page, own)
      await look(entry, own)
      if (!oneEach.includes(entry)) continue
      for (const further of furtherLooks(own)) {
        await wear(page, further)
        await look(entry, further, 'again')
      }
    }
    expect(complaints).toEqual([])
    await context.close()
  }, 180_000)

  it('show the warning of an http application in the first screen, with strong contrast', async () => {
    for (const address of ['/consent/insecure', '/login/credentials', '/chooser/insecure', '/insecure-warning/insecure']) {
      const { page, context } = await open(address, { viewport: { width: 320, height: 640 } })
      const box = await page.locator('#insecure-warning h2').boundingBox()
      expect((box?.y ?? 999) + (box?.height ?? 0), address).toBeLessThan(640)
      await context.close()
    }
  })

  it('focus what is wrong without script', async () => {
    const focused = async (address: string) => {
      const { page, context } = await open(address, { javaScriptEnabled: false })
      const id = await page.locator(':focus').getAttribute('id')
      await context.close()
      return id
    }
    expect(await focused('/login/credentials')).toBe('password')
    expect(await focused('/login/throttled')).toBe('login-error')
    expect(await focused('/login/empty')).toBe('username')
    expect(await focused('/discovery/first')).toBe('q')
  })

  it('reveal the password, say that Caps Lock is on, and hide it again before it is sent', async () => {
    const { page, context, complaints } = await open('/login/empty')
    await page.fill('#password', 'secret')
    const reveal = page.locator('#password-reveal')
    await reveal.click()
    expect(await page.getAttribute('#password', 'type')).toBe('text')
    expect(await reveal.getAttribute('aria-pressed')).toBe('true')
    await page.evaluate("document.getElementById('login-form').addEventListener('submit', (event) => event.preventDefault())")
    await page.click('#login-submit')
    expect(await page.getAttribute('#password', 'type')).toBe('password')
    await page.evaluate("document.getElementById('password').dispatchEvent(new KeyboardEvent('keyup', { key: 'A', modifierCapsLock: true }))")
    expect(await page.locator('#caps-lock').textContent()).toBe('Caps Lock is on')
    expect(complaints).toEqual([])
    await context.close()
  })

  it('send nothing by Enter on the consent page', async () => {
    const { page, context } = await open('/consent/all')
    const requests: string[] = []
    page.on('request', (request) => request.isNavigationRequest() && requests.push(request.url()))
    await page.focus('#optional-0')
    await page.keyboard.press('Enter')
    await page.focus('#main')
    await page.keyboard.press('Enter')
    await page.waitForTimeout(300)
    expect(requests).toEqual([])
    expect(page.url()).toBe(`${origin}/consent/all`)
    const [allow, deny] = [await page.locator('#consent-allow').boundingBox(), await page.locator('#consent-deny').boundingBox()]
    expect([allow?.width, allow?.height]).toEqual([deny?.width, deny?.height])
    await context.close()
  })
})

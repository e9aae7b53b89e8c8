import { describe, expect, test } from 'vitest'
import { chromiumPath } from '../support/chromium.ts'
import { faultsOf, shown } from '../support/chromium-page.ts'
import { as, atClient, begin, server, setTheStage, signIn, site, third, toConsent } from './chromium-stage.ts'
import { PASSWORDS } from './person.ts'

// The journey in a real browser, with script and without, up to the web server of the client and back.

setTheStage()

describe.skipIf(chromiumPath() === undefined).each([
  ['with script', true],
  ['without script', false],
])('in Chromium %s', (_, javaScriptEnabled) => {
  test('discovery, login, consent, client; back shows neither the hand-off nor a question; then one click, then none', () =>
    as({ javaScriptEnabled, viewport: { width: 320, height: 640 } }, async ({ page }) => {
      const faults: Record<string, readonly string[]> = {}
      const look = async () => {
        if (javaScriptEnabled) faults[(await shown(page)) ?? ''] = await faultsOf(page)
      }
      await begin(page)
      await look()
      await page.click('[data-provider=ntu]')
      await look()
      await signIn(page)
      await page.waitForSelector('#consent-allow')
      await look()
      await page.click('#consent-allow')
      await atClient(page)
      expect(Object.fromEntries(site.lastAnswer())).toMatchObject({ state: 'the-state', iss: server.issuer, code: expect.stringMatching(/^ptr_ac_/) })
      expect(site.received.map(({ headers }) => headers.referer)).toEqual([undefined])
      for (const name of ['already-answered', 'already-answered', 'already-answered']) {
        await page.goBack()
        expect(await shown(page)).toBe(name)
      }
      await look()
      await begin(page)
      expect(await shown(page)).toBe('chooser')
      await look()
      await page.click('[data-account]')
      await atClient(page)
      await begin(page, { login_hint: 'ada', state: 'straight' })
      await atClient(page)
      expect(site.lastAnswer().get('state')).toBe('straight')
      if (javaScriptEnabled) expect(faults).toEqual({ discovery: [], login: [], consent: [], 'already-answered': [], chooser: [] })
    }))

  test('response_mode=form_post: the answer comes as a form, and back asks no question', () =>
    as({ javaScriptEnabled }, async ({ page }) => {
      await toConsent(page, { response_mode: 'form_post' })
      await page.click('#consent-allow')
      if (!javaScriptEnabled) await page.click('#form-post-submit')
      await atClient(page)
      expect(site.received[0]).toMatchObject({ method: 'POST' })
      expect(Object.fromEntries(site.lastAnswer())).toMatchObject({ state: 'the-state', iss: server.issuer, code: expect.stringMatching(/^ptr_ac_/) })
      expect(site.received[0]?.url.search).toBe('')
      await page.goBack()
      expect(await shown(page)).toBe(javaScriptEnabled ? 'already-answered' : 'form-post')
      if (!javaScriptEnabled) {
        await page.reload()
        expect(await shown(page)).toBe('form-post')
        await page.goBack()
        expect(await shown(page)).toBe('already-answered')
      }
    }))

  test('response_mode=form_post without a page before it', () =>
    as({ javaScriptEnabled }, async ({ page }) => {
      await begin(page, { response_mode: 'form_post', prompt: 'none' })
      if (!javaScriptEnabled) await page.click('#form-post-submit')
      await atClient(page)
      expect(site.lastAnswer().get('error')).toBe('login_required')
    }))

  test('back, forward and reload on the way show the pages and ask no question', () =>
    as({ javaScriptEnabled }, async ({ page }) => {
      await begin(page)
      await page.click('[data-provider=ntu]')
      await signIn(page, 'ada', 'wrong')
      expect(await shown(page)).toBe('login')
      await page.reload()
      await signIn(page)
      await page.waitForSelector('#consent-allow')
      await page.reload()
      const seen = []
      for (let i = 0; i < 3; i++) {
        await page.goBack()
        seen.push(await shown(page))
      }
      for (let i = 0; i < 3; i++) await page.goForward()
      expect([...seen, await shown(page)]).toEqual(['login', 'login', 'discovery', 'consent'])
      await page.click('#consent-deny')
      await atClient(page)
      expect(Object.fromEntries(site.lastAnswer())).toMatchObject({ error: 'access_denied', error_reason: 'consent_denied' })
    }))

  test('a double click on Sign in and on Allow ends at the client', () =>
    as({ javaScriptEnabled }, async ({ page }) => {
      await begin(page)
      await page.click('[data-provider=ntu]')
      await page.fill('#username', 'ada')
      await page.fill('#password', PASSWORDS['ada'] ?? '')
      await page.dblclick('#login-submit')
      await page.waitForSelector('#consent-allow')
      await page.dblclick('#consent-allow')
      await atClient(page)
      const codes = new Set(site.received.map(({ url }) => url.searchParams.get('code')))
      expect(codes.size).toBe(1)
      await begin(page, { prompt: 'login' })
      await page.fill('#password', PASSWORDS['ada'] ?? '')
      await page.dblclick('#login-submit')
      await atClient(page)
    }))

  test('a wrong password: the words beside the field, the cursor in it, the name kept', () =>
    as({ javaScriptEnabled }, async ({ page }) => {
      await begin(page)
      await page.click('[data-provider=ntu]')
      await signIn(page, 'ada', 'wrong')
      await page.waitForSelector('#password-error')
      expect(await page.title()).toMatch(/^Error: /)
      expect(await page.locator(':focus').getAttribute('id')).toBe('password')
      expect(await page.getAttribute('#password', 'aria-invalid')).toBe('true')
      expect(await page.getAttribute('#password', 'aria-describedby')).toBe('password-error')
      expect([await page.inputValue('#username'), await page.inputValue('#password')]).toEqual(['ada', ''])
      await page.keyboard.type(PASSWORDS['ada'] ?? '')
      expect(await page.inputValue('#password')).toBe(PASSWORDS['ada'])
      await page.keyboard.press('Enter')
      await page.waitForSelector('#consent-allow')
    }))

  test('signing out: the question, the way back, and nothing personal behind the back button', () =>
    as({ javaScriptEnabled }, async ({ page }) => {
      await toConsent(page)
      await page.click('#consent-allow')
      await atClient(page)
      await page.goto(`${server.issuer}/oauth/logout?client_id=planner&post_logout_redirect_uri=${encodeURIComponent('https://planner.example.org/')}&state=bye`)
      expect([await shown(page), await page.textContent('main')]).toEqual(['logout', expect.stringContaining('Ada Example')])
      if (javaScriptEnabled) expect(await faultsOf(page)).toEqual([])
      await page.context().route('https://planner.example.org/**', (route) => route.fulfill({ contentType: 'text/html', body: '<h1>Bye</h1>' }))
      await page.click('#logout-confirm')
      await page.waitForURL('https://planner.example.org/?state=bye')
      await page.goBack()
      expect(await page.content()).not.toContain('Ada')
      expect(await shown(page)).toBe('logged-out')
      if (javaScriptEnabled) expect(await faultsOf(page)).toEqual([])
      await page.click('#forget-device')
      await page.waitForSelector('#forgotten')
      await begin(page)
      expect(await shown(page)).toBe('discovery')
    }))
})

// How the answer leaves is the browser's part, and our script has none in it.
describe.skipIf(chromiumPath() === undefined)('in Chromium', () => {
  test('a client whose callback redirects to a third origin is reached from login, chooser, consent and logout', () =>
    as({}, async ({ page }) => {
      site.onward = third.callback
      const atThird = () => page.waitForURL(third.callback)
      await toConsent(page)
      await page.click('#consent-allow')
      await atThird()
      await begin(page)
      await page.click('[data-account]')
      await atThird()
      await begin(page, { prompt: 'login' })
      await signIn(page)
      await atThird()
      await begin(page, { prompt: 'login' })
      await page.click('#login-cancel')
      await atThird()
      expect(site.lastAnswer().get('error')).toBe('access_denied')
    }))

  test('an https client is reached; an app of a scheme of its own is offered as a button that may be reloaded', () =>
    as({}, async ({ page, context }) => {
      await context.route('https://planner.example.org/**', (route) => route.fulfill({ contentType: 'text/html', body: '<h1>Over https</h1>' }))
      await toConsent(page, { redirect_uri: 'https://planner.example.org/callback' })
      await page.click('#consent-allow')
      await page.waitForURL('https://planner.example.org/callback?**')
      expect(await page.textContent('h1')).toBe('Over https')
      await begin(page, { client_id: 'app', redirect_uri: 'org.example.app:/callback', scope: 'openid', login_hint: 'ada' })
      await page.click('#consent-allow')
      await page.waitForSelector('#continue')
      const href = await page.getAttribute('#continue', 'href')
      expect(href).toMatch(/^org\.example\.app:\/callback\?code=ptr_ac_/)
      await page.reload()
      expect(await page.getAttribute('#continue', 'href')).toBe(href)
    }))

  test('response_mode=fragment: the answer stays in the browser', () =>
    as({}, async ({ page }) => {
      await toConsent(page, { response_mode: 'fragment' })
      await page.click('#consent-allow')
      await atClient(page)
      expect(new URLSearchParams(new URL(page.url()).hash.slice(1)).get('code')).toMatch(/^ptr_ac_/)
      expect(site.received.map(({ url }) => url.search)).toEqual([''])
    }))
})

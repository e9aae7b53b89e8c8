import { describe, expect, test } from 'vitest'
import { chromiumPath } from '../support/chromium.ts'
import { faultsOf, shown } from '../support/chromium-page.ts'
import { as, atClient, begin, server, setTheStage, signIn, site, toConsent } from './chromium-stage.ts'
import { PASSWORDS } from './person.ts'

// The pages of the journey in a real browser: keyboard, storage, tabs, and what goes wrong.

setTheStage()

describe.skipIf(chromiumPath() === undefined)('in Chromium', () => {
  test('the keyboard alone is enough', () =>
    as({}, async ({ page }) => {
      const tabTo = async (selector: string) => {
        for (let i = 0; i < 30; i++) {
          if ((await page.evaluate(`document.activeElement.matches(${JSON.stringify(selector)})`)) === true) return
          await page.keyboard.press('Tab')
        }
        throw new Error(`the keyboard does not reach ${selector} on ${page.url()}`)
      }
      await begin(page, { scope: 'openid profile groups' })
      await tabTo('[data-provider=ntu]')
      await page.keyboard.press('Enter')
      await page.waitForSelector('#login-form')
      await tabTo('#username')
      await page.keyboard.type('ada')
      await page.keyboard.press('Tab')
      await page.keyboard.type(PASSWORDS['ada'] ?? '')
      await tabTo('#login-submit')
      await page.keyboard.press('Enter')
      await page.waitForSelector('#consent-allow')
      await tabTo('input[value=groups]')
      await page.keyboard.press('Space')
      await tabTo('#consent-allow')
      await page.keyboard.press('Enter')
      await atClient(page)
      await begin(page, { scope: 'openid profile groups' })
      await tabTo('[data-account]')
      await page.keyboard.press('Enter')
      await atClient(page)
    }))

  test('nothing personal is kept in the browser: no storage, and cookies that say nothing', () =>
    as({}, async ({ page, context }) => {
      await toConsent(page)
      await page.click('#consent-allow')
      await atClient(page)
      await begin(page)
      // The one that scripts may read is a digest of who is signed in, for clients that ask whether somebody still is.
      expect(await page.evaluate('JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])')).toMatch(/^\[\{\},\{\},"portner_login_state=[\w-]{22}"\]$/)
      const cookies = (await context.cookies(server.issuer)).filter(({ name }) => name !== 'portner_login_state')
      expect(cookies.map(({ name, httpOnly, sameSite }) => ({ name, httpOnly, sameSite }))).toEqual(['portner_session', 'portner_device'].map((name) => ({ name, httpOnly: true, sameSite: 'Lax' })))
      for (const { value } of cookies) expect(value).toMatch(/^ptr_(bs|dv)_[\w-]+$/)
    }))

  test('two tabs of two clients finish, whichever comes first', () =>
    as({}, async ({ page, context }) => {
      const other = await context.newPage()
      await context.route('https://second.example.org/**', (route) => route.fulfill({ contentType: 'text/html', body: '<h1>Second</h1>' }))
      await begin(page)
      await begin(other, { client_id: 'second', redirect_uri: 'https://second.example.org/callback' })
      await page.click('[data-provider=ntu]')
      await other.click('[data-provider=ntu]')
      await signIn(other, 'lin')
      await signIn(page, 'ada')
      await other.click('#consent-allow')
      await page.click('#consent-allow')
      await other.waitForURL('https://second.example.org/callback?**')
      await atClient(page)
    }))

  test('two tabs of one client finish, each with its own state', () =>
    as({}, async ({ page, context }) => {
      const other = await context.newPage()
      await begin(page, { state: 'one' })
      await begin(other, { state: 'two' })
      await page.click('[data-provider=ntu]')
      await signIn(page)
      await page.click('#consent-allow')
      await atClient(page)
      await other.click('[data-provider=ntu]')
      await signIn(other)
      await atClient(other)
      const answers = site.received.filter(({ url }) => url.pathname === '/callback').map(({ url }) => [url.searchParams.get('state'), url.searchParams.has('code')])
      expect(answers).toEqual([['one', true], ['two', true]])
    }))

  test('somebody else on the consent page: "Not you?", another account, and their own consent', () =>
    as({}, async ({ page }) => {
      await toConsent(page)
      await page.click('#consent-switch')
      expect(await shown(page)).toBe('chooser')
      await page.click('#chooser-other')
      await page.click('#providers [data-provider=ntu]')
      await signIn(page, 'lin')
      await page.waitForSelector('#consent-allow')
      expect(await page.textContent('main')).toContain('Lin Example')
      await page.click('#consent-allow')
      await atClient(page)
    }))

  test('the throttle says until when, has the focus, and axe finds nothing', () =>
    as({ viewport: { width: 320, height: 640 } }, async ({ page }) => {
      await begin(page)
      await page.click('[data-provider=ntu]')
      for (let i = 0; i < 9; i++) await signIn(page, 'ada', `guess ${i}`)
      await page.waitForSelector('[data-error=throttled]')
      expect(await page.locator(':focus').getAttribute('id')).toBe('login-error')
      expect(await faultsOf(page)).toEqual([])
    }))

  test('a page from yesterday, an unknown one, and a stale form lead on', () =>
    as({ viewport: { width: 320, height: 640 } }, async ({ page }) => {
      await toConsent(page)
      await page.evaluate("document.querySelector('#consent-form input[name=csrf]').value = 'old'")
      await page.click('#consent-allow')
      expect([await shown(page), await faultsOf(page)]).toEqual(['error', []])
      await page.getByRole('link', { name: 'Start again' }).click()
      expect(await shown(page)).toBe('consent')
      const { pathname } = new URL(page.url())
      await server.advance(25 * 3600)
      await page.reload()
      expect([await shown(page), await faultsOf(page)]).toEqual(['start-again', []])
      await page.click('#start-again')
      expect(await shown(page)).toBe('chooser')
      await page.goto(server.issuer + pathname.replace(/[0-9a-f]{12}/, '000000000000'))
      expect([await shown(page), await faultsOf(page)]).toEqual(['start-again', []])
    }))
})

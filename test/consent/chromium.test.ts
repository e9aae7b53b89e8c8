import { describe, expect, test } from 'vitest'
import { as, atClient, server, setTheStage, toConsent } from '../journeys/chromium-stage.ts'
import { chromiumPath } from '../support/chromium.ts'
import { faultsOf } from '../support/chromium-page.ts'

// Taking back one thing in a real browser: with and without script, by the keyboard.

setTheStage()

describe.skipIf(chromiumPath() === undefined)('taking back in Chromium', () => {
  test.each([true, false])('from the list to the scope that is gone, with the keyboard alone; script: %s', (javaScriptEnabled) =>
    as({ javaScriptEnabled, viewport: { width: 320, height: 640 } }, async ({ page }) => {
      const tabTo = async (selector: string): Promise<void> => {
        for (let i = 0; i < 60; i++) {
          if ((await page.evaluate(`document.activeElement.matches(${JSON.stringify(selector)})`)) === true) return
          await page.keyboard.press('Tab')
        }
        throw new Error(`the keyboard does not reach ${selector} on ${page.url()}`)
      }
      const view = () => page.locator('html').getAttribute('data-view')
      const faults = async () => (javaScriptEnabled ? faultsOf(page) : [])
      await toConsent(page, { scope: 'openid profile email gk_calendar' })
      expect(await faults()).toEqual([])
      await page.click('#consent-allow')
      await atClient(page)
      await page.goto(`${server.issuer}/account/applications`)
      await page.getByRole('link', { name: 'What Course Planner has' }).click()
      expect([await view(), await faults()]).toEqual(['account-application', []])
      await tabTo('button[value=email]')
      await page.keyboard.press('Enter')
      await page.waitForSelector('#status:focus')
      expect(await page.locator(':focus').textContent()).toContain('See your e-mail address')
      await page.waitForLoadState()
      expect([await page.locator('[data-scope=email]').count(), await faults()]).toEqual([0, []])
    }))
})

import { describe, expect, test } from 'vitest'
import { giveRole } from '../dashboard/developer.ts'
import { as, begin, server, setTheStage, signIn } from '../journeys/chromium-stage.ts'
import { chromiumPath } from '../support/chromium.ts'
import { faultsOf } from '../support/chromium-page.ts'

// A developer in a real browser breaks a request, reads why, mends it with one click, and the same request succeeds.

setTheStage()

describe.skipIf(chromiumPath() === undefined)('a diagnosis in Chromium', () => {
  test.each([
    { javaScriptEnabled: true, width: 1024, colorScheme: 'light' },
    { javaScriptEnabled: false, width: 320, colorScheme: 'dark' },
  ] as const)('broken, read and mended; script: $javaScriptEnabled, $width pixels, $colorScheme', ({ javaScriptEnabled, width, colorScheme }) =>
    as({ javaScriptEnabled, viewport: { width, height: 700 }, colorScheme }, async ({ page, complaints }) => {
      await giveRole(server, 'ada', 'ntu', 'developer')
      const address = `https://planner.example.org/callback/${width}`
      await begin(page, { redirect_uri: address })
      await page.locator('details:has(#diagnosis) > summary').click()
      await page.click('#diagnosis')
      await page.click('[data-provider=ntu]')
      await signIn(page)
      await page.waitForSelector('#cause')
      expect(await page.locator('#cause').getAttribute('data-cause')).toBe('redirect_uri.mismatch')
      expect(await page.locator('#compared mark').first().textContent()).toContain(String(width))
      if (javaScriptEnabled) expect(await faultsOf(page)).toEqual([])
      await page.locator('#add-redirect-uri button').focus()
      await page.keyboard.press('Enter')
      await page.waitForURL(/done=added/)
      expect(await page.locator(':focus').getAttribute('id')).toBe('status')
      await expect
        .poll(async () => {
          await begin(page, { redirect_uri: address })
          return page.locator('html').getAttribute('data-page')
        }, { timeout: 5000 })
        .not.toBe('error')
      expect(complaints).toEqual([])
    }), 40_000)
})

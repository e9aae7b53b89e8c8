import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { addOperator } from '../../src/organizations/operators.ts'
import { userIdOf } from '../factors/person.ts'
import { as, server, setTheStage, signIn } from '../journeys/chromium-stage.ts'
import { chromiumPath } from '../support/chromium.ts'
import { faultsOf } from '../support/chromium-page.ts'

// The operators' pages in a real browser: with and without script, by the keyboard, narrow and wide, light and dark.

setTheStage()

async function view(page: Page): Promise<string | null> {
  return page.locator('html').getAttribute('data-view')
}

async function atWork(page: Page, path: string): Promise<void> {
  await addOperator(server.ctx.db, await userIdOf(server, 'ada'))
  await page.goto(server.issuer + path)
  await page.click('[data-provider=ntu]')
  await signIn(page, 'ada')
}

async function tabTo(page: Page, selector: string): Promise<void> {
  for (let i = 0; i < 80; i++) {
    if ((await page.evaluate(`document.activeElement.matches(${JSON.stringify(selector)})`)) === true) return
    await page.keyboard.press('Tab')
  }
  throw new Error(`the keyboard does not reach ${selector} on ${page.url()}`)
}

describe.skipIf(chromiumPath() === undefined)('the operators’ pages in Chromium', () => {
  test.each([true, false])('from the search for a person to the entry in the log; script: %s', (javaScriptEnabled) =>
    as({ javaScriptEnabled, viewport: { width: 320, height: 640 } }, async ({ page }) => {
      const faults = async () => (javaScriptEnabled ? faultsOf(page) : [])
      await atWork(page, '/admin/users')
      expect(await view(page)).toBe('admin-list')
      await page.fill('#filter-q', 'kai')
      await page.click('#filter-submit')
      await page.getByRole('link', { name: 'Kai Example' }).click()
      expect([await view(page), await faults()]).toEqual(['admin-thing', []])
      const [lock, locked] = javaScriptEnabled ? ['#action-lock', 'This person is locked out.'] : ['#action-unlock', 'This person can sign in again.']
      await page.click(lock)
      expect(await view(page)).toBe('admin-confirm')
      await page.click('#confirm')
      expect(await page.locator(':focus').getAttribute('id')).toBe('status')
      expect(await page.locator(':focus').textContent()).toBe(locked)
      await page.getByRole('link', { name: 'Audit log' }).click()
      expect(await page.locator('#table-audit tbody tr').first().textContent()).toContain('by an operator')
      expect(await faults()).toEqual([])
    }))

  test('the keyboard alone is enough, and a reason that is missing is where one is led', () =>
    as({ viewport: { width: 1024, height: 768 }, colorScheme: 'dark' }, async ({ page }) => {
      await atWork(page, '/admin')
      expect([await view(page), await faultsOf(page)]).toEqual(['admin-home', []])
      await page.goto(`${server.issuer}/admin/users/${await userIdOf(server, 'lin')}`)
      await tabTo(page, '#action-remove-factors')
      await page.keyboard.press('Enter')
      await page.waitForSelector('#confirm')
      await tabTo(page, '#confirm')
      await page.keyboard.press('Enter')
      await page.waitForSelector('#reason-err')
      expect(await page.locator(':focus').getAttribute('id')).toBe('reason')
      await page.keyboard.type('lost telephone')
      await page.keyboard.press('Enter')
      await page.waitForSelector('#action-lock')
      expect(await page.locator(':focus').textContent()).toBe('This person has no second factor any more.')
    }))
})

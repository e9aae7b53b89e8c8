import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, test } from 'vitest'
import { chromiumPath } from '../support/chromium.ts'
import { faultsOf } from '../support/chromium-page.ts'
import { as, server, setTheStage, signIn } from '../journeys/chromium-stage.ts'
import { atDesk as deskOf, giveRole, marks, register } from './developer.ts'

// The dashboard in a real browser, by the keyboard alone and without script. The first hour of a developer is in first-application.test.ts.

setTheStage()

beforeAll(async () => {
  if (chromiumPath() === undefined) return
  await giveRole(server, 'ada', 'ntu', 'admin')
  await server.apply(marks)
})

async function atDesk(page: Page, path = '/dashboard'): Promise<void> {
  await page.goto(server.issuer + path)
  await page.click('[data-provider=ntu]')
  await signIn(page)
  await page.waitForSelector('.desk')
  // Before the end of the page is there, its rows are not all there to be counted.
  await page.waitForLoadState()
}

async function tabTo(page: Page, selector: string): Promise<void> {
  for (let i = 0; i < 80; i++) {
    if ((await page.evaluate(`document.activeElement.matches(${JSON.stringify(selector)})`)) === true) return
    await page.keyboard.press('Tab')
  }
  throw new Error(`the keyboard does not reach ${selector} on ${page.url()}`)
}

describe.skipIf(chromiumPath() === undefined)('the dashboard in Chromium', () => {
  test('the keyboard alone asks for a scope, approves it as the API’s owner, and refuses one as the organization’s admin', () =>
    as({}, async ({ page }) => {
      await atDesk(page, '/dashboard/register?owner=me')
      await page.fill('#name', 'By Keyboard')
      await page.fill('#address', 'https://mine.example.org/cb')
      await page.keyboard.press('Enter')
      await page.waitForSelector('#credentials')
      const clientId = (await page.locator('#client-id').textContent()) ?? ''
      await page.goto(`${server.issuer}/dashboard/clients/${clientId}/access`)
      await tabTo(page, '#add')
      await page.keyboard.type('gk_marks_read')
      await page.keyboard.press('Enter')
      await page.waitForSelector('[data-wish=gk_marks_read]')
      expect(await faultsOf(page)).toEqual([])
      await page.goto(`${server.issuer}/dashboard/requests?owner=org%3Antu`)
      expect(await faultsOf(page)).toEqual([])
      await tabTo(page, '#own button[value=grant]')
      await page.keyboard.press('Enter')
      await page.waitForSelector('#status:focus')
      expect(await page.locator('#status').textContent()).toBe('Approved, from now on.')
      await tabTo(page, '#waiting input[name=reason]')
      await page.keyboard.type('Not about our students')
      await tabTo(page, '#waiting button[value=refuse]')
      await page.keyboard.press('Enter')
      await page.waitForSelector('#decided')
      expect(await page.locator('#decided').textContent()).toContain('Not about our students')
    }))

  test('adding an address needs no script and loses nothing; leaving typed changes is asked about with it', () =>
    as({ javaScriptEnabled: false }, async ({ page }) => {
      await atDesk(page, '/dashboard/clients/planner/addresses')
      await page.fill('#redirect-0', 'https://typed.example.org/half')
      await page.click('#redirect-form button[value=add]')
      expect(await page.inputValue('#redirect-0')).toBe('https://typed.example.org/half')
      expect(await page.locator(':focus').getAttribute('id')).toBe('redirect-2')
      await page.click('#redirect-form button[value=remove-0]')
      expect(await page.inputValue('#redirect-0')).toBe('http://127.0.0.1/callback')
    }))

  test('what others ask shows by itself, but not under the hands of whoever types, and not for ever', () =>
    as({}, async ({ page }) => {
      await page.clock.install()
      const asked = async (name: string): Promise<void> => {
        const kai = await deskOf(server, 'kai')
        const { clientId } = await register(kai, { name })
        await kai.submit(await kai.open(`/dashboard/clients/${clientId}/access`), 'add', { add: 'gk_marks', act: 'ask' })
      }
      const again = () => Promise.all([page.waitForResponse(/\/dashboard\/requests/), page.clock.runFor(5000)])
      await atDesk(page, '/dashboard/requests?owner=org%3Antu')
      const before = await page.locator('[data-request]').count()
      await asked('Earlier')
      await again()
      await page.locator('[data-request]').nth(before).waitFor()
      expect(await page.locator('[data-request]').count()).toBe(before + 1)
      expect(await faultsOf(page)).toEqual([])
      await page.locator('#own input[name=reason]').last().fill('Because')
      await asked('Later')
      await again()
      await again()
      expect([await page.locator('[data-request]').count(), await page.locator('#own input[name=reason]').last().inputValue()]).toEqual([before + 1, 'Because'])
      await page.locator('#own input[name=reason]').last().fill('')
      await page.focus('#refresh')
      await again()
      await page.locator('[data-request]').nth(before + 1).waitFor()
      expect(await page.locator('[data-request]').count()).toBe(before + 2)
      await page.clock.fastForward(900_001)
      let late = 0
      page.on('request', () => { late += 1 })
      await page.clock.runFor(30_000)
      expect(late).toBe(0)
    }))

  test('without script the same lists are asked for anew by a link', () =>
    as({ javaScriptEnabled: false }, async ({ page }) => {
      await atDesk(page, '/dashboard/requests?owner=org%3Antu')
      await page.click('#refresh')
      expect(await page.locator('html').getAttribute('data-view')).toBe('dashboard-requests')
    }))
})

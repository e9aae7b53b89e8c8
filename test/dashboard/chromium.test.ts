import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, test } from 'vitest'
import { chromiumPath } from '../support/chromium.ts'
import { faultsOf } from '../support/chromium-page.ts'
import { authorizationUrl, newPkce } from '../support/relying-party.ts'
import { as, server, setTheStage, signIn } from '../journeys/chromium-stage.ts'
import { giveRole } from './developer.ts'

// The dashboard in a real browser: from an empty list to an application that fails and says why; an API's owner who approves, an
// organization's admin who refuses. With and without script, on a narrow screen, by the keyboard.

setTheStage()

beforeAll(async () => {
  if (chromiumPath() === undefined) return
  await giveRole(server, 'ada', 'ntu', 'admin')
  await server.apply(`kind: api
api_id: marks
name: { en: Marks }
organization: ntu
approval: owner
scopes:
  read: { title: { en: See your marks }, description: { en: Reads them. }, approval: organization }
---
kind: client
client_id: asking
client_name: Asking Application
redirect_uris: [https://asking.example.org/cb]
scope: openid
`)
})

async function atDesk(page: Page, path = '/dashboard'): Promise<void> {
  await page.goto(server.issuer + path)
  await page.click('[data-provider=ntu]')
  await signIn(page)
  await page.waitForSelector('.desk')
}

/** A fault of the page, where the browser can be asked: axe is a script. */
async function faults(page: Page, javaScriptEnabled: boolean): Promise<readonly string[]> {
  return javaScriptEnabled ? faultsOf(page) : []
}

async function tabTo(page: Page, selector: string): Promise<void> {
  for (let i = 0; i < 80; i++) {
    if ((await page.evaluate(`document.activeElement.matches(${JSON.stringify(selector)})`)) === true) return
    await page.keyboard.press('Tab')
  }
  throw new Error(`the keyboard does not reach ${selector} on ${page.url()}`)
}

describe.skipIf(chromiumPath() === undefined)('the dashboard in Chromium', () => {
  test.each([true, false])('a new developer registers an application, has its code, breaks it and reads why; script: %s', (javaScriptEnabled) =>
    as({ javaScriptEnabled, viewport: { width: 320, height: 640 } }, async ({ page }) => {
      await atDesk(page, '/dashboard?owner=me')
      await page.click('#register')
      await page.fill('#name', `Mine ${javaScriptEnabled}`)
      await page.fill('#address', 'mine.example.org/cb')
      await page.click('#register-submit')
      expect(await page.locator('#address-err').textContent()).toContain('Type instead: https://mine.example.org/cb')
      expect(await faults(page, javaScriptEnabled)).toEqual([])
      await page.fill('#address', 'https://mine.example.org/cb')
      await page.click('#register-submit')
      await page.waitForSelector('#credentials')
      expect(await faults(page, javaScriptEnabled)).toEqual([])
      const clientId = (await page.locator('#client-id').textContent()) ?? ''
      if (javaScriptEnabled) {
        expect(await page.locator('#secret').textContent()).toBe('hidden')
        await page.click('[data-reveal=secret]')
      }
      expect(await page.locator('#secret').textContent()).toMatch(/^ptr_cs_/)
      const download = page.waitForEvent('download')
      await page.click('#env-form button')
      expect((await download).suggestedFilename()).toMatch(/env$/)
      await page.click('#snippets')
      expect(await page.locator('#code').textContent()).toContain(clientId)
      expect(await faults(page, javaScriptEnabled)).toEqual([])
      await page.goto(authorizationUrl(server.issuer, newPkce(), { client_id: clientId, redirect_uri: 'https://mine.example.org/cb/' }))
      expect(await page.locator('html').getAttribute('data-page')).toBe('error')
      await page.goto(`${server.issuer}/dashboard/clients/${clientId}/log`)
      for (let i = 0; i < 20 && (await page.locator('[data-trace] a').count()) === 0; i++) await page.click('#refresh')
      expect(await faults(page, javaScriptEnabled)).toEqual([])
      await page.click('[data-trace] a')
      expect(await page.locator('html').getAttribute('data-view')).toBe('dashboard-diagnosis')
      expect(await page.locator('main').textContent()).toContain('https://mine.example.org/cb/')
    }))

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
})

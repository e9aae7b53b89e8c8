import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, test } from 'vitest'
import { chromiumPath } from '../support/chromium.ts'
import { faultsOf, faultsOfStill } from '../support/chromium-page.ts'
import { as, server, setTheStage, signIn } from '../journeys/chromium-stage.ts'
import { giveRole, marks } from './developer.ts'

// The first hour of a developer, in a real browser: an application is registered and tried, is broken, says why, is mended with one click and
// works again. Then it asks two APIs for more: an API's owner agrees, an organization's administrator does not and says why.

setTheStage()

beforeAll(async () => {
  if (chromiumPath() === undefined) return
  // Kai, who comes to the dashboard for the first time, works for nobody.
  await giveRole(server, 'ada', 'ntu', 'admin')
  await giveRole(server, 'lin', 'lunmal', 'admin')
  await server.apply(marks)
})

type Faults = (page: Page) => Promise<readonly string[]>

interface Look {
  readonly javaScriptEnabled: boolean
  readonly viewport: { readonly width: number; readonly height: number }
  readonly colorScheme: 'light' | 'dark'
}

const looks: readonly Look[] = [
  { javaScriptEnabled: true, viewport: { width: 1024, height: 768 }, colorScheme: 'light' },
  { javaScriptEnabled: false, viewport: { width: 320, height: 640 }, colorScheme: 'dark' },
]

async function atDesk(page: Page, username: string, path: string): Promise<void> {
  await page.goto(server.issuer + path)
  await page.click(`[data-provider=${username === 'kai' ? 'lunmal' : 'ntu'}]`)
  await signIn(page, username)
  await page.waitForSelector('.desk')
}

async function textOf(page: Page, selector: string): Promise<string> {
  return (await page.locator(selector).first().textContent()) ?? ''
}

/** From the page with the start to the person's claims; `secret` as the page of the registration told it. */
async function tryItNow(page: Page, secret: string, faults: Faults): Promise<void> {
  await page.click('#start')
  await page.click('[data-account]')
  await page.waitForSelector('#trade, #consent-allow')
  if ((await page.locator('#consent-allow').count()) > 0) {
    expect(await faults(page)).toEqual([])
    await page.click('#consent-allow')
  }
  await page.waitForSelector('#trade')
  expect(await faults(page)).toEqual([])
  await page.fill('#secret', secret)
  await page.click('#trade')
  await page.waitForSelector('[data-exchange=userinfo]')
  await page.waitForLoadState()
  expect(await page.locator('[data-exchange]').evaluateAll((all) => all.map((one) => one.getAttribute('data-status')))).toEqual(['200', '200'])
  expect(await page.locator('[data-good=false]').count()).toBe(0)
  expect(await faults(page)).toEqual([])
}

/** Asks an API for a scope, on the application's page. */
async function askFor(page: Page, clientId: string, scope: string): Promise<void> {
  await page.goto(`${server.issuer}/dashboard/clients/${clientId}/access`)
  await page.fill('#add', scope)
  await page.click('#ask-form button')
  await page.waitForSelector(`[data-wish=${scope}]`)
}

describe.skipIf(chromiumPath() === undefined)('the first application', () => {
  test.each(looks)('works, breaks, says why, is mended with one click, and asks for more; script: $javaScriptEnabled', (look) =>
    as(look, async ({ page, context }) => {
      const faults = look.javaScriptEnabled ? faultsOf : faultsOfStill
      const name = `First of ${look.viewport.width}`
      await atDesk(page, 'kai', '/dashboard')
      expect(await faults(page)).toEqual([])
      await page.click('#register')
      await page.fill('#name', name)
      await page.fill('#address', 'mine.example.org/cb')
      await page.click('#register-submit')
      expect(await textOf(page, '#address-err')).toContain('Type instead: https://mine.example.org/cb')
      await page.fill('#address', 'https://mine.example.org/cb')
      expect(await faults(page)).toEqual([])
      await page.click('#register-submit')
      await page.waitForSelector('#credentials')
      expect(await faults(page)).toEqual([])
      const clientId = await textOf(page, '#client-id')
      if (look.javaScriptEnabled) {
        expect(await textOf(page, '#secret')).toBe('hidden')
        await page.click('[data-reveal=secret]')
      }
      const secret = await textOf(page, '#secret')
      expect(secret).toMatch(/^ptr_cs_/)
      const download = page.waitForEvent('download')
      await page.click('#env-form button')
      expect((await download).suggestedFilename()).toMatch(/env$/)

      await page.click('#try')
      expect(await faults(page)).toEqual([])
      await page.click('#add')
      await page.waitForSelector('#start')
      await tryItNow(page, secret, faults)

      // In a second tab the address of the answers is taken away.
      const other = await context.newPage()
      await other.goto(`${server.issuer}/dashboard/clients/${clientId}/addresses`)
      expect(await faults(other)).toEqual([])
      expect(await other.inputValue('#redirect-1')).toBe(`${server.issuer}/dashboard/try`)
      await other.click('#redirect-form button[value=remove-1]')
      await other.click('#redirect-form .buttons button[value=save]')
      await other.waitForSelector('#client-facts')
      await other.close()

      await page.click('#start')
      await page.waitForSelector('[data-page=error]')
      expect(await faults(page)).toEqual([])
      await page.locator('details:has(#diagnosis) > summary').click()
      await page.click('#diagnosis')
      await page.waitForSelector('[data-cause="redirect_uri.mismatch"]')
      expect(await textOf(page, '#compared')).toContain(`${server.issuer}/dashboard/try`)
      expect(await faults(page)).toEqual([])
      await page.click('#add-redirect-uri button')
      await page.waitForURL(/done=added/)
      expect(await page.locator('#status').textContent()).not.toBe('')
      await page.click('#try')
      await tryItNow(page, secret, () => Promise.resolve([]))

      await askFor(page, clientId, 'gk_marks_read')
      expect(await faults(page)).toEqual([])
      await as(look, async ({ page: owners }) => {
        await atDesk(owners, 'ada', '/dashboard/requests?owner=org%3Antu')
        expect(await textOf(owners, '#own')).toContain(name)
        expect(await faults(owners)).toEqual([])
        await owners.click(`[data-request^="${clientId}/gk_marks/"] button[value=grant]`)
        await owners.waitForSelector('#status:focus')
      })
      await as(look, async ({ page: admins }) => {
        await atDesk(admins, 'lin', '/dashboard/requests?owner=org%3Alunmal')
        const request = `[data-request^="${clientId}/gk_marks_read/"]`
        await admins.click(`${request} button[value=refuse]`)
        expect(await admins.locator('html').getAttribute('data-view')).toBe('dashboard-requests')
        expect(await textOf(admins, '#status')).not.toBe('')
        await admins.fill(`${request} input[name=reason]`, 'The marks of our students stay here')
        await admins.click(`${request} button[value=refuse]`)
        await admins.waitForSelector('#decided')
        expect(await faults(admins)).toEqual([])
      })
      await page.reload()
      expect(await page.locator('[data-wish=gk_marks]').getAttribute('data-state')).toBe('granted')
      expect(await textOf(page, '[data-wish=gk_marks_read]')).toContain('The marks of our students stay here')
      expect(await faults(page)).toEqual([])
    }), 240_000)
})

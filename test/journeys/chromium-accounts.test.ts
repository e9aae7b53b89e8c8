import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { chromiumPath } from '../support/chromium.ts'
import { shown } from '../support/chromium-page.ts'
import { as, atClient, begin, server, setTheStage, signIn, site, toConsent } from './chromium-stage.ts'

// The account chooser in a real browser, and a sign-in that does not die whatever the person does with it.

setTheStage()

/** Somebody signs in beside whoever is there already. */
async function signInToo(page: Page, username: string, provider: string): Promise<void> {
  await begin(page, { prompt: 'select_account' })
  if ((await shown(page)) === 'chooser') await page.click('#chooser-other')
  await page.click(`[data-provider=${provider}]`)
  await signIn(page, username)
  await page.waitForSelector('#consent-allow')
  await page.click('#consent-allow')
  await atClient(page)
}

describe.skipIf(chromiumPath() === undefined)('the accounts of one browser', () => {
  test('are named in full, the hinted one has the focus; one is signed out in the account pages and the other stays', () =>
    as({}, async ({ page }) => {
      await signInToo(page, 'kai', 'lunmal')
      await signInToo(page, 'ada', 'ntu')
      await begin(page, { prompt: 'select_account', login_hint: 'kai' })
      expect(await page.locator(':focus').textContent()).toContain('Kai Example')
      const names = await page.locator('button[data-account]').evaluateAll((rows) => rows.map((row) => row.textContent?.replaceAll(/\s+/g, ' ').trim()))
      expect(names).toEqual(['KE Kai Example kai Lunmal University College Signed in', 'AE Ada Example ada@ntu.example Norges testuniversitet Signed in'])
      expect(await page.getByRole('button', { name: 'Ada Example ada@ntu.example Norges testuniversitet Signed in' }).count()).toBe(1)

      await page.goto(`${server.issuer}/account/sessions`)
      await page.getByRole('button', { name: 'Ada Example' }).click()
      await page.getByRole('link', { name: 'Sign out here' }).click()
      await page.click('#end-confirm')
      expect(await shown(page)).toBe('logged-out')
      await begin(page, { prompt: 'select_account' })
      expect(await page.locator('button[data-account]').evaluateAll((rows) => rows.map((row) => row.textContent?.includes('Sign in again')))).toEqual([expect.any(Boolean), expect.any(Boolean)])
      expect(await page.getByRole('button', { name: 'Kai Example kai Lunmal University College Signed in' }).count()).toBe(1)
      expect(await page.getByRole('button', { name: 'Ada Example ada@ntu.example Norges testuniversitet Sign in again' }).count()).toBe(1)
      await page.getByRole('button', { name: 'Kai Example' }).click()
      await atClient(page)
    }))

  test('are removed from the device one by one, with the focus on what was done; after the last comes discovery', () =>
    as({}, async ({ page }) => {
      await signInToo(page, 'kai', 'lunmal')
      await signInToo(page, 'ada', 'ntu')
      await begin(page)
      await page.getByRole('link', { name: 'Remove accounts from this device' }).click()
      expect(await page.textContent('main')).toMatch(/only removes an account from this device/i)
      await page.getByRole('button', { name: /Remove.*Ada Example/ }).click()
      await page.waitForSelector('#removed:focus')
      await page.getByRole('button', { name: /Remove.*Kai Example/ }).click()
      await page.waitForSelector('#providers')
      expect(await shown(page)).toBe('discovery')
    }))

  test('are not kept on a shared computer', () =>
    as({}, async ({ page }) => {
      await begin(page)
      await page.click('[data-provider=ntu]')
      await page.check('#shared-computer')
      await signIn(page)
      await page.waitForSelector('#consent-allow')
      await page.click('#consent-allow')
      await atClient(page)
      await begin(page)
      expect(await shown(page)).toBe('discovery')
      expect(await page.textContent('body')).not.toContain('Ada')
      await page.goto(`${server.issuer}/account`)
      expect(await shown(page)).toBe('discovery')
    }))
})

describe.skipIf(chromiumPath() === undefined)('a sign-in that does not die', () => {
  test.each([true, false])('two hours, the cookies gone, back and forth: the client gets its own state; script: %s', (javaScriptEnabled) =>
    as({ javaScriptEnabled }, async ({ page, context }) => {
      await begin(page, { state: 'kept-all-the-way' })
      await page.click('[data-provider=ntu]')
      await server.advance(2 * 3600)
      await context.clearCookies()
      await signIn(page)
      // One extra step: the browser is a new one for the server.
      await page.waitForSelector('#providers')
      await page.click('[data-provider=ntu]')
      await signIn(page)
      await page.waitForSelector('#consent-allow')
      await server.advance(2 * 3600)
      await page.goBack()
      expect(await shown(page)).not.toBe('error')
      await page.goForward()
      await page.waitForSelector('#consent-allow')
      await page.click('#consent-allow')
      await atClient(page)
      expect(site.lastAnswer().get('state')).toBe('kept-all-the-way')
      expect(site.lastAnswer().has('code')).toBe(true)
    }))

  test('goes on to the consent page that was open when the cookies were cleared', () =>
    as({}, async ({ page, context }) => {
      await toConsent(page, { state: 'kept' })
      await context.clearCookies()
      await page.click('#consent-allow')
      await page.waitForSelector('#providers')
      await page.click('[data-provider=ntu]')
      await signIn(page)
      await page.waitForSelector('#consent-allow')
      await page.click('#consent-allow')
      await atClient(page)
      expect(site.lastAnswer().get('state')).toBe('kept')
    }))
})

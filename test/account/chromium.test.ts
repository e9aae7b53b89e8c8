import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { chromiumPath } from '../support/chromium.ts'
import { faultsOf } from '../support/chromium-page.ts'
import { as, atClient, server, setTheStage, signIn, toConsent } from '../journeys/chromium-stage.ts'

// The account pages in a real browser: with and without script, by the keyboard, small and dark.

setTheStage()

async function view(page: Page): Promise<string | null> {
  return page.locator('html').getAttribute('data-view')
}

/** Somebody who has let the planner have something and is in their account. */
async function inTheAccount(page: Page, path = '/account'): Promise<void> {
  await toConsent(page)
  await page.click('#consent-allow')
  await atClient(page)
  await page.goto(server.issuer + path)
}

/** A fault of the page, where the browser can be asked: axe is a script. */
async function faults(page: Page, javaScriptEnabled: boolean): Promise<readonly string[]> {
  return javaScriptEnabled ? faultsOf(page) : []
}

async function tabTo(page: Page, selector: string): Promise<void> {
  for (let i = 0; i < 60; i++) {
    if ((await page.evaluate(`document.activeElement.matches(${JSON.stringify(selector)})`)) === true) return
    await page.keyboard.press('Tab')
  }
  throw new Error(`the keyboard does not reach ${selector} on ${page.url()}`)
}

describe.skipIf(chromiumPath() === undefined)('the account in Chromium', () => {
  test.each([true, false])('from the front door to an application that is removed; script: %s', (javaScriptEnabled) =>
    as({ javaScriptEnabled, viewport: { width: 320, height: 640 } }, async ({ page }) => {
      await inTheAccount(page, '/')
      await page.click('#to-account')
      expect([await view(page), await faults(page, javaScriptEnabled)]).toEqual(['account-overview', []])
      await page.getByRole('link', { name: 'Applications' }).click()
      await page.getByRole('link', { name: 'Remove Course Planner' }).click()
      expect([await view(page), await faults(page, javaScriptEnabled)]).toEqual(['account-application-remove', []])
      await page.click('#remove-confirm')
      expect(await page.locator(':focus').getAttribute('id')).toBe('status')
      expect(await page.locator(':focus').textContent()).toContain('has been removed')
      expect(await faults(page, javaScriptEnabled)).toEqual([])
      // Reload and back ask no question about sending a form again.
      await page.reload()
      await page.goBack()
      expect(await view(page)).toBe('account-applications')
    }))

  test('the keyboard alone is enough to end a sign-in, with the step that asks who it is', () =>
    as({}, async ({ page, context }) => {
      const other = await context.browser()?.newContext({ locale: 'en-GB' })
      const elsewhere = await other?.newPage()
      if (elsewhere === undefined) throw new Error('no second browser')
      await inTheAccount(elsewhere)
      await server.advance(700)
      await page.goto(`${server.issuer}/account/sessions`)
      await page.click('[data-provider=ntu]')
      await signIn(page)
      await page.waitForSelector('#end-others')
      await server.advance(700)
      await tabTo(page, '#end-others')
      await page.keyboard.press('Enter')
      await page.waitForSelector('#sign-in-again')
      expect([await view(page), await faultsOf(page)]).toEqual(['account-again', []])
      await tabTo(page, '#sign-in-again')
      await page.keyboard.press('Enter')
      await page.waitForSelector('#password')
      await signIn(page)
      await page.waitForSelector('#end-confirm')
      await tabTo(page, '#offline')
      await page.keyboard.press('Space')
      await tabTo(page, '#end-confirm')
      await page.keyboard.press('Enter')
      await page.waitForSelector('#status:focus')
      await page.waitForLoadState()
      expect(await page.locator('[data-session]').count()).toBe(1)
      await elsewhere.goto(`${server.issuer}/account`)
      expect(await elsewhere.locator('html').getAttribute('data-page')).toBe('chooser')
      await other?.close()
    }))

  test('nothing personal is kept in the browser, and the file is a file', () =>
    as({}, async ({ page, context }) => {
      await inTheAccount(page, '/account/history')
      const download = page.waitForEvent('download')
      await page.click('#data-file')
      expect((await download).suggestedFilename()).toBe('my-data.json')
      expect(await page.evaluate('JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])')).toMatch(/^\[\{\},\{\},"(?:portner_login_state=[\w-]{22})?"\]$/)
      for (const { name, value } of await context.cookies(server.issuer)) if (name !== 'portner_login_state') expect(value).toMatch(/^ptr_(bs|dv)_[\w-]+$/)
    }))

  test('a group is made, somebody is let in, gets another role, and the group is deleted: by the keyboard alone', () =>
    as({ viewport: { width: 320, height: 640 } }, async ({ page }) => {
      const go = async (selector: string, leadsTo: string): Promise<void> => {
        await tabTo(page, selector)
        await page.keyboard.press('Enter')
        await page.waitForSelector(leadsTo)
      }
      await inTheAccount(page, '/account/groups')
      expect([await view(page), await faultsOf(page)]).toEqual(['account-groups', []])
      await tabTo(page, '#name')
      await page.keyboard.press('Enter')
      await page.waitForSelector('#name[aria-invalid=true]:focus')
      await page.keyboard.type('Reading circle')
      await page.keyboard.press('Enter')
      await page.waitForSelector('#members')
      await tabTo(page, '#invite-role')
      await page.keyboard.press('ArrowDown')
      await go('#invite-submit', '#link-note:focus')
      expect(await faultsOf(page)).toEqual([])
      const [group, link] = [page.url(), (await page.locator('#link').textContent()) ?? '']
      await as({}, async ({ page: kais }) => {
        await kais.goto(link)
        await kais.click('[data-provider=lunmal]')
        await signIn(kais, 'kai')
        await kais.waitForSelector('#join-confirm')
        expect(await faultsOf(kais)).toEqual([])
        await tabTo(kais, '#join-confirm')
        await kais.keyboard.press('Enter')
        await kais.waitForSelector('#members')
      })
      await page.goto(group.split('?')[0] ?? group)
      await tabTo(page, '.role-form select')
      await page.keyboard.press('ArrowDown')
      await go('.role-form button', '#status:focus')
      await go('[data-member] a.button', '#group-confirm')
      expect(await faultsOf(page)).toEqual([])
      await go('#group-cancel', '#members')
      await go('#delete', '#group-confirm')
      await go('#group-confirm', '#status:focus')
      expect(await page.locator('#groups [data-kind]', { hasText: 'Reading circle' }).count()).toBe(0)
    }))
})

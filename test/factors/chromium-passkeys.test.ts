import type { CDPSession, Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { chromiumPath } from '../support/chromium.ts'
import { faultsOf, shown } from '../support/chromium-page.ts'
import { as, atClient, begin, server, setTheStage, signIn, site } from '../journeys/chromium-stage.ts'
import { PASSWORDS } from '../journeys/person.ts'

// Passkeys at a real browser, with Chromium's own virtual authenticators.

setTheStage()

interface Device {
  readonly cdp: CDPSession
  readonly id: string
}

interface DeviceOptions {
  readonly verifies?: boolean
  readonly transport?: 'internal' | 'usb'
}

/** Counts in the page what it asks the browser for. What is asked before the device has somebody's touch waits for ever; what is asked after it is answered at once. */
const COUNT = `(() => {
  const get = navigator.credentials.get.bind(navigator.credentials)
  window.asked = 0
  navigator.credentials.get = (options) => {
    window.asked++
    return get(options)
  }
})()`

async function untilAsked(page: Page, times: number): Promise<void> {
  await expect.poll(() => page.evaluate<number>('window.asked'), { timeout: 10_000 }).toBe(times)
}

async function plugIn(page: Page, { verifies = true, transport = 'internal' }: DeviceOptions = {}): Promise<Device> {
  const cdp = await page.context().newCDPSession(page)
  await page.addInitScript(COUNT)
  await cdp.send('WebAuthn.enable', { enableUI: false })
  const { authenticatorId: id } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: { protocol: 'ctap2', transport, hasResidentKey: true, hasUserVerification: true, isUserVerified: verifies, automaticPresenceSimulation: true },
  })
  return { cdp, id }
}

async function signInWithPassword(page: Page, username = 'ada'): Promise<void> {
  await page.click('[data-provider=ntu]')
  await signIn(page, username)
}

/** Adds a passkey on the account page, from wherever the person is. */
async function addPasskey(page: Page, name: string, username = 'ada'): Promise<void> {
  await page.goto(`${server.issuer}/account/two-step`)
  if ((await shown(page)) === 'discovery') await signInWithPassword(page, username)
  await page.click('#passkey-add')
  await page.fill('#name', name)
  await page.click('#passkey-button')
  await page.waitForSelector('#codes-saved, #passkeys')
  if (await page.locator('#codes-saved').isVisible()) await page.click('#codes-saved')
  await page.waitForSelector(`#passkeys :text("${name}")`)
}

async function forgetMe(page: Page): Promise<void> {
  await page.context().clearCookies()
}

async function removeAll(page: Page): Promise<void> {
  await page.goto(`${server.issuer}/account/two-step`)
  while ((await page.locator('#passkeys a').count()) > 0) {
    await page.locator('#passkeys a').first().click()
    await page.click('#passkey-remove')
    await page.waitForSelector('#passkeys')
  }
}

describe.skipIf(chromiumPath() === undefined)('a passkey in Chromium', () => {
  test('is added, signs in from the user name field without typing, and says how', async () => {
    await as({}, async ({ page }) => {
      await plugIn(page)
      await addPasskey(page, 'My laptop')
      await forgetMe(page)
      await begin(page)
      // The suggestion is picked by the virtual authenticator itself, as soon as the page asks quietly (K-01, K-02).
      await page.click('[data-provider=ntu]')
      await page.waitForSelector('#consent-allow')
      await page.click('#consent-allow')
      await atClient(page)
      expect(site.lastAnswer().get('code')).toMatch(/^ptr_ac_/)
      await removeAll(page)
    })
  })

  test('is asked for anew before its challenge is over, on a page that stays open', async () => {
    await as({}, async ({ page }) => {
      const { cdp, id } = await plugIn(page)
      await addPasskey(page, 'My laptop')
      await forgetMe(page)
      await cdp.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId: id, enabled: false })
      await page.clock.install()
      const asked: string[] = []
      page.on('request', (request) => request.url().includes('passkey-options') && asked.push(request.url()))
      await begin(page)
      await page.click('[data-provider=ntu]')
      await expect.poll(() => asked.length).toBe(1)
      const address = page.url()
      await page.clock.fastForward(200_000)
      expect(asked.length).toBe(1)
      // The page's own clock starts with the answer; a challenge lives for 300 seconds.
      const renewed = async (): Promise<number> => {
        if (asked.length === 1) await page.clock.fastForward(20_000)
        return asked.length
      }
      await expect.poll(renewed, { timeout: 10_000 }).toBe(2)
      await untilAsked(page, 2)
      expect([page.url(), await page.textContent('#passkey-status')]).toEqual([address, ''])
      await cdp.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId: id, enabled: true })
      await page.click('#passkey-button')
      await page.waitForSelector('#consent-allow')
      await removeAll(page)
    })
  })

  test('signs in by its button, and is gone when it was removed', async () => {
    await as({}, async ({ page }) => {
      const { cdp, id } = await plugIn(page)
      await addPasskey(page, 'My laptop')
      await forgetMe(page)
      await cdp.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId: id, enabled: false })
      await begin(page)
      await page.click('[data-provider=ntu]')
      await page.waitForSelector('#passkey-button:visible')
      await untilAsked(page, 1)
      await cdp.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId: id, enabled: true })
      await page.click('#passkey-button')
      await page.waitForSelector('#consent-allow')
      await removeAll(page)
      await forgetMe(page)
      await cdp.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId: id, enabled: false })
      await begin(page)
      await page.click('[data-provider=ntu]')
      await cdp.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId: id, enabled: true })
      await page.click('#passkey-button')
      await page.waitForSelector('#passkey-error')
      expect(await page.textContent('#passkey-error')).toContain('did not work here')
      // The device still has it, and would offer it to the quiet request while one types.
      await cdp.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId: id, enabled: false })
      await signIn(page)
      await page.click('#offer-later')
      await page.waitForSelector('#consent-allow')
    })
  })

  test('two of them are two rows, and either of them signs in', async () => {
    await as({}, async ({ page }) => {
      const first = await plugIn(page)
      await addPasskey(page, 'The first')
      await first.cdp.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId: first.id, enabled: false })
      const second = await plugIn(page, { transport: 'usb' })
      await addPasskey(page, 'The second')
      expect(await page.locator('#passkeys li').count()).toBe(2)
      expect(await faultsOf(page)).toEqual([])
      await forgetMe(page)
      await first.cdp.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId: first.id })
      await begin(page)
      await page.click('[data-provider=ntu]')
      if (await page.locator('#passkey-button').isVisible().catch(() => false)) await page.click('#passkey-button').catch(() => {})
      await page.waitForSelector('#consent-allow')
      expect((await second.cdp.send('WebAuthn.getCredentials', { authenticatorId: second.id })).credentials).toHaveLength(1)
      await removeAll(page)
    })
  })

  test('a device that does not verify its owner signs nobody in alone, and is good after the password', async () => {
    await as({}, async ({ page }) => {
      const { cdp, id } = await plugIn(page)
      await addPasskey(page, 'My key')
      await forgetMe(page)
      await cdp.send('WebAuthn.setUserVerified', { authenticatorId: id, isUserVerified: false })
      await begin(page)
      await page.click('[data-provider=ntu]')
      await page.click('#passkey-button')
      await page.waitForSelector('#passkey-status:not(:empty)')
      // Nothing but a quiet sentence: the same page, the same ways on (K-04, K-05).
      expect([await shown(page), await page.locator('[role=alert]').count()]).toEqual(['login', 0])
      expect(await faultsOf(page)).toEqual([])
      expect(server.logged()).toContain('"event":"passkey.none","name":"NotAllowedError"')
      await cdp.send('WebAuthn.setUserVerified', { authenticatorId: id, isUserVerified: true })
      await page.fill('#username', 'ada')
      await page.fill('#password', PASSWORDS['ada'] ?? '')
      await page.click('#login-submit')
      await page.waitForSelector('html[data-page=factor]')
      expect(await faultsOf(page)).toEqual([])
      await page.click('#passkey-button')
      await page.waitForSelector('#consent-allow')
      await removeAll(page)
    })
  })

  test('without script there is no button for it, and the form says so', async () => {
    await as({ javaScriptEnabled: false }, async ({ page }) => {
      await begin(page)
      await page.click('[data-provider=ntu]')
      expect(await page.locator('#passkey-button').isVisible()).toBe(false)
      expect(await page.locator('[name=webauthn]').getAttribute('value')).toBe('unavailable')
      await signIn(page)
      await page.waitForSelector('#consent-allow')
    })
  })

  test('is offered once in ninety days after a password, on a device that can make one, in nobody\'s way', async () => {
    await as({}, async ({ page }) => {
      await plugIn(page)
      const toPassword = async (): Promise<void> => {
        await forgetMe(page)
        await begin(page)
        await page.click('[data-provider=ntu]')
        await expect.poll(() => page.inputValue('[name=webauthn]')).toBe('platform')
        await signIn(page, 'lin')
      }
      await toPassword()
      await page.waitForSelector('html[data-page=passkey-offer]')
      expect(await faultsOf(page)).toEqual([])
      const [make, later] = await Promise.all(['#passkey-button', '#offer-later'].map((id) => page.locator(id).boundingBox()))
      expect([make?.width, make?.height]).toEqual([later?.width, later?.height])
      await page.click('#offer-later')
      await page.waitForSelector('#consent-allow')
      await toPassword()
      await page.waitForSelector('#consent-allow')
      await server.advance(91 * 86_400)
      await toPassword()
      await page.click('#passkey-button')
      await page.click('#codes-saved')
      await page.waitForSelector('#consent-allow')
    })
  }, 60_000)
})

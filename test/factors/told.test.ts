import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { totpCode, TOTP_STEP_SECONDS } from '../../src/lib/totp.ts'
import { openAccount } from '../support/account.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { type Browser, forms, newBrowser, type Page } from '../support/browser.ts'
import { type Mailbox, mailEnv, startMailbox } from '../support/mailbox.ts'
import { startAfresh } from '../journeys/person.ts'

// Whoever has got into an account gives it a proof of their own, or takes the owner's away. The owner reads of it somewhere else.

const PATH = '/account/two-step'
let server: TestServer
let mailbox: Mailbox
beforeAll(async () => {
  mailbox = await startMailbox()
  server = await startTestServer({ env: mailEnv(mailbox) })
})
afterAll(async () => {
  await server.close()
  await mailbox.close()
})
beforeEach(async () => {
  await startAfresh(server)
  mailbox.received.length = 0
})

async function told(): Promise<string> {
  const { subject } = await mailbox.next('ada@ntu.example')
  mailbox.received.length = 0
  return subject
}

async function openTwoStep(): Promise<{ readonly browser: Browser; readonly page: Page }> {
  const browser = newBrowser(server.issuer)
  return { browser, page: await openAccount(browser, PATH) }
}

function base32Bytes(text: string): Buffer {
  const bits = Array.from(text.replaceAll(/[^A-Z2-7]/g, ''), (letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0')).join('')
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)))
}

describe('the owner of an account is told by mail', () => {
  test('when an authenticator app is added, and when it is taken away', async () => {
    const { browser } = await openTwoStep()
    const page = await browser.open(`${PATH}/app`)
    const secret = base32Bytes(/id="totp-key"[^>]*>([^<]+)</.exec(page.html)?.[1] ?? '')
    const done = await browser.submit(page, 'code', { code: totpCode(secret, Math.floor(server.ctx.clock.now() / 1000 / TOTP_STEP_SECONDS)) })
    expect(done.html).toContain('codes-saved')
    expect(await told()).toBe('A proof for your sign-in was added')
    const list = await browser.open(PATH)
    const remove = forms(list).find(({ action }) => action.endsWith('/app/remove'))
    const removed = await browser.open(`${PATH}/app/remove`, { method: 'POST', body: new URLSearchParams({ csrf: remove?.fields['csrf'] ?? '' }) })
    expect(removed.url).toContain('done=totp-removed')
    expect(await told()).toBe('A proof for your sign-in was removed')
  })

  test('when codes by mail are added', async () => {
    const { browser, page } = await openTwoStep()
    expect((await browser.submit(page, 'on', {})).url).toContain('done=email-added')
    expect(await told()).toBe('A proof for your sign-in was added')
  })
})

import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { totpCode, TOTP_STEP_SECONDS } from '../../src/lib/totp.ts'
import { openAccount } from '../support/account.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { type Browser, forms, newBrowser, type Page, pageName } from '../support/browser.ts'
import { type Mailbox, mailEnv, startMailbox } from '../support/mailbox.ts'
import { SECRET } from '../support/world.ts'
import { startAfresh } from '../journeys/person.ts'
import { attest, newAuthenticator } from './authenticator.ts'
import { afterPassword } from './person.ts'

// Whoever has got into an account gives it a proof of their own, or takes the owner's away. The owner reads of it somewhere else.

const PATH = '/account/two-step'
let server: TestServer
let mailbox: Mailbox
beforeAll(async () => {
  mailbox = await startMailbox()
  server = await startTestServer({ env: mailEnv(mailbox) })
  await server.apply(`kind: client\nclient_id: strict\nclient_secret: { value: ${SECRET} }\nclient_name: Strict Client\nredirect_uris: [https://strict.example.org/callback]\nrequire_second_factor: true\nscope: openid profile\n`)
})
afterAll(async () => {
  await server.close()
  await mailbox.close()
})
beforeEach(async () => {
  await startAfresh(server)
  for (const table of ['passkeys', 'totp_secrets', 'recovery_codes', 'factor_preferences']) await sql`delete from ${sql.table(table)}`.execute(server.ctx.db)
  mailbox.received.length = 0
})

async function told(): Promise<string> {
  const { subject } = await mailbox.next('ada@ntu.example')
  mailbox.received.length = 0
  return subject
}

/** The code that an app shows which has taken the key of a page. */
function codeFor(page: Page): string {
  const secret = base32Bytes(/id="totp-key"[^>]*>([^<]+)</.exec(page.html)?.[1] ?? '')
  return totpCode(secret, Math.floor(server.ctx.clock.now() / 1000 / TOTP_STEP_SECONDS))
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
    const done = await browser.submit(page, 'code', { code: codeFor(page) })
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

  // Whoever knows a password and nothing else could make the account their own for good, without ever opening its pages.
  test('when a passkey is made on the way to an application', async () => {
    const { browser, page } = await afterPassword(server, 'ada', {}, { webauthn: 'platform' })
    expect(pageName(page)).toBe('passkey-offer')
    const options = JSON.parse((await browser.open(`${new URL(page.url).pathname}-options`)).html) as { publicKey: { challenge: string } }
    const codes = await browser.submit(page, 'credential', { credential: attest(newAuthenticator(), { challenge: options.publicKey.challenge, origin: server.issuer }) })
    expect(pageName(codes)).toBe('recovery-codes')
    expect(await told()).toBe('A proof for your sign-in was added')
  })

  test('when an authenticator app is set up because an application demands a second step', async () => {
    const { browser, page } = await afterPassword(server, 'ada', { client_id: 'strict', redirect_uri: 'https://strict.example.org/callback' })
    expect(pageName(page)).toBe('factor-setup')
    expect(pageName(await browser.submit(page, 'secret', { code: codeFor(page) }))).toBe('recovery-codes')
    expect(await told()).toBe('A proof for your sign-in was added')
  })

  test('when the recovery codes are replaced', async () => {
    const { browser, page } = await openTwoStep()
    const codes = forms(page).find(({ action }) => action.endsWith('/codes'))
    expect(pageName(await browser.open(`${PATH}/codes`, { method: 'POST', body: new URLSearchParams({ csrf: codes?.fields['csrf'] ?? forms(page)[0]?.fields['csrf'] ?? '' }) }))).toBe('recovery-codes')
    expect(await told()).toBe('A proof for your sign-in was added')
  })
})

import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { openAccount, textById, viewName } from '../support/account.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { forms, newBrowser, type Page, pageName } from '../support/browser.ts'
import { type Mailbox, mailEnv, startMailbox } from '../support/mailbox.ts'
import { browserOf, sendRaw, signIn, startAfresh } from '../journeys/person.ts'
import { expectNobody } from '../upstream/journey.ts'
import { forget, toLogin } from './way.ts'

// What people change of their own accounts: password and e-mail address.

let mailbox: Mailbox
let server: TestServer
beforeAll(async () => {
  mailbox = await startMailbox()
  server = await startTestServer({ env: mailEnv(mailbox) })
})
afterEach(async () => {
  await startAfresh(server)
  mailbox.received.length = 0
})
afterAll(async () => {
  await server.close()
  await mailbox.close()
})

const PATH = '/account/password'
const NEW = 'seven lilac teapots sing'

async function submitTo(page: Page, action: string, fields: Readonly<Record<string, string>>, browser: Awaited<ReturnType<typeof browserOf>>): Promise<Page> {
  const form = forms(page).find((one) => one.action === action)
  return browser.open(action, { method: 'POST', body: new URLSearchParams({ ...form?.fields, ...fields }), headers: { 'content-type': 'application/x-www-form-urlencoded' } })
}

describe('a password', () => {
  test('is changed, and everywhere else one is signed out and told', async () => {
    const elsewhere = await browserOf(server.issuer, 'ada')
    const browser = newBrowser(server.issuer)
    const page = await openAccount(browser, PATH)
    expect(viewName(page)).toBe('account-password')
    const done = await submitTo(page, PATH, { password: NEW }, browser)
    expect(textById(done, 'status')).toContain('Your new password is saved')
    await expectNobody(server, elsewhere)
    expect((await mailbox.next('ada@ntu.example')).subject).toBe('Your password was changed')
    const way = await toLogin(server)
    expect((await signIn(way.browser, way.page, 'ada')).status).toBe(401)
    const after = await signIn(way.browser, way.page, 'ada', { password: NEW })
    expect(after.url).toContain('code=')
  })

  test.each([['x', 'at least 8'], ['password1', 'Many people use'], ['lin-example', 'has your name']])('%s is refused, with the reason', async (password, words) => {
    const browser = newBrowser(server.issuer)
    const page = await openAccount(browser, PATH, 'lin')
    const refused = await submitTo(page, PATH, { password }, browser)
    expect([refused.status, viewName(refused)]).toEqual([400, 'account-password'])
    expect(refused.html).toContain(words)
  })

  test('is changed by a recent sign-in and our own form only', async () => {
    const browser = newBrowser(server.issuer)
    const page = await openAccount(browser, PATH, 'lin')
    expect((await sendRaw(browser, page, { csrf: 'x', password: NEW })).status).toBe(403)
    await server.advance(700)
    const asked = await submitTo(page, PATH, { password: NEW }, browser)
    await server.advance(-700)
    expect(viewName(asked)).toBe('account-again')
    const way = await toLogin(server)
    expect(pageName(await signIn(way.browser, way.page, 'lin'))).toBe('consent')
  })
})

describe('an address', () => {
  const addressOf = async () => (await sql<{ email: string; verified: boolean }>`select claims->>'email' as email, (claims->>'email_verified')::boolean as verified from users where username = 'lin'`.execute(server.ctx.db)).rows[0]

  async function ask(email: string): Promise<Page> {
    const browser = newBrowser(server.issuer)
    return submitTo(await openAccount(browser, PATH, 'lin'), '/account/email', { email }, browser)
  }

  async function mailed(email: string): Promise<string> {
    return /^http\S+$/m.exec((await mailbox.next(email)).text)?.[0] ?? ''
  }

  test('is changed once the link that was mailed there comes back, from any device; the old one is told', async () => {
    expect(textById(await ask('lin@new.example'), 'status')).toContain('Nothing changes before')
    expect(await addressOf()).toEqual({ email: 'lin@ntu.example', verified: false })
    const link = await mailed('lin@new.example')
    const telephone = newBrowser(server.issuer)
    const page = await telephone.open(link)
    expect(page.html).toContain('lin@new.example')
    expect((await addressOf())?.verified).toBe(false)
    expect((await sendRaw(telephone, page, { csrf: 'x' })).status).toBe(403)
    expect((await telephone.submit(page, 'csrf', {})).html).toContain('Your e-mail address is confirmed')
    expect(await addressOf()).toEqual({ email: 'lin@new.example', verified: true })
    expect((await mailbox.next('lin@ntu.example')).subject).toBe('Your e-mail address was changed')
    expect((await telephone.open(link)).status).toBe(410)
    // From now on it leads to a new password.
    await forget(server, 'lin')
    expect((await mailbox.next('lin@new.example')).subject).toBe('Set a new password')
  })

  test('of a hundred uses of one link at once one counts; after an hour none does', async () => {
    await ask('lin@third.example')
    const link = await mailed('lin@third.example')
    const form = forms(await newBrowser(server.issuer).open(link))[0]
    const answers = await Promise.all(Array.from({ length: 100 }, async () => (await fetch(link, { method: 'POST', redirect: 'manual', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: new URLSearchParams(form?.fields) })).status))
    expect(answers.filter((status) => status === 303)).toHaveLength(1)
    await ask('lin@fourth.example')
    const late = await mailed('lin@fourth.example')
    await server.advance(3601)
    expect((await newBrowser(server.issuer).open(late)).status).toBe(410)
    await server.advance(-3601)
  })

  test.each(['nonsense', 'a@b.example\r\nBcc: eve@evil.example', 'a@b.example, c@d.example'])('that is none (%j) is refused', async (email) => {
    const page = await ask(email)
    expect([page.status, viewName(page)]).toEqual([400, 'account-password'])
    expect(mailbox.received).toEqual([])
  })
})

import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { replaceRecoveryCodes } from '../../src/users/recovery-codes.ts'
import { takeTotpCode } from '../../src/users/totp-secrets.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { type Browser, newBrowser, pageName } from '../support/browser.ts'
import { answerOf, authorizationUrl, newPkce } from '../support/relying-party.ts'
import { decide, fieldsOf, linkOf, redeemed, sendRaw, startAfresh } from '../journeys/person.ts'
import { afterPassword, codeNow, complaint, enterCode, giveApp, userIdOf, wrongCode } from './person.ts'

// Lin has an authenticator app.

/** Another tab: the cookies as they are now, and from now on its own. */
function newTab({ cookies }: Browser, issuer: string): Browser {
  const tab = newBrowser(issuer)
  for (const [name, value] of cookies) tab.cookies.set(name, value)
  return tab
}

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())
beforeEach(async () => {
  await startAfresh(server)
  await sql`delete from recovery_codes`.execute(server.ctx.db)
  await giveApp(server, 'lin')
  await server.advance(120)
})

describe('the code of an app', () => {
  test('is asked for after the password, and the token says that both were proven', async () => {
    const { browser, page, pkce } = await afterPassword(server)
    expect([pageName(page), page.status]).toEqual(['factor', 200])
    expect(page.html).toContain('lin@ntu.example')
    const consent = await enterCode(browser, page, codeNow(server))
    const { claims } = await redeemed(server.issuer, await decide(browser, consent, 'allow'), pkce)
    expect(claims).toMatchObject({ acr: 'urn:portner:acr:two-factors', amr: ['pwd', 'otp', 'mfa'] })
  })

  test('is not asked of somebody who has none', async () => {
    const { browser, page, pkce } = await afterPassword(server, 'ada')
    expect(pageName(page)).toBe('consent')
    const { claims } = await redeemed(server.issuer, await decide(browser, page, 'allow'), pkce)
    expect(claims).toMatchObject({ acr: 'urn:portner:acr:password', amr: ['pwd'] })
  })

  test.each([
    ['with spaces and hyphens', (code: string) => ` ${code.slice(0, 3)} – ${code.slice(3)} `],
    ['in full-width digits', (code: string) => code.replaceAll(/\d/g, (digit) => String.fromCodePoint(Number(digit) + 0xff10))],
    ['of the step before', () => codeNow(server, -1)],
    ['of the step after', () => codeNow(server, 1)],
  ])('is good %s', async (_how, typed) => {
    const { browser, page } = await afterPassword(server)
    expect(pageName(await enterCode(browser, page, typed(codeNow(server))))).toBe('consent')
  })

  test('of two steps ago has expired, of two steps ahead is wrong', async () => {
    const { browser, page } = await afterPassword(server)
    const old = await enterCode(browser, page, codeNow(server, -2))
    expect([old.status, complaint(old)]).toEqual([401, 'The code has expired. Enter the newest one.'])
    expect(complaint(await enterCode(browser, old, codeNow(server, 2)))).toContain('The code is wrong.')
  })

  test('works once, in whatever browser and on whatever journey', async () => {
    const here = await afterPassword(server)
    const there = await afterPassword(server)
    const code = codeNow(server)
    expect(pageName(await enterCode(here.browser, here.page, code))).toBe('consent')
    const again = await enterCode(there.browser, there.page, code)
    expect([pageName(again), complaint(again)]).toEqual(['factor', 'The code has been used already. Enter another one.'])
  })

  test('a hundred times at once is taken once', async () => {
    const userId = await userIdOf(server, 'lin')
    const verdicts = await Promise.all(Array.from({ length: 100 }, () => takeTotpCode(server.ctx, userId, codeNow(server))))
    expect([verdicts.filter((is) => is === 'good').length, verdicts.filter((is) => is === 'used').length]).toEqual([1, 99])
  })

  test('sent ten times at once from one page signs in once', async () => {
    const { browser, page } = await afterPassword(server)
    const code = codeNow(server)
    const pages = await Promise.all(Array.from({ length: 10 }, () => newTab(browser, server.issuer).submit(page, 'code', { code })))
    expect(pages.every(({ status }) => status < 500)).toBe(true)
    await server.ctx.audit.flush()
    const { rows } = await sql<{ lifted: number }>`select count(*)::int as lifted from audit_events where event = 'login' and user_id = ${await userIdOf(server, 'lin')} and at > clock_now() - interval '60 seconds'`.execute(server.ctx.db)
    expect(rows[0]?.lifted).toBe(1)
  })
})

describe('half a sign-in', () => {
  test('is none: nothing of it answers a client, and no other page takes it for a person', async () => {
    const { browser, page } = await afterPassword(server)
    const path = new URL(page.url).pathname.replace(/\/factor$/, '')
    for (const step of ['', '/consent', '/answer', '/chooser', '/factor-methods']) expect(pageName(await browser.open(path + step)), step).not.toBe('consent')
    const silent = await browser.open(authorizationUrl(server.issuer, newPkce(), { prompt: 'none' }))
    expect(answerOf(silent).get('error')).toBe('login_required')
    expect(pageName(await browser.open(authorizationUrl(server.issuer, newPkce())))).toBe('chooser')
    expect((await browser.open('/account')).url).not.toMatch(/\/account$/)
    await server.ctx.audit.flush()
    const { rows } = await sql`select from audit_events where event = 'login' and user_id = ${await userIdOf(server, 'lin')} and at > clock_now() - interval '60 seconds'`.execute(server.ctx.db)
    expect(rows).toEqual([])
  })

  test('cannot say yes to a client before the code', async () => {
    const { browser, page } = await afterPassword(server, 'ada')
    const consented = fieldsOf(page)
    const lin = await afterPassword(server)
    const path = new URL(lin.page.url).pathname.replace(/factor$/, 'consent')
    await lin.browser.open(path, { method: 'POST', body: new URLSearchParams({ ...consented, decision: 'allow' }), headers: { 'content-type': 'application/x-www-form-urlencoded' } })
    const { rows } = await sql`select from consents where user_id = ${await userIdOf(server, 'lin')}`.execute(server.ctx.db)
    expect(rows).toEqual([])
    expect(browser.cookies.size).toBeGreaterThan(0)
  })

  test('a new secret is in the cookie after the code', async () => {
    const { browser, page } = await afterPassword(server)
    const before = browser.cookies.get('portner_session')
    await enterCode(browser, page, codeNow(server))
    expect(browser.cookies.get('portner_session')).not.toBe(before)
  })

  test('a form of another journey, or with no token, is refused', async () => {
    const [one, other] = await Promise.all([afterPassword(server), afterPassword(server)])
    const code = codeNow(server)
    expect((await sendRaw(one.browser, one.page, { ...fieldsOf(other.page), code })).status).toBe(403)
    expect((await sendRaw(one.browser, one.page, { code })).status).toBe(403)
    expect((await sendRaw(one.browser, one.page, { ...fieldsOf(one.page), code }, { origin: 'https://elsewhere.example' })).status).toBe(403)
    expect(pageName(await enterCode(one.browser, one.page, code))).toBe('consent')
  })

  test('can be given up', async () => {
    const { browser, page } = await afterPassword(server)
    expect(Object.fromEntries(answerOf(await enterCode(browser, page, '', { cancel: '1' })))).toMatchObject({ error: 'access_denied' })
  })
})

describe('wrong codes', () => {
  test('five end the journey, also for the good one; the tries left are told from three down', async () => {
    const { browser, page } = await afterPassword(server)
    let now = page
    const told: string[] = []
    for (let i = 0; i < 5; i++) {
      now = await enterCode(browser, now, wrongCode(server))
      told.push(complaint(now))
    }
    expect(told).toEqual(['The code is wrong.', 'The code is wrong. 3 tries left.', 'The code is wrong. 2 tries left.', 'The code is wrong. 1 try left.', 'The code is wrong. This was the last try.'])
    const over = await enterCode(browser, now, codeNow(server))
    expect([pageName(over), over.status]).toEqual(['factor', 429])
    const again = await browser.open(linkOf(over, 'factor-restart'))
    expect(pageName(again)).toBe('chooser')
  })

  test('ten for one person, on however many journeys, make everybody wait a quarter of an hour', async () => {
    for (let journey = 0; journey < 2; journey++) {
      const { browser, page } = await afterPassword(server)
      let now = page
      for (let i = 0; i < 5; i++) now = await enterCode(browser, now, wrongCode(server))
    }
    const third = await afterPassword(server)
    const stopped = await enterCode(third.browser, third.page, codeNow(server))
    expect([stopped.status, /data-error="throttled"/.test(stopped.html), Number(stopped.headers.get('retry-after')) > 800]).toEqual([429, true, true])
    await server.advance(901)
    expect(pageName(await enterCode(third.browser, stopped, codeNow(server)))).toBe('consent')
  })
})

describe('recovery codes', () => {
  test('are found by "another way", and each works once', async () => {
    const [first = ''] = await replaceRecoveryCodes(server.ctx, await userIdOf(server, 'lin'))
    for (const outcome of ['consent', 'factor']) {
      const { browser, page } = await afterPassword(server)
      const list = await browser.open(linkOf(page, 'factor-other'))
      expect(pageName(list)).toBe('factor-methods')
      const asked = await browser.submit(list, 'method', { method: 'recovery-code' })
      expect(asked.html).toContain('Recovery code (16 characters)')
      const next = await enterCode(browser, asked, first.toLowerCase().replaceAll('-', ' '))
      expect(pageName(next)).toBe(outcome)
      if (outcome === 'factor') expect(complaint(next)).toContain('used already')
    }
  })

  test('of somebody else are wrong, and alone they are no second factor', async () => {
    const [adas = ''] = await replaceRecoveryCodes(server.ctx, await userIdOf(server, 'ada'))
    expect(pageName((await afterPassword(server, 'ada')).page)).toBe('consent')
    await replaceRecoveryCodes(server.ctx, await userIdOf(server, 'lin'))
    const { browser, page } = await afterPassword(server)
    const asked = await browser.submit(await browser.open(linkOf(page, 'factor-other')), 'method', { method: 'recovery-code' })
    expect(complaint(await enterCode(browser, asked, adas))).toContain('wrong')
  })
})

describe('a device that is not asked', () => {
  test('is one on which the person ticked the box, for thirty days, and only for that person', async () => {
    await giveApp(server, 'ada', Buffer.from('ada has a phone as well'))
    const { browser, page } = await afterPassword(server)
    expect(page.html).not.toMatch(/id="trust"[^>]*checked/)
    await enterCode(browser, page, codeNow(server), { trust: '1' })
    await server.advance(8 * 86_400)
    expect(pageName((await afterPassword(server, 'lin', {}, {}, browser)).page)).toBe('consent')
    expect(pageName((await afterPassword(server, 'ada', { prompt: 'select_account' }, {}, browser)).page)).toBe('factor')
    expect(pageName((await afterPassword(server, 'lin', {}, {}, newBrowser(server.issuer))).page)).toBe('factor')
    await server.advance(23 * 86_400)
    expect(pageName((await afterPassword(server, 'lin', { prompt: 'select_account' }, {}, browser)).page)).toBe('factor')
    await sql`delete from totp_secrets where user_id = ${await userIdOf(server, 'ada')}`.execute(server.ctx.db)
  })

  test('is no proof: who demands two factors gets them', async () => {
    const { browser, page } = await afterPassword(server)
    await enterCode(browser, page, codeNow(server), { trust: '1' })
    await server.advance(8 * 86_400)
    expect(pageName((await afterPassword(server, 'lin', { acr_values: 'https://refeds.org/profile/mfa' }, {}, browser)).page)).toBe('factor')
  })

  test('cannot be a shared computer', async () => {
    const { page } = await afterPassword(server, 'lin', {}, { shared_computer: '1' })
    expect(pageName(page)).toBe('factor')
    expect(page.html).not.toContain('name="trust"')
  })
})

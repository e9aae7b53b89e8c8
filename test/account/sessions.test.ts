import fc from 'fast-check'
import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { formToken } from '../../src/http/csrf.ts'
import { agentLabel, readAgent } from '../../src/lib/user-agent.ts'
import { entries, openAccount, textById, viewName } from '../support/account.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { type Browser, newBrowser, type Page, pageName } from '../support/browser.ts'
import { authorizationUrl, newPkce, obtainCode, redeem, refresh } from '../support/relying-party.ts'
import { accountRows, firstSignIn, linkOf, signIn } from '../journeys/person.ts'

// Where a person is signed in, and ending it from anywhere; whom this device remembers.

const LIST = '/account/sessions'
const FIREFOX = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0'
const PHONE = 'Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Mobile/15E148 Safari/604.1'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())
beforeEach(async () => void (await sql`delete from sessions`.execute(server.ctx.db)))

function browserOf(agent: string): Browser {
  return newBrowser(server.issuer, { 'user-agent': agent })
}

interface Tokens {
  readonly session: string
  readonly offline: string
}

/** Refresh tokens of a sign-in in this browser: one that rests on it, one that does not. */
async function tokensOf(browser: Browser, username = 'ada'): Promise<Tokens> {
  const session = await redeem(server.issuer, await obtainCode(server.issuer, browser, { scope: 'openid' }, username))
  const offline = await redeem(server.issuer, await obtainCode(server.issuer, browser, { scope: 'openid offline_access', login_hint: username }, username))
  return { session: String(session.body['refresh_token']), offline: String(offline.body['refresh_token']) }
}

async function statuses({ session, offline }: Tokens): Promise<readonly number[]> {
  return [(await refresh(server.issuer, session)).status, (await refresh(server.issuer, offline)).status]
}

async function confirm(browser: Browser, path: string, changes: Readonly<Record<string, string>> = {}): Promise<Page> {
  return browser.submit(await browser.open(path), 'csrf', changes)
}

describe('the list of sign-ins', () => {
  test('is of all browsers, in words, this one first', async () => {
    const [desk, phone] = [browserOf(FIREFOX), browserOf(PHONE)]
    await firstSignIn(desk, server.issuer, 'ada')
    await firstSignIn(phone, server.issuer, 'ada')
    await firstSignIn(browserOf('curl/8.0'), server.issuer, 'ada', {}, { shared_computer: '1' })
    const list = await openAccount(desk, LIST)
    expect(entries(list, 'session').map(({ text }) => text.split(' Last active')[0])).toEqual(['Firefox on Windows, now', expect.any(String), expect.any(String)])
    const texts = entries(list, 'session').map(({ text }) => text)
    expect(texts.find((text) => text.startsWith('Safari on iOS'))).toContain('Norges testuniversitet')
    expect(texts.find((text) => text.startsWith('An unknown browser'))).toContain('On a shared computer')
  })

  test('says from where, where a proxy of ours says it; nobody says it of themselves', async () => {
    const placeOf = async (issuer: string, headers: Readonly<Record<string, string>>): Promise<string | undefined> => {
      const browser = newBrowser(issuer, { 'user-agent': FIREFOX, ...headers })
      await firstSignIn(browser, issuer, 'ada')
      return entries(await openAccount(browser, LIST), 'session')[0]?.text.split(' Last active')[0]?.replace(' ,', ',')
    }
    const proxied = await startTestServer({ env: { PORTNER_TRUST_PROXY: '127.0.0.1/32,::1/128', PORTNER_PLACE_HEADER: 'X-City' } })
    const open = await startTestServer({ env: { PORTNER_TRUST_PROXY: '192.0.2.1/32', PORTNER_PLACE_HEADER: 'X-City' } })
    try {
      expect(await placeOf(proxied.issuer, { 'x-city': 'Troms%C3%B8' })).toBe('Firefox on Windows, Tromsø, now')
      expect(await placeOf(proxied.issuer, { 'x-city': Buffer.from('Tromsø').toString('latin1') })).toBe('Firefox on Windows, Tromsø, now')
      expect(await placeOf(proxied.issuer, { 'x-city': '%00%E2%80%AE Oslo%0A' })).toBe('Firefox on Windows, Oslo, now')
      expect(await placeOf(proxied.issuer, {})).toBe('Firefox on Windows, now')
      expect(await placeOf(open.issuer, { 'x-city': 'Oslo' })).toBe('Firefox on Windows, now')
    } finally {
      await Promise.all([proxied.close(), open.close()])
    }
  })

  test('keeps nothing of the header but two words', async () => {
    await firstSignIn(browserOf(FIREFOX), server.issuer, 'ada')
    expect((await sql<{ agent: string }>`select agent from sessions`.execute(server.ctx.db)).rows).toEqual([{ agent: 'Firefox/Windows' }])
  })

  test.each([
    [FIREFOX, 'Firefox/Windows'],
    [PHONE, 'Safari/iOS'],
    ['Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36', 'Chrome/ChromeOS'],
    ['Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0', 'Edge/Windows'],
    ['Mozilla/5.0 (Linux; Android 14; SM-S921B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/27.0 Chrome/125.0.0.0 Mobile Safari/537.36', 'Samsung Internet/Android'],
    ['Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15', 'Safari/macOS'],
    ['Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/140.0.0.0 Safari/537.36', 'Chrome/Linux'],
    ['Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36 OPR/116.0.0.0', 'Opera/Windows'],
    ['curl/8.0', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('%s is %s', (header, label) => {
    expect(agentLabel(header)).toBe(label)
  })

  test('any header at all gives a few known words', () => {
    const odd = fc.array(fc.constantFrom('Firefox/', 'Chrome/', 'Edg/', 'Safari/', 'Version/1', 'Windows', 'Android', 'X11', '<script>', '/', ' ', '\0', 'é'), { maxLength: 30 }).map((parts) => parts.join(''))
    fc.assert(fc.property(fc.oneof(fc.string(), odd), (header) => /^(|Edge|Opera|Samsung Internet|Vivaldi|Firefox|Chrome|Safari)\/(|iOS|Android|Windows|ChromeOS|macOS|Linux)$/.test(agentLabel(header) ?? '/')))
    expect(readAgent('/Linux')).toEqual({ browser: undefined, system: 'Linux' })
  })
})

describe('ending a sign-in', () => {
  test('signs the other browser out and kills what rests on it; what works in the background stays', async () => {
    const [desk, phone] = [browserOf(FIREFOX), browserOf(PHONE)]
    const [here, there] = [await tokensOf(desk), await tokensOf(phone)]
    const [, other] = entries(await openAccount(desk, LIST), 'session')
    const question = await desk.open(other?.href ?? '')
    expect([viewName(question), question.html.includes('Safari on iOS')]).toEqual(['account-session-end', true])
    const after = await desk.submit(question, 'csrf', {})
    expect([viewName(after), textById(after, 'status')]).toEqual(['account-sessions', 'You are signed out there.'])
    expect(after.html).toMatch(/id="status" tabindex="-1" autofocus/)
    expect(entries(after, 'session')).toHaveLength(1)
    expect(await statuses(there)).toEqual([400, 200])
    expect(await statuses(here)).toEqual([200, 200])
    expect(pageName(await phone.open('/account'))).toBe('chooser')
    // The other half of a double click, and the back button, lead to the same list.
    expect(textById(await desk.submit(question, 'csrf', {}), 'status')).toBe('You are signed out there.')
    expect(viewName(await desk.open(question.url))).toBe('account-sessions')
  })

  test('ends also what works in the background when that is ticked', async () => {
    const [desk, phone] = [browserOf(FIREFOX), browserOf(PHONE)]
    const [here, there] = [await tokensOf(desk), await tokensOf(phone)]
    const [, other] = entries(await openAccount(desk, LIST), 'session')
    await confirm(desk, other?.href ?? '', { offline: '1' })
    expect([await statuses(there), await statuses(here)]).toEqual([[400, 400], [200, 200]])
  })

  test('of this browser leads out', async () => {
    const desk = browserOf(FIREFOX)
    const tokens = await tokensOf(desk)
    const [here] = entries(await openAccount(desk, LIST), 'session')
    expect(pageName(await confirm(desk, here?.href ?? ''))).toBe('logged-out')
    expect((await statuses(tokens))[0]).toBe(400)
    expect(pageName(await desk.open('/account'))).toBe('chooser')
  })

  test('everywhere else: all other browsers, sign-ins that ran out included, nobody else’s', async () => {
    const [desk, phone, third, lin] = [browserOf(FIREFOX), browserOf(PHONE), browserOf(PHONE), browserOf(PHONE)]
    const old = await tokensOf(third)
    await server.advance(13 * 3600)
    const [here, there, theirs] = [await tokensOf(desk), await tokensOf(phone), await tokensOf(lin, 'lin')]
    expect(await statuses(old)).toEqual([200, 200])
    const list = await openAccount(desk, LIST)
    const after = await confirm(desk, linkOf(list, 'end-others'))
    expect(textById(after, 'status')).toBe('You are signed out everywhere else.')
    expect([await statuses(here), await statuses(there), await statuses(old), await statuses(theirs)]).toEqual([[200, 200], [400, 200], [400, 200], [200, 200]])
    await confirm(desk, `${LIST}/others/end`, { offline: '1' })
    expect([await statuses(here), await statuses(there), await statuses(old), await statuses(theirs)]).toEqual([[200, 200], [400, 400], [400, 400], [200, 200]])
  })

  test('everywhere else asks for a sign-in of the last ten minutes, says why, and comes back; ending one does not', async () => {
    const [desk, phone] = [browserOf(FIREFOX), browserOf(PHONE)]
    await tokensOf(desk)
    const there = await tokensOf(phone)
    const question = await desk.open(`${LIST}/others/end`)
    expect(viewName(question)).toBe('account-session-end')
    await server.advance(601)
    const late = await desk.submit(question, 'csrf', {})
    expect([late.status, viewName(late)]).toEqual([401, 'account-again'])
    expect(textById(late, 'reason')).toMatch(/more than ten minutes ago/)
    expect((await statuses(there))[0]).toBe(200)
    const again = await desk.open(`${LIST}/others/end`)
    expect([again.status, viewName(again)]).toEqual([200, 'account-again'])
    const login = await desk.open(linkOf(again, 'sign-in-again'))
    expect(pageName(login)).toBe('login')
    expect(login.html).toContain('value="ada"')
    const back = await signIn(desk, login, 'ada')
    expect([viewName(back), new URL(back.url).pathname]).toEqual(['account-session-end', `${LIST}/others/end`])
    await desk.submit(back, 'csrf', {})
    expect((await statuses(there))[0]).toBe(400)
    await server.advance(601)
    expect(viewName(await desk.open(entries(await openAccount(desk, LIST), 'session')[0]?.href ?? ''))).toBe('account-session-end')
  })

  test('a form that comes when nobody is signed in any more changes nothing and leads on by a link', async () => {
    const desk = browserOf(FIREFOX)
    const there = await tokensOf(browserOf(PHONE))
    await tokensOf(desk)
    const question = await desk.open(entries(await openAccount(desk, LIST), 'session')[1]?.href ?? '')
    desk.cookies.clear()
    const sent = await desk.submit(question, 'csrf', {})
    expect([sent.status, viewName(sent)]).toEqual([401, 'account-again'])
    expect((await statuses(there))[0]).toBe(200)
    expect(pageName(await desk.open(linkOf(sent, 'sign-in-again')))).toBe('discovery')
  })
})

describe('what this device remembers', () => {
  test('is each account with its institution; forgetting one leaves the other, and both accounts', async () => {
    const desk = browserOf(FIREFOX)
    await firstSignIn(desk, server.issuer, 'kai')
    await firstSignIn(desk, server.issuer, 'ada')
    const list = await openAccount(desk, LIST)
    expect(entries(list, 'remembered').map(({ text }) => text)).toEqual([expect.stringMatching(/Ada Example ada@ntu.example Norges testuniversitet This account/), expect.stringMatching(/Kai Example kai Lunmal University College/)])
    const question = await desk.open(entries(list, 'remembered')[1]?.href ?? '')
    expect(question.html).toMatch(/only removes the account from this device/)
    const after = await desk.submit(question, 'csrf', {})
    expect([textById(after, 'status'), entries(after, 'remembered').length]).toEqual(['This device does not remember the account any more.', 1])
    const chooser = await desk.open(authorizationUrl(server.issuer, newPkce()))
    expect(accountRows(chooser).map(({ text }) => text)).toEqual([expect.stringContaining('Ada Example')])
    const left = await confirm(desk, entries(after, 'remembered')[0]?.href ?? '')
    expect(pageName(left)).toBe('logged-out')
    expect(pageName(await desk.open(authorizationUrl(server.issuer, newPkce())))).toBe('discovery')
  })
})

describe('nobody does it for another', () => {
  const strangers = ['a sign-in of another person', 'a sign-in that never was', 'a sign-in that is no id', 'an account of another device', 'an account that is no id'] as const

  test.each(strangers)('%s does not exist', async (what) => {
    const [ada, lin] = [browserOf(FIREFOX), browserOf(PHONE)]
    await firstSignIn(ada, server.issuer, 'ada')
    const tokens = await tokensOf(lin, 'lin')
    const list = await openAccount(lin, LIST, 'lin')
    const paths: Readonly<Record<(typeof strangers)[number], string>> = {
      'a sign-in of another person': entries(list, 'session')[0]?.href ?? '',
      'a sign-in that never was': `${LIST}/019c0000-0000-7000-8000-000000000000/end`,
      'a sign-in that is no id': `${LIST}/%27%20or%20true--/end`,
      'an account of another device': entries(list, 'remembered')[0]?.href ?? '',
      'an account that is no id': '/account/device/1/forget',
    }
    const path = paths[what]
    const body = new URLSearchParams({ csrf: await tokenFor('ada', path), offline: '1' })
    const seen = await ada.open(path)
    // Whom this device remembers is the list that it leads to; of a sign-in there is nothing to lead to.
    if (path.startsWith('/account/device')) expect(viewName(seen)).toBe('account-sessions')
    else expect(seen.status).toBe(404)
    expect(seen.html).not.toContain('Lin Example')
    const forged = await ada.open(path, { method: 'POST', body, headers: { 'content-type': 'application/x-www-form-urlencoded' } })
    expect(forged.status).toBe(404)
    expect(await statuses(tokens)).toEqual([200, 200])
    const after = await openAccount(lin, LIST, 'lin')
    expect([entries(after, 'session').length, entries(after, 'remembered').length]).toEqual([1, 1])
  })

  /** The token that Ada's own form would have, were there one: so that nothing but the ownership stands in the way. */
  async function tokenFor(username: string, path: string): Promise<string> {
    const { rows } = await sql<{ subject: string }>`select browser_id || '/' || user_id as subject from sessions join users using (user_id) where username = ${username} and ended_at is null`.execute(server.ctx.db)
    return formToken(server.ctx, `account/${decodeURIComponent(path)}/${rows[0]?.subject ?? ''}`)
  }

  test.each(['/account/sessions/others/end', 'own'])('a form to %s without its token, or from elsewhere, changes nothing', async (which) => {
    const [desk, phone] = [browserOf(FIREFOX), browserOf(PHONE)]
    await tokensOf(desk)
    const there = await tokensOf(phone)
    const path = which === 'own' ? (entries(await openAccount(desk, LIST), 'session')[1]?.href ?? '') : which
    const csrf = /name="csrf" value="([^"]+)"/.exec((await desk.open(path)).html)?.[1] ?? ''
    const other = /name="csrf" value="([^"]+)"/.exec((await desk.open(entries(await openAccount(desk, LIST), 'remembered')[0]?.href ?? '')).html)?.[1] ?? ''
    const send = (fields: Record<string, string>, headers: Record<string, string> = {}) => desk.open(path, { method: 'POST', body: new URLSearchParams(fields), headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers } })
    for (const sent of [await send({}), await send({ csrf: other }), await send({ csrf }, { origin: 'https://evil.example' }), await send({ csrf }, { 'sec-fetch-site': 'cross-site' })]) expect([sent.status, pageName(sent)]).toEqual([403, 'error'])
    expect((await statuses(there))[0]).toBe(200)
  })
})

import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { formToken } from '../../src/http/csrf.ts'
import { entries, openAccount, textById, viewName } from '../support/account.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { type Browser, newBrowser, type Page, pageName } from '../support/browser.ts'
import { answerOf, authorizationUrl, basic, get, newPkce, obtainCode, post, redeem, refresh, walk } from '../support/relying-party.ts'
import { SECRET } from '../support/world.ts'

// What a person lets applications have, as they see it in their account, and taking it back.

const LIST = '/account/applications'
const EVERYTHING = { scope: 'openid profile email offline_access gk_calendar' }

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())
beforeEach(async () => {
  await sql`delete from consents`.execute(server.ctx.db)
  await sql`delete from grants`.execute(server.ctx.db)
})

interface Tokens {
  readonly access: string
  readonly refresh: string
}

/** Somebody lets the planner have something, which it takes. */
async function use(browser: Browser, username = 'ada', changes = EVERYTHING): Promise<Tokens> {
  const { body } = await redeem(server.issuer, await obtainCode(server.issuer, browser, changes, username))
  return { access: String(body['access_token']), refresh: String(body['refresh_token']) }
}

/** What the protocol still answers to these tokens: userinfo, introspection, refresh. */
async function alive({ access, refresh: token }: Tokens): Promise<readonly unknown[]> {
  const userinfo = await get(server.issuer, '/userinfo', { authorization: `Bearer ${access}` })
  const told = await post(server.issuer, '/oauth/introspection', { token: access }, { authorization: basic('planner') })
  const refreshed = await refresh(server.issuer, token)
  return [userinfo.status, told.body['active'], refreshed.status]
}

async function removeFirst(browser: Browser): Promise<Page> {
  const list = await openAccount(browser, LIST)
  const confirm = await browser.open(entries(list, 'application')[0]?.href ?? '')
  return browser.submit(confirm, 'csrf', {})
}

describe('the list', () => {
  test('says what each application is, what it may have, since when, and on how many devices', async () => {
    const browser = newBrowser(server.issuer)
    await use(browser)
    await use(newBrowser(server.issuer))
    const list = await openAccount(browser, LIST)
    const [planner] = entries(list, 'application')
    expect(entries(list, 'application')).toHaveLength(1)
    expect(planner?.text).toMatch(/^Course Planner/)
    expect(planner?.text).toContain('Norges testuniversitet')
    expect(planner?.text).toContain('ada@ntu.example')
    expect(planner?.text).toContain('Calendar')
    expect(planner?.text).toContain('while you are signed out')
    expect(planner?.text).toContain('Used on 2 devices')
    expect(planner?.text).toMatch(new RegExp(`Last used ${new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeZone: 'UTC' }).format(server.ctx.clock.now())}`))
    expect(list.html).not.toContain('Find an application')
  })

  test('has what was used last first, also where nobody was asked, and nothing of this service itself', async () => {
    const browser = newBrowser(server.issuer)
    await walk(browser, await browser.open(authorizationUrl(server.issuer, newPkce(), { client_id: 'only-ntu', redirect_uri: 'https://only.example.org/callback' })))
    await server.advance(3700)
    await use(browser, 'ada', { scope: 'openid' })
    expect(entries(await openAccount(browser, LIST), 'application').map(({ text }) => text.split(' Sign')[0])).toEqual([expect.stringContaining('Course Planner'), expect.stringContaining('Only for NTU')])
    await server.advance(3700)
    await walk(browser, await browser.open(authorizationUrl(server.issuer, newPkce(), { client_id: 'only-ntu', redirect_uri: 'https://only.example.org/callback' })))
    expect(entries(await openAccount(browser, LIST), 'application')[0]?.text).toContain('Only for NTU')
  })

  test('of twelve is searched and turned over', async () => {
    const names = Array.from({ length: 12 }, (_, i) => `Æpp ${i + 1}`)
    await server.apply(names.map((name, i) => `kind: client\nclient_id: app-${i}\nclient_secret: { value: ${SECRET} }\nclient_name: ${name}\nredirect_uris: [https://app-${i}.example.org/callback]\nscope: openid\n`).join('---\n'))
    const browser = newBrowser(server.issuer)
    for (const [i] of names.entries()) {
      await server.advance(1)
      answerOf(await walk(browser, await browser.open(authorizationUrl(server.issuer, newPkce(), { client_id: `app-${i}`, redirect_uri: `https://app-${i}.example.org/callback`, scope: 'openid' }))))
    }
    const first = await openAccount(browser, LIST)
    expect(textById(first, 'count')).toBe('12 applications')
    expect(entries(first, 'application').map(({ text }) => / (\d+) /.exec(text)?.[1])).toEqual(['12', '11', '10', '9', '8', '7', '6', '5', '4', '3'])
    const next = await browser.open(`${LIST}?page=2`)
    expect(first.html).toContain('href="/account/applications?page=2"')
    expect(entries(next, 'application').map(({ text }) => / (\d+) /.exec(text)?.[1])).toEqual(['2', '1'])
    expect(next.html).not.toContain('id="next"')
    const found = await browser.submit(next, 'q', { q: ' æPP 12 ' })
    expect(entries(found, 'application')).toHaveLength(1)
    expect(textById(found, 'count')).toBe('1 application has that name')
    for (const odd of ['page=0', 'page=-1', 'page=9999999', 'page=x', 'q=%25%27', `q=${'x'.repeat(3000)}`]) expect([odd, (await browser.open(`${LIST}?${odd}`)).status]).toEqual([odd, 200])
  })
})

describe('removing an application', () => {
  test('asks once, says what stops and what stays, and ends its access at once', async () => {
    const browser = newBrowser(server.issuer)
    const tokens = await use(browser)
    expect(await alive(tokens)).toEqual([200, true, 200])
    const offline = await use(browser)
    const list = await openAccount(browser, LIST)
    expect(list.html).toContain('Remove <bdi>Course Planner</bdi></a>')
    const confirm = await browser.open(entries(list, 'application')[0]?.href ?? '')
    expect(viewName(confirm)).toBe('account-application-remove')
    expect(confirm.html).toMatch(/may keep what it already got/)
    expect(await alive(offline)).toEqual([200, true, 200])
    const code = await obtainCode(server.issuer, browser, EVERYTHING)

    const after = await browser.submit(confirm, 'csrf', {})
    expect(textById(after, 'status')).toBe('Course Planner has been removed. It has no access any more.')
    expect(after.html).toMatch(/<p role="status" id="status" tabindex="-1" autofocus>/)
    expect(entries(after, 'application')).toEqual([])
    expect(await alive(offline)).toEqual([401, false, 400])
    expect(await alive(tokens)).toEqual([401, false, 400])
    expect((await redeem(server.issuer, code)).body['error']).toBe('invalid_grant')
  })

  test('is told to the application itself, for each sign-in it had, where it asked for that', async () => {
    await server.apply(`kind: client\nclient_id: told\nclient_secret: { value: ${SECRET} }\nclient_name: Told\nredirect_uris: [https://told.example.org/callback]\ngrant_types: [authorization_code, refresh_token]\nscope: openid offline_access\nbackchannel_logout_uri: https://told.example.org/logout\n`)
    const browser = newBrowser(server.issuer)
    const told = { client_id: 'told', redirect_uri: 'https://told.example.org/callback', scope: 'openid offline_access' }
    await redeem(server.issuer, await obtainCode(server.issuer, browser, told), { redirect_uri: told.redirect_uri }, { authorization: basic('told') })
    await removeFirst(browser)
    const { rows } = await sql`select session_id = s.sid as same from logout_deliveries, (select session_id as sid from sessions order by created_at desc limit 1) s join clients c on c.client_id = 'told' where logout_deliveries.client_key = c.client_key`.execute(server.ctx.db)
    expect(rows).toEqual([{ same: true }])
  })

  test('leaves what other people let it have', async () => {
    const [ada, lin] = [newBrowser(server.issuer), newBrowser(server.issuer)]
    const [hers, theirs] = [await use(ada), await use(lin, 'lin')]
    await removeFirst(ada)
    expect([await alive(hers), await alive(theirs)]).toEqual([[401, false, 400], [200, true, 200]])
  })

  test('lets it come back with everything asked anew, and the day on which it was removed; then it is as before', async () => {
    const browser = newBrowser(server.issuer)
    await use(browser)
    await removeFirst(browser)
    expect(answerOf(await browser.open(authorizationUrl(server.issuer, newPkce(), { ...EVERYTHING, prompt: 'none' }))).get('error')).toBe('consent_required')
    const chooser = await browser.open(authorizationUrl(server.issuer, newPkce(), { ...EVERYTHING, login_hint: 'ada' }))
    expect(pageName(chooser)).toBe('consent')
    expect(textById(chooser, 'removed-on')).toContain(`You removed Course Planner on ${new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeZone: 'UTC' }).format(server.ctx.clock.now())}`)
    expect(chooser.html).toContain('data-scope="email"')
    const again = await use(browser)
    expect(await alive(again)).toEqual([200, true, 200])
    expect(pageName(await browser.open(authorizationUrl(server.issuer, newPkce(), { ...EVERYTHING, login_hint: 'ada' })))).toBeUndefined()
  })

  test('asks also where the operator implies the answer', async () => {
    const browser = newBrowser(server.issuer)
    const only = { client_id: 'only-ntu', redirect_uri: 'https://only.example.org/callback', login_hint: 'ada' }
    await walk(browser, await browser.open(authorizationUrl(server.issuer, newPkce(), only)))
    await removeFirst(browser)
    const page = await browser.open(authorizationUrl(server.issuer, newPkce(), only))
    expect([pageName(page), textById(page, 'removed-on')]).toEqual(['consent', expect.stringContaining('You removed Only for NTU')])
    expect(answerOf(await browser.submit(page, 'decision', { decision: 'allow' })).has('code')).toBe(true)
  })

  test('is not what a client does that revokes its own refresh token', async () => {
    const browser = newBrowser(server.issuer)
    const tokens = await use(browser)
    await post(server.issuer, '/oauth/revocation', { token: tokens.refresh }, { authorization: basic('planner') })
    expect(await alive(tokens)).toEqual([401, false, 400])
    expect(entries(await openAccount(browser, LIST), 'application')[0]?.text).toContain('no access at the moment')
    expect(pageName(await browser.open(authorizationUrl(server.issuer, newPkce(), { ...EVERYTHING, login_hint: 'ada' })))).toBeUndefined()
  })

  test('a hundred times at once happens once, and nothing that was under way outlives it', async () => {
    const browser = newBrowser(server.issuer)
    const kept = await use(browser)
    const codes = []
    for (let i = 0; i < 12; i++) {
      // Not so fast that the server takes the client for one that sends people in circles.
      if (i % 4 === 3) await server.advance(11)
      codes.push(await obtainCode(server.issuer, browser, EVERYTHING))
    }
    const list = await openAccount(browser, LIST)
    const confirm = await browser.open(entries(list, 'application')[0]?.href ?? '')
    await server.ctx.audit.flush()
    const { rows: before } = await sql<{ n: string }>`select count(*) as n from audit_events where event = 'consent.removed'`.execute(server.ctx.db)
    const removals = Array.from({ length: 100 }, () => browser.submit(confirm, 'csrf', {}))
    const redeemed = codes.map((code) => redeem(server.issuer, code))
    await Promise.all(removals)
    const answers = (await Promise.all(redeemed)).filter(({ status }) => status === 200)
    await server.ctx.audit.flush()
    const { rows: after } = await sql<{ n: string }>`select count(*) as n from audit_events where event = 'consent.removed'`.execute(server.ctx.db)
    expect(Number(after[0]?.n) - Number(before[0]?.n)).toBe(1)
    for (const { body } of answers) expect(await alive({ access: String(body['access_token']), refresh: String(body['refresh_token']) })).toEqual([401, false, 400])
    expect(await alive(kept)).toEqual([401, false, 400])
  })
})

describe('nobody removes for another', () => {
  test.each(['of another person', 'that never was', 'that is no id'])('an application %s does not exist', async (whose) => {
    const [ada, lin] = [newBrowser(server.issuer), newBrowser(server.issuer)]
    await use(ada)
    const tokens = await use(lin, 'lin')
    const theirs = entries(await openAccount(lin, LIST, 'lin'), 'application')[0]?.id ?? ''
    const id = whose === 'of another person' ? theirs : whose === 'that never was' ? '019c0000-0000-7000-8000-000000000000' : '%27%20or%20true--'
    // The token that her own form would have, were there one: so that nothing but the ownership stands in the way.
    const { rows } = await sql<{ subject: string }>`select browser_id || '/' || user_id as subject from sessions join users using (user_id) where username = 'ada' order by sessions.created_at desc limit 1`.execute(server.ctx.db)
    const csrf = formToken(server.ctx, `account/applications/${decodeURIComponent(id)}/${rows[0]?.subject ?? ''}`)
    expect((await ada.open(`${LIST}/${id}/remove`)).status).toBe(404)
    const sent = await ada.open(`${LIST}/${id}/remove`, { method: 'POST', body: new URLSearchParams({ csrf }), headers: { 'content-type': 'application/x-www-form-urlencoded' } })
    expect(sent.status).toBe(404)
    expect((await ada.open(`${LIST}?removed=${theirs}`)).html).not.toContain('has been removed')
    expect(await alive(tokens)).toEqual([200, true, 200])
    expect(entries(await openAccount(lin, LIST, 'lin'), 'application')).toHaveLength(1)
  })

  test.each([
    ['without a token', {}, {}],
    ['with another form’s token', { csrf: 'other' }, {}],
    ['from another site', { csrf: 'own' }, { origin: 'https://evil.example' }],
    ['from a page of no origin', { csrf: 'own' }, { origin: 'null' }],
    ['that says it comes from elsewhere', { csrf: 'own' }, { 'sec-fetch-site': 'cross-site' }],
  ])('a form %s changes nothing', async (_what, fields, headers) => {
    const browser = newBrowser(server.issuer)
    const tokens = await use(browser)
    const list = await openAccount(browser, LIST)
    const href = entries(list, 'application')[0]?.href ?? ''
    const csrf = /name="csrf" value="([^"]+)"/.exec((await browser.open(href)).html)?.[1] ?? ''
    const body = new URLSearchParams('csrf' in fields ? { csrf: fields.csrf === 'own' ? csrf : `${csrf.slice(0, -2)}AA` } : {})
    const sent = await browser.open(href, { method: 'POST', body, headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers } })
    expect([sent.status, pageName(sent)]).toEqual([403, 'error'])
    expect(await alive(tokens)).toEqual([200, true, 200])
  })
})

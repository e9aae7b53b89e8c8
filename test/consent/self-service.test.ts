import { sql } from 'kysely'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { narrowGrants } from '../../src/tokens/grants.ts'
import { entries, openAccount, textById, viewName } from '../support/account.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { type Browser, newBrowser, type Page, pageName } from '../support/browser.ts'
import { withHeldInserts } from '../support/held-inserts.ts'
import { answerOf, authorizationUrl, basic, get, newPkce, obtainCode, post, redeem, refresh, walk } from '../support/relying-party.ts'
import { SECRET } from '../support/world.ts'
import { sendRaw } from '../journeys/person.ts'

// A person takes back a part of what an application has, or everything from all; sees what was used when; and takes a receipt along.

const LIST = '/account/applications'
const EVERYTHING = { scope: 'openid profile email offline_access gk_calendar gk_calendar_write' }

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
  await server.apply(`kind: client\nclient_id: house\nclient_secret: { value: ${SECRET} }\nclient_name: House\nredirect_uris: [https://house.example.org/callback]\nconsent: implied\nscope: openid email\n---
kind: scope\nscope: loans.read\ntitle: { en: Show your loans }\nconsent: { single_use: true, max_days: 365 }\n---
kind: client\nclient_id: lender\nclient_secret: { value: ${SECRET} }\nclient_name: Lender\nredirect_uris: [https://lender.example.org/callback]\nscope: openid loans.read\n`)
})
afterAll(() => server.close())
beforeEach(async () => {
  for (const table of ['consents', 'grants', 'consent_objects', 'attempts']) await sql`delete from ${sql.table(table)}`.execute(server.ctx.db)
})

interface Tokens {
  readonly access: string
  readonly refresh: string
}

async function use(browser: Browser, changes: Readonly<Record<string, string>> = EVERYTHING): Promise<Tokens> {
  const pkce = newPkce()
  const page = await walkAll(browser, authorizationUrl(server.issuer, pkce, changes))
  const { body } = await redeem(server.issuer, { code: answerOf(page).get('code') ?? '', pkce })
  return { access: String(body['access_token']), refresh: String(body['refresh_token']) }
}

/** Whoever comes to the consent page ticks everything. */
async function walkAll(browser: Browser, url: string): Promise<Page> {
  const page = await walkToConsent(browser, url)
  return pageName(page) === 'consent' ? browser.submit(page, 'decision', { decision: 'allow', optional_scope: ['groups', 'gk_calendar_write'] }) : page
}

async function walkToConsent(browser: Browser, url: string): Promise<Page> {
  let page = await browser.open(url)
  if (pageName(page) === 'discovery') page = await browser.open(/<a [^>]*data-provider="ntu"[^>]*>/.exec(page.html)?.[0].match(/href="([^"]*)"/)?.[1]?.replaceAll('&amp;', '&') ?? '')
  if (pageName(page) === 'chooser') page = await browser.submit(page, 'account', { account: /data-account="([^"]+)"/.exec(page.html)?.[1] ?? '' })
  if (pageName(page) === 'login') page = await browser.submit(page, 'username', { username: 'ada', password: 'ada has a password' })
  return page
}

async function introspected({ access }: Tokens): Promise<Record<string, unknown>> {
  return (await post(server.issuer, '/oauth/introspection', { token: access }, { authorization: basic('planner') })).body
}

async function details(browser: Browser): Promise<Page> {
  const [row] = entries(await openAccount(browser, LIST), 'application')
  return browser.open(`${LIST}/${row?.id ?? ''}`)
}

async function narrowed(): Promise<number> {
  await server.ctx.audit.flush()
  const { rows } = await sql<{ n: string }>`select count(*) as n from audit_events where event = 'consent.narrowed'`.execute(server.ctx.db)
  return Number(rows[0]?.n)
}

describe('taking back one scope', () => {
  test('takes it from every token that is out, and leaves the rest', async () => {
    const browser = newBrowser(server.issuer)
    const tokens = await use(browser)
    const page = await details(browser)
    expect(viewName(page)).toBe('account-application')
    const after = await browser.submit(page, 'csrf', { scope: 'email' })
    expect(textById(after, 'status')).toContain('You took this back: See your e-mail address')
    expect(after.html).toMatch(/<p role="status" id="status" tabindex="-1" autofocus>/)
    expect(entries(after, 'scope').map(({ id }) => id)).not.toContain('email')
    expect(String((await introspected(tokens))['scope']).split(' ').toSorted()).toEqual(['gk_calendar', 'gk_calendar_write', 'offline_access', 'openid', 'profile'])
    const userinfo = await get(server.issuer, '/userinfo', { authorization: `Bearer ${tokens.access}` })
    expect([userinfo.status, userinfo.body['email'], userinfo.body['name']]).toEqual([200, undefined, 'Ada Example'])
    const refreshed = await refresh(server.issuer, tokens.refresh)
    expect([refreshed.status, String(refreshed.body['scope']).includes('email')]).toEqual([200, false])
    expect((await refresh(server.issuer, refreshed.body['refresh_token'], { scope: 'openid email' })).status).toBe(400)
  })

  test('of an API takes its parts, too; without offline_access nothing goes on after the sign-out', async () => {
    const browser = newBrowser(server.issuer)
    const tokens = await use(browser)
    await browser.submit(await details(browser), 'csrf', { scope: 'gk_calendar' })
    expect(String((await introspected(tokens))['scope'])).not.toContain('gk_')
    await browser.submit(await details(browser), 'csrf', { scope: 'offline_access' })
    expect((await introspected(tokens))['active']).toBe(true)
    await sql`update sessions set ended_at = clock_now()`.execute(server.ctx.db)
    expect((await introspected(tokens))['active']).toBe(false)
  })

  test('ends what was told by the names of claims', async () => {
    const browser = newBrowser(server.issuer)
    const tokens = await use(browser, { ...EVERYTHING, scope: 'openid profile', claims: JSON.stringify({ userinfo: { email: null } }) })
    const before = await get(server.issuer, '/userinfo', { authorization: `Bearer ${tokens.access}` })
    expect(before.body['email']).toBe('ada@ntu.example')
    await browser.submit(await details(browser), 'csrf', { scope: 'profile' })
    expect((await get(server.issuer, '/userinfo', { authorization: `Bearer ${tokens.access}` })).status).toBe(401)
  })

  test('has it asked for again, alone, also where the operator answers for everything else', async () => {
    const house = { client_id: 'house', redirect_uri: 'https://house.example.org/callback', scope: 'openid email', login_hint: 'ada' }
    const browser = newBrowser(server.issuer)
    const pkce = newPkce()
    const answer = answerOf(await walk(browser, await browser.open(authorizationUrl(server.issuer, pkce, house))))
    await redeem(server.issuer, { code: answer.get('code') ?? '', pkce }, { redirect_uri: house.redirect_uri }, { authorization: basic('house') })
    await browser.submit(await details(browser), 'csrf', { scope: 'email' })
    expect(answerOf(await browser.open(authorizationUrl(server.issuer, newPkce(), { ...house, prompt: 'none' }))).get('error')).toBe('consent_required')
    const consent = await browser.open(authorizationUrl(server.issuer, newPkce(), house))
    expect([pageName(consent), consent.html.includes('data-scope="email"')]).toEqual(['consent', true])
    expect(answerOf(await browser.submit(consent, 'decision', { decision: 'allow' })).has('code')).toBe(true)
    expect(answerOf(await browser.open(authorizationUrl(server.issuer, newPkce(), { ...house, prompt: 'none' }))).has('code')).toBe(true)
  })

  test('a hundred times at once happens once, and no code under way brings it back', async () => {
    const browser = newBrowser(server.issuer)
    await use(browser)
    const page = await details(browser)
    const codes = await Promise.all(Array.from({ length: 4 }, () => obtainCode(server.issuer, browser, { ...EVERYTHING, login_hint: 'ada' })))
    const before = await narrowed()
    const taking = Array.from({ length: 100 }, () => browser.submit(page, 'csrf', { scope: 'email' }))
    const answers = await Promise.all(codes.map((code) => redeem(server.issuer, code)))
    await Promise.all(taking)
    for (const { body } of answers.filter(({ status }) => status === 200)) expect(String((await introspected({ access: String(body['access_token']), refresh: '' }))['scope'])).not.toContain('email')
    expect((await narrowed()) - before).toBe(1)
  })

  test('of several at the same moment takes each of them', async () => {
    const browser = newBrowser(server.issuer)
    const tokens = await use(browser)
    const { rows } = await sql<{ user_id: string; client_key: string }>`select user_id, client_key from grants`.execute(server.ctx.db)
    const { user_id: userId = '', client_key: clientKey = '' } = rows[0] ?? {}
    const taking: Promise<void>[] = []
    await server.ctx.db.transaction().execute(async (trx) => {
      await sql`select from grants for update`.execute(trx)
      taking.push(...['email', 'profile', 'gk_calendar_write', 'gk_calendar'].map((scope) => narrowGrants(server.ctx, userId, clientKey, [scope])))
      // More than one has read the same by then.
      await expect.poll(async () => (await sql`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`.execute(trx)).rows.length).toBeGreaterThan(1)
    })
    await Promise.all(taking)
    expect((await introspected(tokens))['scope']).toBe('openid offline_access')
  })

  test('a code that was made before it is worth nothing after it', async () => {
    const browser = newBrowser(server.issuer)
    await use(browser)
    const page = await details(browser)
    const late = await obtainCode(server.issuer, browser, { ...EVERYTHING, login_hint: 'ada' })
    await browser.submit(page, 'csrf', { scope: 'email' })
    // Also one that was on its way into the database at that moment.
    await sql`update authorization_codes set used_at = null where used_at is not null and scope like '%email%'`.execute(server.ctx.db)
    expect((await redeem(server.issuer, late)).body['error']).toBe('invalid_grant')
  })

  test.each([['openid', 'what it cannot be without'], ['gk_grades', 'what it never had'], ['%27', 'no scope']])('%s: %s changes nothing', async (scope) => {
    const browser = newBrowser(server.issuer)
    const tokens = await use(browser)
    const before = await introspected(tokens)
    expect((await browser.submit(await details(browser), 'csrf', { scope })).status).toBe(200)
    expect((await introspected(tokens))['scope']).toBe(before['scope'])
  })

  test('is for the person alone, by their own form', async () => {
    const browser = newBrowser(server.issuer)
    const tokens = await use(browser)
    const page = await details(browser)
    const lin = newBrowser(server.issuer)
    await openAccount(lin, LIST, 'lin')
    const { pathname } = new URL(page.url)
    expect([(await lin.open(pathname)).status, (await lin.open(`${pathname}/receipt.json`)).status]).toEqual([404, 404])
    expect((await sendRaw(browser, page, { scope: 'email', csrf: 'other' })).status).toBe(403)
    expect(String((await introspected(tokens))['scope'])).toContain('email')
  })
})

describe('what was used when', () => {
  test('stands with each scope: when it was handed out, and when it was refreshed', async () => {
    const browser = newBrowser(server.issuer)
    await use(browser, { scope: 'openid profile' })
    await server.advance(2 * 86_400)
    const then = new Date(server.ctx.clock.now()).toISOString().slice(0, 13)
    const tokens = await use(browser, { scope: 'openid email offline_access' })
    const dayOf = async (scope: string) => /datetime="([^"]+)"/.exec((await details(browser)).html.split(`data-scope="${scope}"`)[1]?.split('</li>')[0] ?? '')?.[1]?.slice(0, 13)
    expect([await dayOf('email'), await dayOf('openid'), (await dayOf('profile')) === then]).toEqual([then, then, false])
    await server.advance(3 * 86_400)
    await refresh(server.issuer, tokens.refresh)
    expect((await dayOf('email')) === then).toBe(false)
  })

  test('stands with each consent that has an end, which is taken back alone', async () => {
    const lender = { client_id: 'lender', redirect_uri: 'https://lender.example.org/callback', scope: 'openid loans.read.100' }
    const browser = newBrowser(server.issuer)
    const pkce = newPkce()
    const answer = answerOf(await walk(browser, await browser.open(authorizationUrl(server.issuer, pkce, lender))))
    const { body } = await redeem(server.issuer, { code: answer.get('code') ?? '', pkce }, { redirect_uri: lender.redirect_uri }, { authorization: basic('lender') })
    const alive = async () => (await get(server.issuer, '/userinfo', { authorization: `Bearer ${String(body['access_token'])}` })).status
    expect(await alive()).toBe(200)
    const page = await details(browser)
    const [consent] = entries(page, 'consent')
    expect(consent?.text).toMatch(/Show your loans .*State Holds/)
    expect(page.html).not.toContain('name="scope"')
    const after = await browser.submit(page, 'csrf', { consent: consent?.id ?? '' })
    expect(textById(after, 'status')).toBe('You took it back. It holds no longer.')
    expect(entries(after, 'consent')[0]?.text).toContain('Taken back')
    expect(await alive()).toBe(401)
  })
})

describe('removing all applications', () => {
  test('asks once, names them, and ends the access of each', async () => {
    const browser = newBrowser(server.issuer)
    const tokens = await use(browser)
    await walk(browser, await browser.open(authorizationUrl(server.issuer, newPkce(), { client_id: 'second', redirect_uri: 'https://second.example.org/callback' })))
    const list = await openAccount(browser, LIST)
    expect(list.html).toContain('href="/account/applications/remove-all"')
    const confirm = await browser.open(`${LIST}/remove-all`)
    expect(textById(confirm, 'names')).toBe('Second Client Course Planner')
    const after = await browser.submit(confirm, 'csrf', {})
    expect([textById(after, 'status'), entries(after, 'application')]).toEqual(['All applications have been removed. None has access any more.', []])
    expect([(await introspected(tokens))['active'], (await refresh(server.issuer, tokens.refresh)).status]).toEqual([false, 400])
  })

  test('ends a grant that the client manages, be it made in that very moment', async () => {
    const browser = newBrowser(server.issuer)
    await use(browser)
    const code = await obtainCode(server.issuer, browser, { ...EVERYTHING, login_hint: 'ada', grant_management_action: 'create' })
    const confirm = await browser.open(`${LIST}/remove-all`)
    await withHeldInserts(server.databaseUrl, 'managed_grants', async ({ arrived, behind, letGo }) => {
      const redeemed = redeem(server.issuer, code)
      await arrived(1)
      const removed = browser.submit(confirm, 'csrf', {})
      await behind(removed)
      await letGo()
      expect([(await redeemed).status, (await removed).status]).toEqual([200, 200])
    })
    expect((await sql`select from managed_grants where ended_at is null`.execute(server.ctx.db)).rows).toEqual([])
  })

  test('takes no form of others, and none of one application', async () => {
    const browser = newBrowser(server.issuer)
    const tokens = await use(browser)
    const confirm = await browser.open(`${LIST}/remove-all`)
    expect((await sendRaw(browser, confirm, { csrf: /name="csrf" value="([^"]+)"/.exec((await details(browser)).html)?.[1] ?? '' })).status).toBe(403)
    expect((await introspected(tokens))['active']).toBe(true)
  })
})

describe('the receipt', () => {
  test('is a record of what was allowed to whom, and the same signed by this service, good for nothing else', async () => {
    const browser = newBrowser(server.issuer)
    await use(browser)
    const { pathname } = new URL((await details(browser)).url)
    const page = await browser.open(`${pathname}/receipt.json`)
    const { record, jws } = JSON.parse(page.html) as { record: Record<string, unknown>; jws: string }
    const { payload, protectedHeader } = await jwtVerify(jws, createRemoteJWKSet(new URL(`${server.issuer}/.well-known/jwks.json`)), { issuer: server.issuer, typ: 'consent-receipt+jwt' })
    expect(protectedHeader).toMatchObject({ typ: 'consent-receipt+jwt', alg: 'ES256' })
    expect(payload['consent_receipt']).toEqual(record)
    expect(Object.keys(record).toSorted()).toEqual(['events', 'party_identification', 'pii_principal_id', 'pii_processing', 'record_id', 'schema_version'])
    expect(record).toMatchObject({
      pii_principal_id: payload.sub,
      pii_processing: { language: 'en', purposes: expect.arrayContaining([expect.objectContaining({ purpose_type: 'email', purpose: 'See your e-mail address', lawful_basis: 'consent', pii_information: expect.arrayContaining([expect.objectContaining({ pii_type: 'email' })]) })]) },
      party_identification: [{ party_id: 'controller', party_name: 'Norges testuniversitet' }, { party_url: server.issuer }],
      events: [{ event_state: 'given', entity_id: payload.sub }],
    })
    expect(page.html).not.toMatch(/ptr_|ada@ntu/)
    const tried = await get(server.issuer, '/userinfo', { authorization: `Bearer ${jws}` })
    expect(tried.status).toBe(401)
    expect(answerOf(await newBrowser(server.issuer).open(authorizationUrl(server.issuer, newPkce(), { prompt: 'none', id_token_hint: jws }))).get('error')).toBe('invalid_request')
  })
})

describe('the consent page as those who run an application see it', () => {
  const shown = (contacts: string) => server.apply(`kind: client\nclient_id: mine\nclient_secret: { value: ${SECRET} }\nclient_name: Mine\nredirect_uris: [https://mine.example.org/callback]\nscope: openid email groups\noptional_scopes: [groups]\ncontacts: [${contacts}]\n`)

  test('has everything on it, and nothing that could be decided; to others it is not there', async () => {
    await shown('Ada@NTU.example, lin@ntu.example')
    const ada = newBrowser(server.issuer)
    await openAccount(ada)
    const page = await ada.open('/account/preview/mine')
    expect([page.status, textById(page, 'preview')]).toEqual([200, expect.stringContaining('Nothing can be allowed here')])
    for (const text of ['<bdi>Mine</bdi> wants access', 'https://mine.example.org', 'ada@ntu.example', 'staff, planners']) expect(page.html).toContain(text)
    for (const text of ['name="decision"', 'method="post"', 'name="csrf"']) expect(page.html).not.toContain(text)
    expect((await ada.open('/account/preview/planner')).status).toBe(404)
    // Her address stands there, and is not proven.
    const lin = newBrowser(server.issuer)
    await openAccount(lin, '/account', 'lin')
    expect((await lin.open('/account/preview/mine')).status).toBe(404)
  })
})

import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createConsent, listConsentObjects } from '../../src/consents/objects.ts'
import { newRowId } from '../../src/lib/random.ts'
import { mergeUsers } from '../../src/signin/merge.ts'
import { findConsent, listConsents, noteUse, saveConsent } from '../../src/users/consents.ts'
import { unlinkIdentity } from '../../src/signin/unlink.ts'
import { findOrCreateUser } from '../../src/users/identities.ts'
import { findUser, findUsers, setUserStatus } from '../../src/users/store.ts'
import { entries, openAccount, textById, viewName } from '../support/account.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { type Browser, newBrowser, type Page, pageName } from '../support/browser.ts'
import { type Mailbox, mailEnv, startMailbox } from '../support/mailbox.ts'
import { authorizationUrl, basic, newPkce, obtainCode, post, redeem } from '../support/relying-party.ts'
import { providerYaml, startUpstream, type UpstreamProvider } from '../support/upstream-oidc.ts'
import { PASSWORDS, redeemed, sendRaw, startAfresh } from '../journeys/person.ts'
import { claimsOf, expectNobody, leaveFor, returnFrom } from '../upstream/journey.ts'

// Adding an institution to an account, and two accounts becoming one.

const PATH = '/account/institutions'
let server: TestServer
let college: UpstreamProvider
let agency: UpstreamProvider
let mailbox: Mailbox
beforeAll(async () => {
  ;[college, agency, mailbox] = await Promise.all([startUpstream(), startUpstream(), startMailbox()])
  server = await startTestServer({ env: { ...mailEnv(mailbox), PORTNER_TEST_FETCH: '1', PORTNER_DB_POOL: '100' } })
  await server.apply([providerYaml(college, 'college'), providerYaml(agency, 'agency')].join('---\n'))
})
afterAll(async () => {
  await server.close()
  await Promise.all([college, agency, mailbox].map((one) => one.close()))
})
let number = 0
beforeEach(async () => {
  number += 1
  college.person = { sub: `c${number}`, name: `Ada of college ${number}`, email: 'ada@college.example' }
  agency.person = { sub: `a${number}`, name: `Ada of the agency ${number}` }
  await startAfresh(server)
  mailbox.received.length = 0
})

/** Somebody new with an account through the agency, on their own account pages. */
async function newcomer(): Promise<{ readonly browser: Browser; readonly sub: string }> {
  const away = await leaveFor(server, 'agency', { scope: 'openid profile' })
  const { sub } = await claimsOf(server, await returnFrom(agency, away), away)
  return { browser: away.browser, sub: String(sub) }
}

/** On the account's page about institutions, as whoever is signed in in this browser. */
async function institutions(browser: Browser, query = ''): Promise<Page> {
  const page = await browser.open(`${PATH}?q=${query}`)
  // One click in the account chooser, where there is one.
  const account = /data-account="([^"]+)"/.exec(page.html)?.[1]
  return pageName(page) === 'chooser' ? browser.submit(page, 'account', { account: account ?? '' }) : page
}

/** Picks an institution to add: where the browser is sent. */
async function leaveToAdd(browser: Browser, provider = 'college'): Promise<Page> {
  return browser.submit(await institutions(browser, provider), 'csrf', { provider })
}

/** All the way to the question whether both are one person. */
async function toQuestion(browser: Browser): Promise<Page> {
  const left = await leaveToAdd(browser)
  expect(left.url).toContain(`${college.issuer}/authorize`)
  expect(new URL(left.url).searchParams.get('prompt')).toBe('login')
  return browser.open(await college.visit(left.url))
}

async function subThrough(upstream: UpstreamProvider, provider: string): Promise<string> {
  const away = await leaveFor(server, provider, { scope: 'openid profile' })
  return String((await claimsOf(server, await returnFrom(upstream, away), away))['sub'])
}

describe('adding an institution', () => {
  test('leads through it and a question back to the list; from then on both lead to the same sub', async () => {
    const { browser, sub } = await newcomer()
    const question = await toQuestion(browser)
    expect(viewName(question)).toBe('account-join')
    for (const words of [`Ada of the agency ${number}`, `Ada of college ${number}`]) expect(question.html).toContain(words)
    const done = await browser.submit(question, 'csrf', {})
    expect(textById(done, 'status')).toBe('You can sign in with it from now on.')
    expect(entries(done, 'institution').map(({ text }) => text.split(' Since')[0])).toEqual(['Upstream agency', 'Upstream college'])
    expect(await subThrough(college, 'college')).toBe(sub)
    expect(await subThrough(agency, 'agency')).toBe(sub)
  })

  test('is told to the owner by mail', async () => {
    const browser = newBrowser(server.issuer)
    await openAccount(browser, PATH)
    await browser.submit(await toQuestion(browser), 'csrf', {})
    const mail = await mailbox.next('ada@ntu.example')
    expect(mail.subject).toBe('A way to sign in was added')
    expect(mail.text).toContain('Upstream college')
    const { rows } = await sql<{ email: string; username: string }>`select claims->>'email' as email, username from users where username = 'ada'`.execute(server.ctx.db)
    // What the new institution says of the person does not change the account that leads to a new password.
    expect(rows).toEqual([{ email: 'ada@ntu.example', username: 'ada' }])
    await subThrough(college, 'college')
    expect((await sql<{ email: string }>`select claims->>'email' as email from users where username = 'ada'`.execute(server.ctx.db)).rows[0]?.email).toBe('ada@ntu.example')
  })

  test('twice says that it is there already', async () => {
    const { browser } = await newcomer()
    await browser.submit(await toQuestion(browser), 'csrf', {})
    expect(textById(await toQuestion(browser), 'status')).toBe('You could sign in with it already.')
  })

  test('asks for a recent sign-in', async () => {
    const { browser } = await newcomer()
    const list = await institutions(browser, 'college')
    await server.advance(700)
    const asked = await browser.submit(list, 'csrf', { provider: 'college' })
    await server.advance(-700)
    expect(viewName(asked)).toBe('account-again')
  })

  test('is done by no form but our own', async () => {
    const { browser } = await newcomer()
    const question = await toQuestion(browser)
    expect((await sendRaw(browser, question, { csrf: 'x' })).status).toBe(403)
    expect((await sendRaw(newBrowser(server.issuer), question, { csrf: 'x' })).status).toBeGreaterThanOrEqual(400)
    expect((await server.ctx.db.selectFrom('users').select('user_id').where('claims', '@>', JSON.stringify({ name: `Ada of college ${number}` }) as never).execute()).length).toBe(1)
  })
})

describe('an attacker', () => {
  test('cannot have their institution added by another’s browser: the answer is of the browser that left', async () => {
    const { browser: attacker } = await newcomer()
    const left = await leaveToAdd(attacker)
    const answer = await college.visit(left.url)
    agency.person = { sub: `victim-${number}`, name: 'Vera Victim' }
    const { browser: victim, sub } = await newcomer()
    const page = await victim.open(answer)
    expect([page.status, pageName(page)]).toEqual([400, 'upstream'])
    expect(await subThrough(college, 'college')).not.toBe(sub)
  })

  test('cannot lend a ticket: it is sealed for the browser that left', async () => {
    const { browser: attacker } = await newcomer()
    const question = await toQuestion(attacker)
    agency.person = { sub: `victim-${number}`, name: 'Vera Victim' }
    const { browser: victim } = await newcomer()
    expect(textById(await victim.open(question.url), 'status')).toContain('Nothing was changed')
  })

  test('cannot use a ticket for one provider with an account of another', async () => {
    const { browser } = await newcomer()
    const question = await toQuestion(browser)
    agency.person = { sub: `second-${number}`, name: 'Second of the agency' }
    const chooser = await browser.open('/account/switch')
    const other = await browser.open(`${new URL(chooser.url).pathname.replace(/\/[^/]*$/, '')}/login?provider=agency`)
    const account = await browser.open(await agency.visit(other.url))
    expect(account.html).toContain('Second of the agency')
    expect(textById(await browser.open(question.url), 'status')).toContain('Nothing was changed')
  })
})

describe('two accounts', () => {
  test('become the older one: its sub stays, the other’s tokens die, its password is gone, consents come over, its id leads on', async () => {
    const kai = newBrowser(server.issuer)
    const { body: tokens } = await redeem(server.issuer, await obtainCode(server.issuer, kai, { scope: 'openid profile offline_access' }, 'kai'))
    const kaiSub = (JSON.parse(Buffer.from(String(tokens['id_token']).split('.')[1] ?? '', 'base64url').toString()) as { sub: string }).sub
    const active = async () => (await post(server.issuer, '/oauth/introspection', { token: String(tokens['access_token']) }, { authorization: basic('planner') })).body['active']
    expect(await active()).toBe(true)
    await sql`update users set created_at = created_at - interval '1 minute' where username = 'ada'`.execute(server.ctx.db)
    const browser = newBrowser(server.issuer)
    await openAccount(browser, PATH)
    const login = await leaveToAdd(browser, 'lunmal')
    const question = await browser.submit(login, 'username', { username: 'kai', password: PASSWORDS['kai'] ?? '' })
    expect(viewName(question)).toBe('account-join')
    const done = await browser.submit(question, 'csrf', {})
    expect(textById(done, 'status')).toBe('Your two accounts are one now.')
    expect(await active()).toBe(false)
    await expectNobody(server, kai)
    const again = newBrowser(server.issuer)
    const discovery = await again.open(authorizationUrl(server.issuer, newPkce()))
    const refused = await again.open(`${new URL(discovery.url).pathname.replace(/[^/]*$/, 'login')}?provider=lunmal`)
    expect((await again.submit(refused, 'username', { username: 'kai', password: PASSWORDS['kai'] ?? '' })).status).toBe(401)
    const ada = (await sql<{ user_id: string }>`select user_id from users where username = 'ada'`.execute(server.ctx.db)).rows[0]?.user_id
    expect((await findUser(server.ctx.db, kaiSub))?.userId).toBe(ada)
    expect((await findUsers(server.ctx.db, [kaiSub])).map(({ userId }) => userId)).toEqual([ada])
    // What kai had let the planner have, ada has let it have: nothing is asked.
    const pkce = newPkce()
    const silent = await browser.open(authorizationUrl(server.issuer, pkce, { scope: 'openid profile offline_access', prompt: 'none' }))
    expect((await redeemed(server.issuer, silent, pkce)).claims['sub']).toBe(ada)
  })

  async function person(): Promise<string> {
    number += 1
    return (await findOrCreateUser(server.ctx.db, { providerId: 'agency', issuer: 'i', subject: `made-${number}`, organizationId: undefined, claims: { name: `Made ${number}` }, groups: undefined })).userId
  }

  test('merged a hundred times at once, either way round, are merged once', async () => {
    const [one, other] = [await person(), await person()]
    const merged = await Promise.all(Array.from({ length: 100 }, (_, i) => (i % 2 === 0 ? mergeUsers(server.ctx, one, other) : mergeUsers(server.ctx, other, one))))
    expect(merged.filter((result) => result !== undefined)).toEqual([{ survivor: one, loser: other }])
  })

  test('merged in a chain all lead to the oldest', async () => {
    const people = [await person(), await person(), await person()]
    await mergeUsers(server.ctx, people[1] ?? '', people[2] ?? '')
    await mergeUsers(server.ctx, people[0] ?? '', people[1] ?? '')
    for (const id of people) expect((await findUser(server.ctx.db, id))?.userId).toBe(people[0])
    expect(await mergeUsers(server.ctx, people[0] ?? '', people[2] ?? '')).toBeUndefined()
    // Its tokens stay dead: nobody unlocks what is nobody's account any more.
    expect(await setUserStatus(server.ctx.db, people[2] ?? '', 'active')).toBe(false)
  })

  test('bring along what each let a client have, also what both said yes to on one way', async () => {
    const [one, other] = [await person(), await person()]
    const clientKey = (await sql<{ client_key: string }>`select client_key from clients where client_id = 'planner'`.execute(server.ctx.db)).rows[0]?.client_key ?? ''
    const authorizationDetails = [{ type: 'note' }]
    await saveConsent(server.ctx, server.ctx.db, other, clientKey, { granted: ['openid'], declined: [], authorizationDetails })
    await noteUse(server.ctx, other, clientKey, ['openid'])
    const requestId = newRowId(server.ctx.clock.now())
    for (const userId of [one, other]) await createConsent(server.ctx, server.ctx.db, { userId, clientKey, requestId, terms: { scopes: ['look'], purpose: ['look'] } })
    expect(await mergeUsers(server.ctx, one, other)).toEqual({ survivor: one, loser: other })
    expect(await listConsentObjects(server.ctx, one)).toHaveLength(2)
    expect(await findConsent(server.ctx.db, one, clientKey)).toMatchObject({ granted: ['openid'], authorizationDetails })
    expect((await listConsents(server.ctx, one))[0]?.scopeUses.has('openid')).toBe(true)
  })

  test('that are one already, or not there, are not merged', async () => {
    const one = await person()
    expect(await mergeUsers(server.ctx, one, one)).toBeUndefined()
    expect(await mergeUsers(server.ctx, one, '00000000-0000-4000-8000-000000000000')).toBeUndefined()
  })
})

describe('taking an institution away', () => {
  test('leaves the others; the last one stays', async () => {
    const { browser, sub } = await newcomer()
    const list = await browser.submit(await toQuestion(browser), 'csrf', {})
    const row = entries(list, 'institution').find(({ text }) => text.includes('college'))
    const done = await browser.submit(await browser.open(row?.href ?? ''), 'csrf', {})
    expect(textById(done, 'status')).toBe('You can no longer sign in with it.')
    expect(done.html).toContain('This is your only way to sign in')
    expect(await subThrough(college, 'college')).not.toBe(sub)
    const last = entries(done, 'institution')[0]
    const refused = await browser.submit(await browser.open(`${PATH}/${last?.id}/remove`), 'csrf', {})
    expect([refused.status, textById(refused, 'status')]).toEqual([409, 'It was not removed: it is your only way to sign in.'])
    expect(await subThrough(agency, 'agency')).toBe(sub)
  })

  test('of two at once, the last two, one stays', async () => {
    const { browser, sub } = await newcomer()
    const list = await browser.submit(await toQuestion(browser), 'csrf', {})
    const ids = entries(list, 'institution').map(({ id }) => id)
    expect(ids).toHaveLength(2)
    const results = await Promise.all(Array.from({ length: 20 }, (_, i) => unlinkIdentity(server.ctx, sub, ids[i % 2] ?? '', '00000000-0000-4000-8000-000000000000')))
    expect(results.filter((result) => result === 'done')).toHaveLength(1)
    expect((await sql`select from identities where user_id = ${sub}`.execute(server.ctx.db)).rows).toHaveLength(1)
  })

  test('that is another’s is not there', async () => {
    const { browser: owner } = await newcomer()
    const [row] = entries(await institutions(owner), 'institution')
    agency.person = { sub: `other-${number}`, name: 'Other' }
    const { browser } = await newcomer()
    await institutions(browser)
    expect((await browser.open(`${PATH}/${row?.id}/remove`)).status).toBe(404)
  })
})

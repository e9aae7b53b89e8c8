import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { mergeUsers, staysOf } from '../../src/signin/merge.ts'
import { deleteEndedManagedGrants } from '../../src/users/managed-grants.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { openAccount, entries } from '../support/account.ts'
import { type Browser, newBrowser } from '../support/browser.ts'
import { answerOf, authorizationUrl, basic, get, type JsonAnswer, newPkce, type Parameters, post, walk } from '../support/relying-party.ts'
import { SECRET } from '../support/world.ts'

// Grant Management for OAuth 2.0: a client names what a person let it do, changes it, asks about it and ends it.

const CALLBACK = 'https://bank.example.org/callback'
const CALENDAR = 'https://calendar.example.org'
const GRADES = 'https://grades.example.org'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
  const client = (id: string, more: string): string => `kind: client\nclient_id: ${id}\nclient_name: ${id}\nredirect_uris: [${CALLBACK}]\nscope: openid profile email gk_calendar gk_calendar_write gk_grades offline_access grant_management_query grant_management_revoke\n${more}`
  const confidential = `client_secret: { value: ${SECRET} }\ngrant_types: [authorization_code, refresh_token, client_credentials, 'urn:ietf:params:oauth:grant-type:device_code', 'urn:ietf:params:oauth:grant-type:token-exchange']\n`
  await server.apply([client('bank', confidential), client('other', confidential), client('public', 'application_type: spa\ngrant_types: [authorization_code]\n'), client('hybrid', `${confidential.replace('[', '[implicit, ')}response_types: [code, code token]\ncompatibility: [implicit]\n`)].join('---\n'))
})
afterAll(() => server.close())

interface Got {
  readonly answer: JsonAnswer
  readonly grantId: string
  readonly access: string
  readonly refresh: string
}

/** A code of `bank`, not redeemed yet. */
async function ask(browser: Browser, parameters: Parameters, username = 'ada'): Promise<{ readonly params: URLSearchParams; readonly redeem: () => Promise<JsonAnswer> }> {
  const pkce = newPkce()
  const clientId = parameters['client_id'] ?? 'bank'
  const page = await walk(browser, await browser.open(authorizationUrl(server.issuer, pkce, { client_id: clientId, redirect_uri: CALLBACK, scope: 'openid gk_calendar', ...parameters })), username)
  const params = answerOf(page)
  const redeem = (): Promise<JsonAnswer> => post(server.issuer, '/oauth/token', { grant_type: 'authorization_code', code: params.get('code') ?? '', redirect_uri: CALLBACK, code_verifier: pkce.verifier }, { authorization: basic(clientId) })
  return { params, redeem }
}

async function grant(browser: Browser, parameters: Parameters, username?: string): Promise<Got> {
  const { params, redeem } = await ask(browser, parameters, username)
  const answer = await redeem()
  expect(answer.status, `${params} ${answer.text}`).toBe(200)
  return { answer, grantId: String(answer.body['grant_id']), access: String(answer.body['access_token']), refresh: String(answer.body['refresh_token']) }
}

const create = (browser: Browser, parameters: Parameters = {}, username?: string): Promise<Got> => grant(browser, { grant_management_action: 'create', ...parameters }, username)

async function managerToken(clientId = 'bank', scope = 'grant_management_query grant_management_revoke'): Promise<string> {
  return String((await post(server.issuer, '/oauth/token', { grant_type: 'client_credentials', scope }, { authorization: basic(clientId) })).body['access_token'])
}

async function query(grantId: string, token?: string): Promise<JsonAnswer> {
  return get(server.issuer, `/oauth/grants/${grantId}`, { authorization: `Bearer ${token ?? (await managerToken())}` })
}

async function end(grantId: string, token?: string): Promise<number> {
  return (await fetch(`${server.issuer}/oauth/grants/${grantId}`, { method: 'DELETE', headers: { authorization: `Bearer ${token ?? (await managerToken())}` } })).status
}

async function isActive(token: string): Promise<unknown> {
  return (await post(server.issuer, '/oauth/introspection', { token }, { authorization: basic('bank') })).body['active']
}

function refresh(refreshToken: string): Promise<JsonAnswer> {
  return post(server.issuer, '/oauth/token', { grant_type: 'refresh_token', refresh_token: refreshToken }, { authorization: basic('bank') })
}

test('metadata says where and what', async () => {
  expect((await get(server.issuer, '/.well-known/openid-configuration')).body).toMatchObject({ grant_management_endpoint: `${server.issuer}/oauth/grants`, grant_management_actions_supported: ['create', 'merge', 'update', 'replace', 'query', 'revoke'], grant_management_action_required: false })
})

describe('a grant', () => {
  test('is made with an id that comes with the tokens, and again with each refresh', async () => {
    const { grantId, refresh: token } = await create(newBrowser(server.issuer))
    expect(grantId).toMatch(/^[A-Za-z0-9_-]{32}$/)
    expect((await refresh(token)).body['grant_id']).toBe(grantId)
  })

  test('tells what it has in it, and nothing of the person or the tokens', async () => {
    const claims = JSON.stringify({ userinfo: { email: null } })
    const { grantId } = await create(newBrowser(server.issuer), { scope: 'openid email gk_calendar', resource: CALENDAR, claims })
    const answer = await query(grantId)
    expect(answer.status).toBe(200)
    expect(answer.headers.get('cache-control')).toContain('no-store')
    expect(answer.body).toEqual({ scopes: [{ scope: 'openid email gk_calendar', resource: [CALENDAR] }], claims: ['email'], created_at: expect.any(Number), last_updated_at: expect.any(Number), updated_by: 'client' })
  })

  test('is not made without the action, and each has its own', async () => {
    const browser = newBrowser(server.issuer)
    expect((await grant(browser, {})).answer.body).not.toHaveProperty('grant_id')
    const [one, two] = [await create(browser), await create(browser, { scope: 'gk_grades' })]
    expect(one.grantId).not.toBe(two.grantId)
    expect(await end(one.grantId)).toBe(204)
    expect([await isActive(one.access), await isActive(two.access)]).toEqual([false, true])
    expect((await query(two.grantId)).body).toMatchObject({ scopes: [{ scope: 'gk_grades' }] })
  })

  test('is not named to who got an exchanged token', async () => {
    const { access } = await create(newBrowser(server.issuer))
    const exchanged = await post(server.issuer, '/oauth/token', { grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange', subject_token: access, subject_token_type: 'urn:ietf:params:oauth:token-type:access_token', resource: CALENDAR }, { authorization: basic('bank') })
    expect(exchanged).toMatchObject({ status: 200 })
    expect(exchanged.body).not.toHaveProperty('grant_id')
  })
})

describe.each(['merge', 'update'])('%s', (action) => {
  test('adds to the grant; the tokens from before end, the new ones have all of it', async () => {
    const browser = newBrowser(server.issuer)
    const before = await create(browser, { resource: CALENDAR, claims: JSON.stringify({ userinfo: { given_name: null } }), scope: 'openid profile gk_calendar' })
    await server.advance(100)
    const after = await grant(browser, { grant_management_action: action, grant_id: before.grantId, scope: 'gk_grades', resource: GRADES })
    expect(after.grantId).toBe(before.grantId)
    expect(String(after.answer.body['scope']).split(' ').toSorted()).toEqual(['gk_calendar', 'gk_grades', 'openid', 'profile'])
    expect([await isActive(before.access), await isActive(after.access)]).toEqual([false, true])
    expect(await refresh(before.refresh)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    expect(await refresh(after.refresh)).toMatchObject({ status: 200 })
    const { body } = await query(before.grantId)
    expect(body).toMatchObject({ scopes: [{ scope: 'gk_calendar gk_grades openid profile', resource: [CALENDAR, GRADES] }], claims: ['given_name'] })
    expect(Number(body['last_updated_at']) - Number(body['created_at'])).toBeGreaterThanOrEqual(100)
  })
})

test('what was merged at once all counts, and one of the answers lives', async () => {
  const browser = newBrowser(server.issuer)
  const { grantId } = await create(browser, { scope: 'openid' })
  const change = { grant_management_action: 'merge', grant_id: grantId }
  const codes = [await ask(browser, { ...change, scope: 'profile' }), await ask(browser, { ...change, scope: 'email' }), await ask(browser, { ...change, scope: 'gk_grades' })]
  const answers = await Promise.all(codes.map(({ redeem }) => redeem()))
  expect((await query(grantId)).body['scopes']).toEqual([{ scope: 'email gk_grades openid profile' }])
  expect(await Promise.all(answers.map(({ body }) => isActive(String(body['access_token']))))).toEqual([false, false, true])
})

test('replace leaves what was asked and nothing else', async () => {
  const browser = newBrowser(server.issuer)
  const before = await create(browser, { scope: 'openid profile gk_calendar' })
  const after = await grant(browser, { grant_management_action: 'replace', grant_id: before.grantId, scope: 'gk_grades' })
  expect(after.answer.body).toMatchObject({ grant_id: before.grantId, scope: 'gk_grades' })
  expect((await query(before.grantId)).body['scopes']).toEqual([{ scope: 'gk_grades' }])
  expect([await isActive(before.access), await isActive(after.access)]).toEqual([false, true])
})

test('a code kept back does not undo what the person said after it', async () => {
  const browser = newBrowser(server.issuer)
  const { grantId } = await create(browser, { scope: 'openid profile gk_calendar' })
  const kept: (() => Promise<JsonAnswer>)[] = []
  for (const [action, scope] of [['replace', 'gk_calendar'], ['merge', 'email'], ['replace', 'gk_grades']] as const) {
    kept.push((await ask(browser, { grant_management_action: action, grant_id: grantId, scope })).redeem)
    await server.advance(1)
  }
  const [replacedFirst, mergedThen, replacedLast] = kept
  const last = await replacedLast?.()
  for (const redeem of [replacedFirst, mergedThen]) expect(await redeem?.()).toMatchObject({ status: 400, body: { error: 'invalid_grant', error_description: expect.stringContaining('changed by a later request') as unknown } })
  expect([(await query(grantId)).body['scopes'], await isActive(String(last?.body['access_token']))]).toEqual([[{ scope: 'gk_grades' }], true])
  // What replaces comes after what added; what adds may come after another that adds.
  const [early, added] = [await ask(browser, { grant_management_action: 'replace', grant_id: grantId, scope: 'profile' }), await ask(browser, { grant_management_action: 'merge', grant_id: grantId, scope: 'email' })]
  expect((await added.redeem()).status).toBe(200)
  expect((await early.redeem()).body['error']).toBe('invalid_grant')
  expect((await query(grantId)).body['scopes']).toEqual([{ scope: 'email gk_grades' }])
})

test('what nobody fetched changes nothing', async () => {
  const browser = newBrowser(server.issuer)
  const before = await create(browser, { scope: 'openid profile' })
  await ask(browser, { grant_management_action: 'replace', grant_id: before.grantId, scope: 'gk_grades' })
  expect((await query(before.grantId)).body['scopes']).toEqual([{ scope: 'openid profile' }])
  expect(await isActive(before.access)).toBe(true)
})

describe('ending a grant', () => {
  test('ends its tokens, and it is gone', async () => {
    const browser = newBrowser(server.issuer)
    const { grantId, access, refresh: token } = await create(browser)
    const waiting = await ask(browser, { grant_management_action: 'merge', grant_id: grantId, scope: 'email' })
    expect(await end(grantId)).toBe(204)
    expect(await isActive(access)).toBe(false)
    expect(await refresh(token)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    expect([(await query(grantId)).status, await end(grantId)]).toEqual([404, 404])
    expect(await waiting.redeem()).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    expect((await ask(browser, { grant_management_action: 'merge', grant_id: grantId })).params.get('error')).toBe('invalid_grant_id')
  })

  test('of a hundred at once one ends it', async () => {
    const { grantId } = await create(newBrowser(server.issuer))
    const token = await managerToken()
    const statuses = await Promise.all(Array.from({ length: 100 }, () => end(grantId, token)))
    expect(statuses.toSorted()).toEqual([204, ...Array.from({ length: 99 }, () => 404)])
  })

  test('is done by the person, too, who takes everything back from the client', async () => {
    const browser = newBrowser(server.issuer)
    const { grantId } = await create(browser, {}, 'lin')
    const page = await openAccount(browser, '/account/applications', 'lin')
    const row = entries(page, 'application').find(({ text }) => text.includes('bank'))
    await browser.submit(await browser.open(`/account/applications/${row?.id}/remove`), 'csrf', {})
    expect((await query(grantId)).status).toBe(404)
    expect((await ask(browser, { grant_management_action: 'merge', grant_id: grantId }, 'lin')).params.get('error')).toBe('invalid_grant_id')
  })
})

test('a merge does not bring back what the client may no longer have', async () => {
  const browser = newBrowser(server.issuer)
  const { grantId } = await create(browser, { scope: 'openid email gk_grades' })
  await sql`update consents set granted = array_remove(granted, 'email') where 'email' = any(granted)`.execute(server.ctx.db)
  expect((await query(grantId)).body['scopes']).toEqual([{ scope: 'openid gk_grades' }])
  const after = await grant(browser, { grant_management_action: 'merge', grant_id: grantId, scope: 'gk_calendar' })
  expect(String(after.answer.body['scope']).split(' ').toSorted()).toEqual(['gk_calendar', 'gk_grades', 'openid'])
  expect((await query(grantId)).body['scopes']).toEqual([{ scope: 'gk_calendar gk_grades openid' }])
})

describe('a stranger', () => {
  test('to a grant is another client: 404, and invalid_grant_id', async () => {
    const browser = newBrowser(server.issuer)
    const { grantId, access } = await create(browser)
    const theirs = await managerToken('other')
    expect([(await query(grantId, theirs)).status, await end(grantId, theirs)]).toEqual([404, 404])
    for (const action of ['merge', 'replace']) expect((await ask(browser, { client_id: 'other', grant_management_action: action, grant_id: grantId })).params.get('error')).toBe('invalid_grant_id')
    expect(await isActive(access)).toBe(true)
  })

  test('is another person at the same client', async () => {
    const { grantId } = await create(newBrowser(server.issuer))
    const { params } = await ask(newBrowser(server.issuer), { grant_management_action: 'merge', grant_id: grantId, scope: 'gk_calendar' }, 'kai')
    expect([params.get('error'), params.get('state'), params.has('code')]).toEqual(['invalid_grant_id', 'the-state', false])
  })

  test('is the token of another person', async () => {
    const scope = 'openid grant_management_query grant_management_revoke'
    const ada = await create(newBrowser(server.issuer), { scope })
    const kai = await create(newBrowser(server.issuer), { scope }, 'kai')
    expect([(await query(ada.grantId, kai.access)).status, await end(ada.grantId, kai.access), (await query(ada.grantId, ada.access)).status]).toEqual([404, 404, 200])
    expect(await end(ada.grantId, ada.access)).toBe(204)
  })

  test('has no token, or one that opens something else', async () => {
    const { grantId } = await create(newBrowser(server.issuer))
    expect((await get(server.issuer, `/oauth/grants/${grantId}`)).status).toBe(401)
    expect(await query(grantId, 'ptr_at_nonsense')).toMatchObject({ status: 401, body: { error: 'invalid_token' } })
    expect(await query(grantId, await managerToken('bank', 'grant_management_revoke'))).toMatchObject({ status: 403, body: { error: 'insufficient_scope' } })
    expect(await end(grantId, await managerToken('bank', 'grant_management_query'))).toBe(403)
    const narrow = await post(server.issuer, '/oauth/token', { grant_type: 'client_credentials', scope: 'grant_management_query', resource: CALENDAR }, { authorization: basic('bank') })
    expect((await query(grantId, String(narrow.body['access_token']))).status).toBe(401)
    for (const id of ['x', "'", 'a'.repeat(32), 'a'.repeat(190)]) expect((await query(id)).status, id).toBe(404)
  })
})

describe('a request', () => {
  const wrong: readonly (readonly [string, Parameters, string])[] = [
    ['with an action that there is not', { grant_management_action: 'drop' }, 'invalid_request'],
    ['that merges nothing in particular', { grant_management_action: 'merge' }, 'invalid_request'],
    ['that replaces nothing in particular', { grant_management_action: 'replace' }, 'invalid_request'],
    ['that makes what has an id already', { grant_management_action: 'create', grant_id: 'a'.repeat(32) }, 'invalid_request'],
    ['that names a grant and does nothing', { grant_id: 'a'.repeat(32) }, 'invalid_request'],
    ['for a grant that nobody knows', { grant_management_action: 'merge', grant_id: 'a'.repeat(32) }, 'invalid_grant_id'],
    ['for what can be no grant', { grant_management_action: 'replace', grant_id: "'; --" }, 'invalid_grant_id'],
    ['of a public client', { client_id: 'public', grant_management_action: 'create' }, 'unauthorized_client'],
    ['for a token through the browser', { client_id: 'hybrid', response_type: 'code token', grant_management_action: 'create' }, 'invalid_request'],
  ]

  test.each(wrong)('%s is refused', async (_, parameters, error) => {
    const { params } = await ask(newBrowser(server.issuer), { prompt: 'none', ...parameters })
    expect([params.get('error'), params.get('state')]).toEqual([error, 'the-state'])
  })

  test('that was pushed hears of it at once', async () => {
    const pushed = { client_id: 'bank', response_type: 'code', redirect_uri: CALLBACK, scope: 'openid', code_challenge: newPkce().challenge, code_challenge_method: 'S256', grant_management_action: 'merge', grant_id: 'a'.repeat(32) }
    expect(await post(server.issuer, '/oauth/par', pushed, { authorization: basic('bank') })).toMatchObject({ status: 400, body: { error: 'invalid_grant_id' } })
  })

  test('of a device cannot manage grants, and says so', async () => {
    expect(await post(server.issuer, '/oauth/device_authorization', { scope: 'openid', grant_management_action: 'create' }, { authorization: basic('bank') })).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
  })
})

test('of two accounts that become one, the grants are those of the one', async () => {
  const { ctx } = server
  const { rows } = await sql<{ username: string; user_id: string }>`select username, user_id from users where username in ('lin', 'kai')`.execute(ctx.db)
  const idOf = (username: string): string => rows.find((row) => row.username === username)?.user_id ?? ''
  const { survivor } = await staysOf(ctx, idOf('lin'), idOf('kai'))
  const [stays, goes] = survivor === idOf('lin') ? ['lin', 'kai'] : ['kai', 'lin']
  // Both use the client: what one of them had taken back would stay taken back.
  await create(newBrowser(server.issuer), { scope: 'openid' }, stays)
  const { grantId } = await create(newBrowser(server.issuer), { scope: 'openid profile' }, goes)
  await mergeUsers(ctx, idOf('lin'), idOf('kai'))
  const after = await grant(newBrowser(server.issuer), { grant_management_action: 'merge', grant_id: grantId, scope: 'email' }, stays)
  expect(String(after.answer.body['scope']).split(' ').toSorted()).toEqual(['email', 'openid', 'profile'])
})

test('a grant that ended is forgotten after a month, one that goes on is not', async () => {
  const [ended, lasting] = [await create(newBrowser(server.issuer)), await create(newBrowser(server.issuer))]
  await end(ended.grantId)
  await server.advance(29 * 86_400)
  expect(await deleteEndedManagedGrants(server.ctx, 100)).toBe(0)
  await server.advance(2 * 86_400)
  expect(await deleteEndedManagedGrants(server.ctx, 100)).toBeGreaterThan(0)
  expect([(await query(ended.grantId)).status, (await query(lasting.grantId)).status]).toEqual([404, 200])
})

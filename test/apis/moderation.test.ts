import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { approveForRealm, deleteApprovals, refuseForRealm, replaceApprovals } from '../../src/apis/organization-approvals.ts'
import { type Decision, findRequestStates, grantScope, refuseScope, withdrawScope } from '../../src/apis/requests.ts'
import { removeApi } from '../../src/apis/remove-api.ts'
import { readClient } from '../../src/clients/store.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { basic, post } from '../support/relying-party.ts'
import { apis, arrive, HOME, OPEN, register, system, told, type Wisher } from './stage.ts'

// A client names the scopes that it wishes for; others say which of them it has: the owner of the API, or each organization for its people.

let server: TestServer
beforeAll(async () => {
  server = await startTestServer({ env: OPEN })
  await server.apply(apis)
})
afterAll(() => server.close())

async function about(wisher: Wisher, scope: string): Promise<Decision & { readonly realm: string }> {
  const client = await readClient(server.ctx.db, wisher.id)
  return { clientKey: client?.key ?? '', clientId: wisher.id, scope, by: undefined, realm: 'ntu.example' }
}

async function grant(wisher: Wisher, ...scopes: readonly string[]): Promise<void> {
  for (const scope of scopes) expect(await grantScope(server.ctx, await about(wisher, scope))).toBe(true)
}

async function approve(wisher: Wisher, realm: string, ...scopes: readonly string[]): Promise<void> {
  for (const scope of scopes) expect(await approveForRealm(server.ctx, { ...(await about(wisher, scope)), realm }, scope)).toBe(true)
}

async function scopesFor(wisher: Wisher, username: string, scope: string): Promise<string> {
  return String((await (await arrive(server, wisher, username, scope)).finish()).body['scope'])
}

describe('a wish', () => {
  test('is granted at once where the API asks nobody, and waits where its owner decides', async () => {
    const wisher = await register(server, 'openid gk_exams gk_exams_write')
    expect(await scopesFor(wisher, 'ada', 'openid gk_exams gk_exams_write')).toBe('openid gk_exams')
    await grant(wisher, 'gk_exams_write')
    expect(await scopesFor(wisher, 'ada', 'openid gk_exams gk_exams_write')).toBe('openid gk_exams gk_exams_write')
  })

  test('that is not granted is not on the consent page', async () => {
    const wisher = await register(server, 'openid gk_exams gk_exams_write')
    const { page } = await arrive(server, wisher, 'ada', 'openid gk_exams gk_exams_write')
    expect([page.html.includes('Exams'), page.html.includes('Register for exams')]).toEqual([true, false])
  })

  test('of which nothing is left is invalid_scope, and the log names who has to approve it', async () => {
    const wisher = await register(server, 'openid gk_vault')
    const answer = await fetch(`${server.issuer}/oauth/authorization?${new URLSearchParams({ client_id: wisher.id, redirect_uri: HOME, response_type: 'code', scope: 'gk_vault', code_challenge: 'x'.repeat(43), code_challenge_method: 'S256' })}`, { redirect: 'manual' })
    expect(answer.headers.get('location')).toContain('error=invalid_scope')
    expect(await system(server, wisher, { scope: 'gk_vault' })).toMatchObject({ status: 400, body: { error: 'invalid_scope' } })
    expect(server.logged()).toContain('scope.not_approved gk_vault approver=lunmal')
  })

  test('for an API that nobody declares is worth nothing', async () => {
    const wisher = await register(server, 'openid gk_nobodys')
    expect(await system(server, wisher, { scope: 'gk_nobodys' })).toMatchObject({ status: 400, body: { error: 'invalid_scope' } })
  })

  test('of a client that an operator wrote down, or that the API’s owner runs, waits for no owner', async () => {
    await server.apply('kind: client\nclient_id: declared\nclient_secret: { value: a-secret-for-tests-with-128-bits-5f2d }\nclient_name: Declared\napplication_type: service\nscope: gk_vault\n')
    const { body } = await post(server.issuer, '/oauth/token', { grant_type: 'client_credentials' }, { authorization: basic('declared') })
    expect(body['scope']).toBe('gk_vault')
  })

  test('that is taken out of the registration is forgotten, and asked for anew', async () => {
    const wisher = await register(server, 'openid gk_exams gk_exams_write')
    await grant(wisher, 'gk_exams_write')
    for (const scope of ['openid gk_exams', 'openid gk_exams gk_exams_write']) {
      const changed = await fetch(wisher.registration.uri, { method: 'PUT', headers: { 'content-type': 'application/json', authorization: `Bearer ${wisher.registration.token}` }, body: JSON.stringify({ client_id: wisher.id, redirect_uris: [HOME], grant_types: ['authorization_code', 'client_credentials'], scope }) })
      expect(changed.status).toBe(200)
    }
    expect((await findRequestStates(server.ctx, (await about(wisher, '')).clientKey)).get('gk_exams_write')).toBe('requested')
  })
})

describe('what was granted and is taken back', () => {
  test('is gone from live tokens within a second, from refreshes, and from what is asked next', async () => {
    const wisher = await register(server, 'openid offline_access gk_exams gk_exams_write')
    await grant(wisher, 'gk_exams_write')
    const { body } = await (await arrive(server, wisher, 'ada', 'openid offline_access gk_exams gk_exams_write')).finish()
    expect(await told(server, body['access_token'])).toMatchObject({ active: true, scope: 'openid offline_access gk_exams gk_exams_write' })
    expect(await withdrawScope(server.ctx, await about(wisher, 'gk_exams_write'), 'It was misused')).toBe(true)
    expect(await told(server, body['access_token'])).toMatchObject({ active: true, scope: 'openid offline_access gk_exams' })
    const refreshed = await post(server.issuer, '/oauth/token', { grant_type: 'refresh_token', refresh_token: String(body['refresh_token']) }, { authorization: basic(wisher.id, wisher.secret) })
    expect(refreshed).toMatchObject({ status: 200, body: { scope: 'openid offline_access gk_exams' } })
    expect(await scopesFor(wisher, 'ada', 'openid gk_exams gk_exams_write')).toBe('openid gk_exams')
  })

  test('takes its parts with it: whoever may not come in has no part of an API', async () => {
    const wisher = await register(server, 'gk_exams gk_exams_write')
    await grant(wisher, 'gk_exams_write')
    expect((await system(server, wisher)).body['scope']).toBe('gk_exams gk_exams_write')
    expect(await withdrawScope(server.ctx, await about(wisher, 'gk_exams'), 'No more')).toBe(true)
    expect((await system(server, wisher)).body['scope']).toBe('')
  })

  test('stays away from a client that an operator wrote down, too', async () => {
    await server.apply('kind: client\nclient_id: barred\nclient_secret: { value: a-secret-for-tests-with-128-bits-5f2d }\nclient_name: Barred\napplication_type: service\nscope: gk_vault\n')
    expect(await withdrawScope(server.ctx, await about({ id: 'barred', secret: '', registration: { uri: '', token: '' } }, 'gk_vault'), 'No')).toBe(true)
    expect((await post(server.issuer, '/oauth/token', { grant_type: 'client_credentials' }, { authorization: basic('barred') })).body['scope']).toBe('')
  })
})

describe('what organizations decide about', () => {
  const ALL = 'openid gk_exams gk_exams_results'

  test('is had of the people of an organization that approves, not of another’s, nor of people who belong nowhere', async () => {
    const wisher = await register(server, ALL)
    expect(await scopesFor(wisher, 'ada', ALL)).toBe('openid gk_exams')
    await approve(wisher, 'ntu.example', 'gk_exams_results')
    expect(await scopesFor(wisher, 'ada', ALL)).toBe(ALL)
    expect(await scopesFor(wisher, 'kai', ALL)).toBe('openid gk_exams')
    expect(await scopesFor(wisher, 'nora', ALL)).toBe('openid gk_exams')
  })

  test('stands on the consent page for those only who can give it', async () => {
    const wisher = await register(server, ALL)
    await approve(wisher, 'ntu.example', 'gk_exams_results')
    const [ada, kai] = [await arrive(server, wisher, 'ada', ALL), await arrive(server, wisher, 'kai', ALL)]
    expect([ada.page.html.includes('Your results'), kai.page.html.includes('Your results')]).toEqual([true, false])
  })

  test('needs every realm of a person who belongs to two', async () => {
    const wisher = await register(server, ALL)
    await approve(wisher, 'ntu.example', 'gk_exams_results')
    const { rows } = await sql<{ user_id: string }>`select user_id from users where username = 'lin'`.execute(server.ctx.db)
    await sql`insert into identities (provider_id, issuer, subject, user_id) values ('lunmal', ${server.issuer}, 'lin-at-lunmal', ${rows[0]?.user_id})`.execute(server.ctx.db)
    expect(await scopesFor(wisher, 'lin', ALL)).toBe('openid gk_exams')
    await approve(wisher, 'lunmal.example', 'gk_exams_results')
    expect(await scopesFor(wisher, 'lin', ALL)).toBe(ALL)
  })

  test('is nobody’s whom the API does not ask, whatever their organization says', async () => {
    const wisher = await register(server, 'openid gk_exams gk_exams_people')
    await approve(wisher, 'lunmal.example', 'gk_exams_people')
    expect(await scopesFor(wisher, 'kai', 'openid gk_exams gk_exams_people')).toBe('openid gk_exams')
  })

  test('is asked of the organization of whoever signs in, also for a client that an operator wrote down', async () => {
    await server.apply(`kind: client\nclient_id: written\nclient_secret: { value: a-secret-for-tests-with-128-bits-5f2d }\nclient_name: Written\nredirect_uris: [${HOME}]\nscope: ${ALL}\norganization: ntu\n`)
    expect(await scopesFor({ id: 'written', secret: 'a-secret-for-tests-with-128-bits-5f2d', registration: { uri: '', token: '' } }, 'kai', ALL)).toBe('openid gk_exams')
  })

  test('is no system’s, unless the API says so and its owner lets this one have it', async () => {
    const wisher = await register(server, 'gk_exams gk_exams_results gk_exams_export')
    await approve(wisher, 'ntu.example', 'gk_exams_results', 'gk_exams_export')
    expect((await system(server, wisher)).body['scope']).toBe('gk_exams')
    expect(await system(server, wisher, { scope: 'gk_exams gk_exams_results' })).toMatchObject({ status: 200, body: { scope: 'gk_exams' } })
    await grant(wisher, 'gk_exams_export', 'gk_exams_results')
    expect((await system(server, wisher)).body['scope']).toBe('gk_exams gk_exams_export')
  })

  test('ends with the approval: for live tokens within a second, and for refreshes', async () => {
    const wisher = await register(server, `${ALL} offline_access`)
    await approve(wisher, 'ntu.example', 'gk_exams_results')
    const { body } = await (await arrive(server, wisher, 'ada', `${ALL} offline_access`)).finish()
    expect(await told(server, body['access_token'])).toMatchObject({ scope: `${ALL} offline_access` })
    expect(await deleteApprovals(server.ctx, await about(wisher, ''))).toBe(true)
    expect(await told(server, body['access_token'])).toMatchObject({ active: true, scope: 'openid gk_exams offline_access' })
    const refreshed = await post(server.issuer, '/oauth/token', { grant_type: 'refresh_token', refresh_token: String(body['refresh_token']) }, { authorization: basic(wisher.id, wisher.secret) })
    expect(refreshed.body['scope']).toBe('openid gk_exams offline_access')
  })
})

describe('many who decide at once', () => {
  const hundred = <T>(act: () => Promise<T>): Promise<readonly T[]> => Promise.all(Array.from({ length: 100 }, act))
  const wins = (answers: readonly boolean[]): number => answers.filter(Boolean).length

  test('one grants, or one refuses', async () => {
    const wisher = await register(server, 'gk_exams gk_exams_write')
    const decision = await about(wisher, 'gk_exams_write')
    expect(wins(await hundred(() => refuseScope(server.ctx, decision, 'No')))).toBe(1)
    expect(wins(await hundred(() => grantScope(server.ctx, decision)))).toBe(1)
    expect(wins(await hundred(() => withdrawScope(server.ctx, decision, 'No')))).toBe(1)
    await server.ctx.audit.flush()
    const { rows } = await sql<{ decision: string }>`select details->>'decision' as decision from audit_events where event = 'scope.decided' and client_id = ${wisher.id} order by event_id`.execute(server.ctx.db)
    expect(rows.map(({ decision: one }) => one)).toEqual(['refused', 'granted', 'withdrawn'])
  })

  test('one approves for a realm, one refuses', async () => {
    const decision = await about(await register(server, 'gk_exams gk_exams_results'), '')
    expect(wins(await hundred(() => approveForRealm(server.ctx, decision, 'gk_exams_results')))).toBe(1)
    expect(wins(await hundred(() => refuseForRealm(server.ctx, decision, 'gk_exams_results', 'No')))).toBe(1)
  })

  test('a realm’s list is one of those that were written, not a mixture, and the audit adds up to it', async () => {
    const decision = await about(await register(server, 'gk_exams gk_exams_results'), '')
    const lists = [['gk_exams_results'], ['gk_exams_people', 'gk_exams_export'], []]
    await replaceApprovals(server.ctx, decision, [])
    await Promise.all(Array.from({ length: 30 }, (_, i) => replaceApprovals(server.ctx, decision, lists[i % 3] ?? [])))
    const { rows } = await sql<{ approved: readonly string[] }>`select approved from organization_approvals where client_key = ${decision.clientKey}`.execute(server.ctx.db)
    const approved = rows[0]?.approved ?? ['nothing']
    expect(lists).toContainEqual(approved)
    await server.ctx.audit.flush()
    const { rows: told } = await sql<{ scope: string; sum: number }>`select details->>'scope' as scope, sum(case details->>'decision' when 'approved' then 1 else -1 end)::int as sum from audit_events
      where event = 'scope.organization_decided' and client_id = ${decision.clientId} group by 1`.execute(server.ctx.db)
    expect(told.filter(({ sum }) => sum !== 0).map(({ scope, sum }) => [scope, sum]).toSorted()).toEqual(approved.map((scope) => [scope, 1]).toSorted())
  })
})

test('an API that is made anew under an old name inherits nothing', async () => {
  const passing = 'kind: api\napi_id: passing\nname: Passing\naudience: https://passing.example.org\norganization: lunmal\napproval: owner\nscopes:\n  all: { title: All, approval: organization }\n'
  await server.apply(passing)
  const wisher = await register(server, 'openid gk_passing gk_passing_all')
  await grant(wisher, 'gk_passing')
  await approve(wisher, 'ntu.example', 'gk_passing_all')
  expect(await scopesFor(wisher, 'ada', 'openid gk_passing gk_passing_all')).toBe('openid gk_passing gk_passing_all')

  await server.ctx.db.transaction().execute((trx) => removeApi(trx, 'passing'))
  await server.apply(passing)
  expect(await scopesFor(wisher, 'ada', 'openid gk_passing gk_passing_all')).toBe('openid')
})

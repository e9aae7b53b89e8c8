import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { listAskedOfRealms, listWaitingForOwner, standingsOf } from '../../src/apis/inbox.ts'
import { listRequestsOfClient, noteWishes } from '../../src/apis/requests.ts'
import { readClient } from '../../src/clients/store.ts'
import { askOnceMore, type Decider, decideForRealm, decideWish, deleteRealm, readRealms, replaceRealm } from '../../src/declarations/scope-decisions.ts'
import type { Role } from '../../src/organizations/can.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { apis, OPEN, register, type Wisher } from './stage.ts'

// Who may say yes and no, and what each of them finds waiting.

let server: TestServer
let wisher: Wisher
beforeAll(async () => {
  server = await startTestServer({ env: OPEN })
  await server.apply(apis)
})
afterAll(() => server.close())

const somebody = (roles: Readonly<Record<string, Role>> = {}, operator = false): Decider => ({ actor: { userId: '00000000-0000-4000-8000-000000000001', operator, roles: new Map(Object.entries(roles)) } })
const wish = (scope: string, decision: 'grant' | 'refuse' | 'withdraw', reason?: string) => ({ clientId: wisher.id, scope, decision, reason })

describe('the owner of an API', () => {
  beforeAll(async () => {
    wisher = await register(server, 'openid gk_exams gk_exams_write gk_exams_results gk_exams_export gk_vault')
  })

  test('finds what waits for an owner, and not what organizations decide about, but for systems', async () => {
    const waiting = await listWaitingForOwner(server.ctx, ['exams'])
    expect(waiting.map(({ scope, state }) => [scope, state])).toEqual([['gk_exams_export', 'requested'], ['gk_exams_write', 'requested']])
    expect((await listWaitingForOwner(server.ctx, ['vault'])).map(({ scope }) => scope)).toEqual(['gk_vault'])
  })

  test.each<[string, Decider, string]>([
    ['a stranger', somebody(), 'not_found'],
    ['an admin of another organization', somebody({ lunmal: 'admin' }), 'not_found'],
    ['a member who only looks on', somebody({ ntu: 'member' }), 'forbidden'],
  ])('%s decides nothing', async (_name, decider, refusal) => {
    await expect(decideWish(server.ctx, decider, wish('gk_exams_write', 'grant'))).rejects.toMatchObject({ refusal })
    expect((await listWaitingForOwner(server.ctx, ['exams'])).map(({ scope }) => scope)).toContain('gk_exams_write')
  })

  test('says no with a reason, which the client’s owner reads, and may change their mind', async () => {
    const ours = somebody({ ntu: 'developer' })
    await expect(decideWish(server.ctx, ours, wish('gk_exams_write', 'refuse', '  '))).rejects.toMatchObject({ refusal: 'invalid' })
    expect(await decideWish(server.ctx, ours, wish('gk_exams_write', 'refuse', 'You have no use for it'))).toBe(true)
    const client = await readClient(server.ctx.db, wisher.id)
    if (client === undefined) throw new Error('no client')
    const standing = async () => (await standingsOf(server.ctx, client)).find(({ scope }) => scope === 'gk_exams_write')
    expect(await standing()).toMatchObject({ state: 'refused', reason: 'You have no use for it', api: { apiId: 'exams', organization: 'ntu' } })
    expect(await decideWish(server.ctx, ours, wish('gk_exams_write', 'grant'))).toBe(true)
    expect(await standing()).toMatchObject({ state: 'granted', reason: undefined })
    expect(await decideWish(server.ctx, somebody({}, true), wish('gk_exams_write', 'withdraw', 'Misused'))).toBe(true)
    expect(await standing()).toMatchObject({ state: 'refused', reason: 'Misused' })
  })

  test('is not asked again within a day, nor by a stranger', async () => {
    const again = { clientId: wisher.id, scope: 'gk_exams_write' }
    await expect(askOnceMore(server.ctx, somebody({ ntu: 'admin' }), again)).rejects.toMatchObject({ refusal: 'not_found' })
    expect(await askOnceMore(server.ctx, somebody({}, true), again)).toBe(false)
    await server.advance(86_400)
    expect(await askOnceMore(server.ctx, somebody({}, true), again)).toBe(true)
    expect((await listWaitingForOwner(server.ctx, ['exams'])).map(({ scope }) => scope)).toContain('gk_exams_write')
  })

  test('gives nobody what they did not ask for', async () => {
    await expect(decideWish(server.ctx, somebody({ ntu: 'admin' }), wish('gk_exams_people', 'grant'))).rejects.toMatchObject({ refusal: 'invalid' })
    await expect(decideWish(server.ctx, somebody({ ntu: 'admin' }), wish('gk_nobodys', 'grant'))).rejects.toMatchObject({ refusal: 'not_found' })
  })
})

describe('an organization', () => {
  const results = () => ({ clientId: wisher.id, realm: 'ntu.example', scope: 'gk_exams_results' })

  test('finds what it is asked about its people', async () => {
    const asked = await listAskedOfRealms(server.ctx, ['lunmal.example'])
    expect(asked.map(({ scope, state }) => [scope, state])).toEqual([['gk_exams_export', 'waiting'], ['gk_exams_results', 'waiting']])
  })

  test.each<[string, Decider, string]>([
    ['a stranger', somebody(), 'not_found'],
    ['the admin of another', somebody({ lunmal: 'admin' }), 'not_found'],
    ['its developer', somebody({ ntu: 'developer' }), 'forbidden'],
  ])('%s does not speak for it', async (_name, decider, refusal) => {
    await expect(decideForRealm(server.ctx, decider, { ...results(), decision: 'approve' })).rejects.toMatchObject({ refusal })
    await expect(replaceRealm(server.ctx, decider, results(), ['gk_exams_results'])).rejects.toMatchObject({ refusal })
    await expect(deleteRealm(server.ctx, decider, results())).rejects.toMatchObject({ refusal })
    expect(await readRealms(server.ctx, somebody({}, true), wisher.id)).toEqual([])
  })

  test('approves, refuses with a reason, replaces its list, and takes it all back', async () => {
    const admin = somebody({ ntu: 'admin' })
    const state = async () => (await listAskedOfRealms(server.ctx, ['ntu.example'])).find(({ scope }) => scope === 'gk_exams_results')
    expect(await decideForRealm(server.ctx, admin, { ...results(), decision: 'approve' })).toBe(true)
    expect(await state()).toMatchObject({ state: 'approved' })
    expect(await decideForRealm(server.ctx, admin, { ...results(), decision: 'refuse', reason: 'Not with us' })).toBe(true)
    expect(await state()).toMatchObject({ state: 'refused', reason: 'Not with us' })
    await replaceRealm(server.ctx, admin, results(), ['gk_exams_results', 'gk_exams_people'])
    expect(await state()).toMatchObject({ state: 'approved', reason: undefined })
    expect(await readRealms(server.ctx, admin, wisher.id, 'ntu.example')).toMatchObject([{ realm: 'ntu.example', approved: ['gk_exams_results', 'gk_exams_people'], refused: {} }])
    expect(await deleteRealm(server.ctx, admin, results())).toBe(true)
    expect(await state()).toMatchObject({ state: 'waiting' })
  })

  test('says nothing about what it is not asked', async () => {
    const other = somebody({ lunmal: 'admin' })
    for (const scope of ['gk_exams_people', 'gk_exams_write', 'gk_nobodys', 'openid']) await expect(replaceRealm(server.ctx, other, { clientId: wisher.id, realm: 'lunmal.example' }, [scope])).rejects.toMatchObject({ refusal: 'invalid' })
  })
})

test('a developer’s change to a client that an operator wrote down is no operator’s word, nor is an operator’s change to something else', async () => {
  await server.apply('kind: client\nclient_id: written\nclient_secret: { value: a-secret-for-tests-with-128-bits-5f2d }\nclient_name: Written\napplication_type: service\norganization: lunmal\nscope: gk_exams\n')
  const key = (await readClient(server.ctx.db, 'written'))?.key ?? ''
  const save = (operator: boolean) => server.ctx.db.transaction().execute((trx) => noteWishes(trx, { clientKey: key, scope: 'gk_exams gk_exams_write', organization: 'lunmal', operator, by: person }))
  const { rows } = await sql<{ user_id: string }>`select user_id from users where username = 'kai'`.execute(server.ctx.db)
  const person = rows[0]?.user_id
  expect(await save(false)).toEqual(['gk_exams_write'])
  await save(true)
  const requests = await listRequestsOfClient(server.ctx.db, key)
  expect(requests.map(({ scope, state }) => [scope, state])).toEqual([['gk_exams', 'granted'], ['gk_exams_write', 'requested']])
})

import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openStage, type Program, type Stage } from './stage.ts'

// How the server is, told to programs: the same that the operators' first page and the command line tell.

let stage: Stage
let manager: Program
let ntu: Program

beforeAll(async () => {
  stage = await openStage()
  ;[manager, ntu] = await Promise.all([stage.program('manager'), stage.program('ntu-manager')])
})
afterAll(() => stage.close())

test('how the server is: version, migrations, keys, jobs, and who does not answer', async () => {
  const { db } = stage.server.ctx
  await sql`insert into provider_troubles (provider_id, failures, last_at) values ('ntu', 3, clock_now())`.execute(db)
  await sql`insert into leases (name, holder, until) values ('job rotate-keys', 'x', clock_now()), ('done job rotate-keys', 'x', clock_now())`.execute(db)
  const { status, body } = await manager.call('GET', '/api/system')
  expect([status, body]).toMatchObject([200, { version: expect.stringMatching(/^\d+\.\d+\.\d+/), issuer: stage.server.issuer, pending_migrations: [], open_circuits: 0, mails: { waiting: 0, put_off: 0 } }])
  const { jobs, troubles, signing_since: since } = body as { jobs: readonly { name: string; every_seconds: number; done_at?: string }[]; troubles: readonly object[]; signing_since?: string }
  expect(jobs.find(({ name }) => name === 'rotate-keys')).toMatchObject({ every_seconds: 3600, done_at: expect.any(String) as unknown })
  expect([troubles, Date.parse(since ?? '') > 0]).toMatchObject([[{ provider_id: 'ntu', failures: 3 }], true])
})

test('the findings are those of `portner doctor`, what is broken first', async () => {
  const { body } = await manager.call('GET', '/api/system/findings')
  const { healthy, items } = body as { healthy: boolean; items: readonly { check: string; result: string; fix?: string }[] }
  expect(healthy).toBe(items.every(({ result }) => result !== 'fail'))
  const results = items.map(({ result }) => result)
  expect(results).toEqual(results.toSorted((a, b) => ['fail', 'warn', 'ok'].indexOf(a) - ['fail', 'warn', 'ok'].indexOf(b)))
  expect(items.filter(({ result, fix }) => result !== 'ok' && fix === undefined)).toEqual([])
  expect(items.map(({ check }) => check)).toEqual(expect.arrayContaining(['issuer', 'database', 'clock', 'keys', 'clients']))
})

test('the chain of events is walked along, over a head that was kept, and tells where it breaks', async () => {
  const { ctx } = stage.server
  const [whole, refused] = [await manager.call('GET', '/api/audit/chain'), await manager.call('GET', '/api/audit/chain?head=12')]
  expect(whole.body).toMatchObject({ unbroken: true, faults: [] })
  expect([refused.status, refused.body]).toMatchObject([400, { faults: [{ path: 'head' }] }])
  const { head, events } = whole.body as { head: string; events: number }
  expect((await manager.call('GET', `/api/audit/chain?head=${head}`)).body).toMatchObject({ unbroken: true })
  await ctx.db.transaction().execute(async (trx) => {
    await sql`set local session_replication_role = replica`.execute(trx)
    await sql`update audit_events set client_id = 'somebody-else' where seq = ${events}`.execute(trx)
  })
  expect((await manager.call('GET', '/api/audit/chain')).body).toMatchObject({ unbroken: false, faults: expect.arrayContaining([expect.objectContaining({ kind: 'changed', seq: events })]) as unknown })
})

test('to an admin of an organization there is none of it', async () => {
  for (const path of ['/api/system', '/api/system/findings', '/api/audit/chain']) {
    const { status, body } = await ntu.call('GET', path)
    expect([path, status, body]).toMatchObject([path, 403, { error: 'access_denied' }])
  }
})

import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { userIdOf } from '../factors/person.ts'
import { linkOf } from '../journeys/person.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import type { Browser } from '../support/browser.ts'
import { atWork, factOf, rowsOf } from './operator.ts'

// What operators read: the log of what happened, lists that are longer than a page, and the state of the whole.

let server: TestServer
let ada: Browser
beforeAll(async () => {
  server = await startTestServer()
  ada = await atWork(server)
  for (let i = 0; i < 60; i++) server.ctx.audit.record({ event: 'client.changed', clientId: `client-${i % 2}`, change: `number ${i}`, ...(i % 3 === 0 ? { actor: 'somebody' } : {}) }, i === 7 ? '7F3K-92QD' : undefined)
  await server.ctx.audit.flush()
})
afterAll(() => server.close())

async function eventsAt(path: string): Promise<readonly string[]> {
  return rowsOf(await ada.open(path), 'audit').map(([event = '', , actor = '', about = '', reference = '', details = '']) => `${event} ${actor} ${about} ${reference} ${details}`)
}

test('the log is turned page by page, newest first, every event once', async () => {
  const seen: string[] = []
  for (let path: string | undefined = '/admin/audit?event=client.changed'; path !== undefined; ) {
    const page = await ada.open(path)
    seen.push(...rowsOf(page, 'audit').map(([, , , , , details = '']) => details))
    path = page.html.includes('id="next"') ? linkOf(page, 'next') : undefined
    expect(path === undefined || path.startsWith('/admin/audit?event=client.changed&after=')).toBe(true)
  }
  expect(seen.slice(0, 60)).toEqual(Array.from({ length: 60 }, (_, i) => `change: number ${59 - i}`))
  expect(new Set(seen.slice(60))).toEqual(new Set(['change: create by a file']))
})

test('is searched by event, by who did it, by what it was done to, by reference and by day', async () => {
  expect((await eventsAt('/admin/audit?actor=somebody')).length).toBe(20)
  expect((await eventsAt('/admin/audit?actor=somebody&target=client-1')).length).toBe(10)
  expect(await eventsAt('/admin/audit?reference=7f3k-92qd')).toEqual(['client.changed None client-1 7F3K-92QD change: number 7'])
  expect((await eventsAt(`/admin/audit?target=${await userIdOf(server, 'ada')}&event=login`)).length).toBeGreaterThan(0)
  const today = new Date(server.ctx.clock.now()).toISOString().slice(0, 10)
  const before = new Date(server.ctx.clock.now() - 86_400_000).toISOString().slice(0, 10)
  expect([(await eventsAt(`/admin/audit?from=${today}&event=client.changed`)).length, (await eventsAt(`/admin/audit?to=${before}`)).length]).toEqual([25, 0])
  for (const odd of ["event=' or true--", 'from=never', 'to=2026-99-99', 'after=x', 'after=99999999999999999999', 'target=%00', 'actor=\\', 'reference=%25', `event=${'x'.repeat(3000)}`]) expect([odd, (await ada.open(`/admin/audit?${odd}`)).status]).toEqual([odd, expect.toSatisfy((status: number) => status < 500)])
})

test('goes along as lines of JSON, filtered as on the page', async () => {
  const page = await ada.open('/admin/audit?actor=somebody&target=client-1')
  const lines = (await ada.open(linkOf(page, 'action-export'))).html.trimEnd().split('\n').map((line) => JSON.parse(line) as { actor: string; client_id: string; digest: string })
  expect(lines.map(({ actor, client_id }) => [actor, client_id])).toEqual(Array.from({ length: 10 }, () => ['somebody', 'client-1']))
  expect(lines[0]?.digest).toMatch(/^[0-9a-f]{64}$/)
})

test('people are turned page by page, and every one stands there once', async () => {
  await sql`insert into users (user_id, username, claims) select gen_random_uuid(), 'many-' || lpad(n::text, 3, '0'), '{}' from generate_series(1, 60) n`.execute(server.ctx.db)
  const seen: string[] = []
  for (let path: string | undefined = '/admin/users?q=many-'; path !== undefined; ) {
    const page = await ada.open(path)
    const rows = rowsOf(page, 'users')
    expect(rows.length).toBeLessThanOrEqual(25)
    seen.push(...rows.map(([, username = '']) => username))
    path = page.html.includes('id="next"') ? linkOf(page, 'next') : undefined
  }
  expect(seen.toSorted()).toEqual(Array.from({ length: 60 }, (_, i) => `many-${String(i + 1).padStart(3, '0')}`))
})

test('the first page says how the whole is: version, migrations, jobs, institutions that do not answer, and what doctor would find', async () => {
  await sql`insert into provider_troubles (provider_id, failures, last_at) values ('ntu', 3, clock_now())`.execute(server.ctx.db)
  await sql`insert into leases (name, holder, until) values ('job rotate-keys', 'x', clock_now()), ('done job rotate-keys', 'x', clock_now())`.execute(server.ctx.db)
  const page = await ada.open('/admin')
  expect(factOf(page, 'version')).toMatch(/^\d+\.\d+\.\d+/)
  expect([factOf(page, 'migrations'), factOf(page, 'mails'), factOf(page, 'circuits')]).toEqual(['Up to date', '0', '0'])
  expect(rowsOf(page, 'troubles').map(([provider, failures]) => [provider, failures])).toEqual([['ntu', '3']])
  const job = rowsOf(page, 'jobs').find(([name]) => name === 'rotate-keys')
  expect([job?.[1], job?.[2] === 'None']).toEqual(['3600', false])
  expect(page.html).toContain('PORTNER_TEST_CLOCK is on')
  const results = [...page.html.matchAll(/data-finding="(\w+)"/g)].map(([, result]) => result)
  expect(results).toEqual(results.toSorted((a, b) => ['fail', 'warn', 'ok'].indexOf(a ?? '') - ['fail', 'warn', 'ok'].indexOf(b ?? '')))
})

test('people are searched by an index, whatever of their names was typed', async () => {
  await sql`insert into users (user_id, username, claims) select gen_random_uuid(), md5(n::text), jsonb_build_object('email', md5('e' || n) || '@ntu.example', 'name', md5('n' || n)) from generate_series(1, 5000) n`.execute(server.ctx.db)
  await sql`analyze users`.execute(server.ctx.db)
  const { rows } = await sql<{ 'QUERY PLAN': string }>`explain select * from users where merged_into is null and (username like 'abcd%' or lower(claims->>'email') like 'abcd%' or lower(claims->>'name') like 'abcd%') order by user_id limit 26`.execute(server.ctx.db)
  const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
  for (const index of ['users_begin_username', 'users_begin_email', 'users_begin_name']) expect(plan).toContain(index)
})

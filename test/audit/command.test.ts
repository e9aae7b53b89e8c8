import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTerminal, type Terminal } from '../cli/terminal.ts'

// `portner audit`: what operators and their nightly jobs ask.

let terminal: Terminal
let database: Client
beforeAll(async () => {
  terminal = await openTerminal()
  database = new Client({ connectionString: terminal.env['DATABASE_URL'] })
  await database.connect()
  for (const name of ['eva', 'ola', 'per']) expect((await terminal.run(['user', 'create', '--username', name])).status).toBe(0)
})
afterAll(async () => {
  await database.end()
  await terminal.close()
})

test('an unbroken chain: status 0 and the head, which a later run takes', async () => {
  const { status, out } = await terminal.run(['audit', 'verify'])
  expect([status, out]).toEqual([0, expect.stringMatching(/^3 events, unbroken\nhead: 3:[0-9a-f]{64}\n$/)])
  const head = /head: (\S+)/.exec(out)?.[1] ?? ''
  expect((await terminal.run(['audit', 'verify', '--head', head])).status).toBe(0)
  const other = await terminal.run(['audit', 'verify', '--head', head.replace(/.$/, (digit) => (digit === '0' ? '1' : '0'))])
  expect([other.status, other.out]).toEqual([1, expect.stringContaining('does not lead over the head that you gave, at event 3')])
  expect((await terminal.run(['audit', 'verify', '--head', 'x'])).status).toBe(2)
})

test('export: lines of JSON, the oldest first, within a time and of an event', async () => {
  const all = (await terminal.run(['audit', 'export'])).out.trimEnd().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>)
  expect(all.map(({ seq, event }) => [seq, event])).toEqual([[1, 'user.changed'], [2, 'user.changed'], [3, 'user.changed']])
  const [, second] = all
  const at = String(second?.['at'])
  expect((await terminal.run(['audit', 'export', '--to', at])).out.trimEnd().split('\n').map((line) => JSON.parse(line) as unknown)).toEqual(all.slice(0, 1))
  expect((await terminal.run(['audit', 'export', '--from', at, '--target', String(second?.['user_id'])])).out).toBe(`${JSON.stringify(second)}\n`)
  expect((await terminal.run(['audit', 'export', '--event', 'logout'])).out).toBe('')
  expect((await terminal.run(['audit', 'export', '--from', 'yesterday'])).status).toBe(2)
})

test('an edited event: status 1, its number and its id', async () => {
  const { rows } = await database.query<{ event_id: string }>('select event_id from audit_events where seq = 2')
  const id = rows[0]?.event_id ?? ''
  await database.query('set session_replication_role = replica')
  await database.query(`update audit_events set details = details || '{"change":"nothing"}' where seq = 2`)
  const { status, out } = await terminal.run(['audit', 'verify'])
  expect([status, out]).toEqual([1, expect.stringContaining(`broken: event 2 (${id}, user.changed, `)])
  expect((await terminal.run(['audit', 'verify', '--quiet'])).out).toBe(`${id}\n`)
})

import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type DatabaseHandle, openDatabase } from '../../src/database/connect.ts'
import { isDatabaseUnavailable } from '../../src/database/unavailable.ts'
import { startTestServer, type TestServer } from '../support/app.ts'

// Statements of the ordinary connections that come again are planned once. Nobody who asks may notice, not even when a table has got another column.

let server: TestServer
const opened: DatabaseHandle[] = []
beforeAll(async () => {
  server = await startTestServer()
  await sql`create table shelves (shelf_id int primary key, name text)`.execute(server.ctx.db)
  await sql`insert into shelves select n, 'shelf ' || n from generate_series(1, 20) n`.execute(server.ctx.db)
})
afterAll(async () => {
  for (const { close } of opened) await close()
  await server.close()
})

/** A pool of one connection: each statement finds what the last one left. */
function connect(prepare = true) {
  const handle = openDatabase({ connection: { connectionString: server.databaseUrl }, pool: 1, prepare, onError: () => undefined })
  opened.push(handle)
  return handle.db
}

async function repeat<T>(times: number, work: (n: number) => Promise<T>): Promise<readonly T[]> {
  const results: T[] = []
  for (let n = 1; n <= times; n++) results.push(await work(n))
  return results
}

type Db = ReturnType<typeof connect>

async function planned(db: Db): Promise<readonly string[]> {
  return (await sql<{ statement: string }>`select statement from pg_prepared_statements`.execute(db)).rows.map(({ statement }) => statement)
}

async function shelf(db: Pick<Db, 'getExecutor'>, n: number): Promise<readonly unknown[]> {
  return (await sql`select * from shelves where shelf_id = ${n}`.execute(db)).rows
}

test('what comes again is planned once; what comes seldom, or where names are switched off, is not', async () => {
  const [db, unnamed] = [connect(), connect(false)]
  const expected = Array.from({ length: 12 }, (_, i) => [{ shelf_id: i + 1, name: `shelf ${i + 1}` }])
  for (const each of [db, unnamed]) expect(await repeat(12, (n) => shelf(each, n))).toEqual(expected)
  await sql`select ${1}::int`.execute(db)
  expect(await planned(db)).toEqual(['select * from shelves where shelf_id = $1'])
  expect(await planned(unnamed)).toEqual([])
})

test('texts that never end do not fill the server with plans', async () => {
  const db = connect()
  await repeat(450, async (n) => repeat(6, () => sql`select ${sql.raw(String(n))} + ${1}::int`.execute(db)))
  const names = await planned(db)
  expect(names.length).toBeGreaterThan(300)
  expect(names.length).toBeLessThanOrEqual(400)
})

test('a table that has got another column is read as it is now', async () => {
  const db = connect()
  await repeat(8, () => shelf(db, 1))
  await sql`alter table shelves add column height int default 3`.execute(server.ctx.db)
  expect(await repeat(8, () => shelf(db, 1))).toEqual(Array.from({ length: 8 }, () => [{ shelf_id: 1, name: 'shelf 1', height: 3 }]))
})

test('within a transaction, which cannot go on, whoever asks is told to come again, and may', async () => {
  const db = connect()
  const read = () => db.transaction().execute((trx) => shelf(trx, 2))
  await repeat(8, read)
  await sql`alter table shelves add column depth int default 4`.execute(server.ctx.db)
  const error: unknown = await read().catch((failure: unknown) => failure)
  expect(error).toMatchObject({ code: '0A000' })
  expect(isDatabaseUnavailable(error)).toBe(true)
  expect(await repeat(3, read)).toEqual(Array.from({ length: 3 }, () => [{ shelf_id: 2, name: 'shelf 2', height: 3, depth: 4 }]))
})

test('a statement that fails fails as before, and the next one is answered', async () => {
  const db = connect()
  const divide = async (by: number) => (await sql<{ n: number }>`select 6 / ${by}::int as n`.execute(db)).rows[0]?.n
  expect(await repeat(6, divide)).toEqual([6, 3, 2, 1, 1, 1])
  await expect(divide(0)).rejects.toMatchObject({ code: '22012' })
  expect(await divide(3)).toBe(2)
})

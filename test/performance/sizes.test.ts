import { Client } from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Context } from '../../src/context.ts'
import { drawToken } from '../../src/lib/opaque-token.ts'
import { mintClientToken } from '../../src/tokens/access-tokens.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { findPerson, type Recorded } from './hot-statements.ts'

// What an opaque token leaves behind: bytes of write-ahead log and bytes on disk. Counted by the statement itself (EXPLAIN with WAL), not by
// the position of the log, which other tests move.

const TOKENS = 20_000
const TOGETHER = 200

let server: TestServer
let client: Client
let bytes = 0

interface Explained {
  readonly 'QUERY PLAN': readonly { readonly Plan: { readonly 'WAL Bytes': number } }[]
}

async function explain({ text, values }: Recorded): Promise<number> {
  const { rows } = await client.query<Explained>(`explain (analyze, wal, timing off, format json) ${text}`, [...values])
  return rows[0]?.['QUERY PLAN'][0]?.Plan['WAL Bytes'] ?? Number.NaN
}

beforeAll(async () => {
  server = await startTestServer()
  client = new Client({ connectionString: server.databaseUrl })
  await client.connect()
  const { clientKey } = await findPerson(server.ctx, 'robot')
  // The statement is run by EXPLAIN in place of the product's connection, which would not tell.
  const counting: Context = {
    ...server.ctx,
    hot: async (statement, values) => {
      bytes += await explain({ ...statement, values })
      return (values[0] as readonly string[]).map((id) => [id])
    },
  }
  for (let made = 0; made < TOKENS; made += TOGETHER) {
    await Promise.all(
      Array.from({ length: TOGETHER }, () => {
        const { id, hash } = drawToken('at', counting.clock.now())
        return mintClientToken(counting, { id, hash, clientKey, scope: 'gk_calendar gk_calendar_write', audience: null, lifetime: 3600, confirmation: null, authorizationDetails: [] })
      }),
    )
  }
})
afterAll(async () => {
  await client.end()
  await server.close()
})

it('is at most 300 bytes of write-ahead log', () => {
  expect(bytes / TOKENS).toBeGreaterThan(100)
  expect(bytes / TOKENS).toBeLessThanOrEqual(300)
})

it('is at most 200 bytes on disk, its index included', async () => {
  const { rows } = await client.query<{ count: string; bytes: string }>(`select (select count(*) from access_tokens) as count, pg_relation_size('access_tokens') + pg_indexes_size('access_tokens') as bytes`)
  expect(Number(rows[0]?.count)).toBe(TOKENS)
  expect(Number(rows[0]?.bytes) / TOKENS).toBeLessThanOrEqual(200)
})

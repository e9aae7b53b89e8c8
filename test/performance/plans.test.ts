import { afterAll, beforeAll, expect, it } from 'vitest'
import { startTestServer, type TestServer } from '../support/app.ts'
import { recordHotStatements } from './hot-statements.ts'

// The connections of the hot paths plan each statement once, for all values. What is planned while the tables are empty is still what runs
// when they are full, so even then no plan may read a table from end to end.

const HOT = ['inspect-access-token', 'mint-client-token', 'redeem-authorization-code', 'rotate-refresh-token', 'settle-refresh-answer']

let server: TestServer

beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

it('plans once, and by key, on tables that have no rows yet', async () => {
  const { ctx } = server
  expect(await ctx.hot({ name: 'settings', text: `select current_setting('plan_cache_mode'), current_setting('enable_seqscan')` }, [])).toEqual([['force_generic_plan', 'off']])
  const statements = await recordHotStatements(ctx)
  expect([...statements.keys()].toSorted()).toEqual(HOT)
  for (const { name, text, values } of statements.values()) {
    const rows = await ctx.hot({ name: `explain-${name}`, text: `explain ${text}` }, values)
    const plan = rows.map(([line]) => String(line)).join('\n')
    expect(plan, name).toContain('Index')
    expect(plan, name).not.toMatch(/Seq Scan on (access_tokens|authorization_codes|clients|grants|users)\b/)
  }
})

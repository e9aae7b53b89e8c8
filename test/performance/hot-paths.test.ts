import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sql } from 'kysely'
import { drawToken } from '../../src/lib/opaque-token.ts'
import { mintClientToken } from '../../src/tokens/access-tokens.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { newBrowser } from '../support/browser.ts'
import { basic, type CodeGrant, get, obtainCode, type Parameters, post, redeem, refresh } from '../support/relying-party.ts'

// What is deterministic about speed: statements a request, what they touch, and what a token costs to keep.

interface Asked {
  readonly name: string | undefined
  readonly text: string
}

let server: TestServer
let asked: Asked[] = []
let restore = (): void => {}

beforeAll(async () => {
  server = await startTestServer()
  const query = Reflect.get(pg.Client.prototype, 'query') as (...args: readonly unknown[]) => unknown
  const noting = new Proxy(query, {
    apply: (target, self, args: readonly unknown[]) => {
      const [config] = args
      asked.push(typeof config === 'string' ? { name: undefined, text: config } : (config as Asked))
      return Reflect.apply(target, self, args)
    },
  })
  Reflect.set(pg.Client.prototype, 'query', noting)
  restore = () => void Reflect.set(pg.Client.prototype, 'query', query)
})
afterAll(async () => {
  restore()
  await server.close()
})

/** The statements of a request. The look at the cache counters (once in 0.8 s) and the audit's own batches are nobody's request. */
async function statementsOf(request: () => Promise<{ readonly status: number }>): Promise<readonly Asked[]> {
  asked = []
  expect((await request()).status).toBe(200)
  return asked.filter(({ text }) => !/cache_versions|audit_events/.test(text))
}

const code = (changes: Parameters = {}): Promise<CodeGrant> => obtainCode(server.issuer, newBrowser(server.issuer), changes)
const signIn = async (changes: Parameters = {}) => redeem(server.issuer, await code(changes))
const machine = () => post(server.issuer, '/oauth/token', { grant_type: 'client_credentials' }, { authorization: basic('robot') })

describe('statements a request', () => {
  test('a token for a machine, a code, a refresh: one; an id token in a refresh: one more, to keep the answer', async () => {
    await machine()
    expect(await statementsOf(machine)).toHaveLength(1)
    const grant = await code()
    expect(await statementsOf(() => redeem(server.issuer, grant))).toHaveLength(1)
    const [plain, openid] = [await signIn({ scope: 'profile offline_access' }), await signIn({ scope: 'openid offline_access' })]
    expect(await statementsOf(() => refresh(server.issuer, plain.body['refresh_token']))).toHaveLength(1)
    expect(await statementsOf(() => refresh(server.issuer, openid.body['refresh_token']))).toHaveLength(2)
  })

  test('userinfo and introspection: one, and it reads', async () => {
    const { body } = await signIn()
    const bearer = { authorization: `Bearer ${body['access_token']}` }
    const introspect = () => post(server.issuer, '/oauth/introspection', { token: String(body['access_token']) }, { authorization: basic('planner') })
    for (const request of [() => get(server.issuer, '/userinfo', bearer), introspect]) {
      await request()
      const statements = await statementsOf(request)
      expect(statements).toHaveLength(1)
      expect(statements[0]?.text).toMatch(/^\s*select/i)
      expect(statements[0]?.text).not.toMatch(/\b(insert|update|delete)\b/i)
    }
  })

  test('every one of them is prepared under a name', async () => {
    const grant = await code()
    const statements = [...(await statementsOf(machine)), ...(await statementsOf(() => redeem(server.issuer, grant)))]
    for (const { name } of statements) expect(name).toBeTypeOf('string')
  })
})

const MANY = 100_000

test(`with ${MANY} rows in each table no hot statement reads one from end to end`, async () => {
  const tokens = await signIn({ scope: 'openid offline_access' })
  const grant = await code()
  const hot = [
    ...(await statementsOf(machine)),
    ...(await statementsOf(() => redeem(server.issuer, grant))),
    ...(await statementsOf(() => refresh(server.issuer, tokens.body['refresh_token']))),
    ...(await statementsOf(() => get(server.issuer, '/userinfo', { authorization: `Bearer ${tokens.body['access_token']}` }))),
  ]
  // A connection of its own: the server's would cut so long a statement off.
  const client = new pg.Client({ connectionString: server.databaseUrl })
  await client.connect()
  const numbers = `generate_series(1, ${MANY}) n`
  await client.query(`insert into users (user_id, username) select gen_random_uuid(), 'u' || n from ${numbers}`)
  await client.query(`insert into clients (client_id, status, document) select 'c' || n, 'production', '{}' from ${numbers}`)
  await client.query(`insert into sessions (session_id, browser_id, user_id, provider_id, auth_time, amr, remembered, expires_at, ended_at) select gen_random_uuid(), gen_random_uuid(), user_id, 'ntu', now(), '{}', true, now(), now() from users`)
  await client.query(`insert into grants (grant_id, client_key, user_id, scope, details, auth_time, offline, expires_at) select gen_random_uuid(), 1, user_id, 'x', '{}', now(), true, now() from users`)
  await client.query(`insert into authorization_codes (code_id, secret_hash, grant_id, client_key, user_id, redirect_uri, redirect_uri_given, scope, details, auth_time, offline, expires_at) select gen_random_uuid(), '', grant_id, 1, user_id, 'x', true, 'x', '{}', now(), true, now() from grants`)
  await client.query(`insert into access_tokens (token_id, expires_at, client_key, grant_id, secret_hash, scope) select gen_random_uuid(), now(), 1, grant_id, '', 'x' from grants`)
  await client.query('analyze')
  try {
    for (const { name, text } of hot) {
      const { rows } = await client.query<{ 'QUERY PLAN': string }>(`explain (generic_plan) ${text}`)
      const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
      expect(plan, name).not.toMatch(/Seq Scan on (access_tokens|authorization_codes|grants|users|clients|sessions)\b/)
    }
  } finally {
    await client.end()
  }
}, 120_000)

test('an access token costs at most 300 bytes of write-ahead log and 200 bytes on disk, its index included', async () => {
  const { ctx } = server
  const rows = 20_000
  const size = async () => (await sql<{ lsn: string; bytes: string }>`select pg_current_wal_insert_lsn() - '0/0' as lsn, pg_total_relation_size('access_tokens') as bytes`.execute(ctx.db)).rows[0]
  await sql`truncate access_tokens`.execute(ctx.db)
  const { rows: keys } = await sql<{ client_key: string }>`select client_key from clients where client_id = 'robot'`.execute(ctx.db)
  const before = await size()
  for (let done = 0; done < rows; done += 2000) {
    await Promise.all(
      Array.from({ length: 2000 }, () => {
        const { id, hash } = drawToken('at', ctx.clock.now())
        return mintClientToken(ctx, { id, hash, clientKey: keys[0]?.client_key ?? '', scope: 'gk_calendar gk_calendar_write', audience: null, lifetime: 3600 })
      }),
    )
  }
  const after = await size()
  expect((Number(after?.lsn) - Number(before?.lsn)) / rows).toBeLessThanOrEqual(300)
  expect((Number(after?.bytes) - Number(before?.bytes)) / rows).toBeLessThanOrEqual(200)
})

import { setTimeout } from 'node:timers/promises'
import { sql } from 'kysely'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { STALENESS_MS } from '../../src/database/cache-versions.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { newBrowser } from '../support/browser.ts'
import { basic, type CodeGrant, get, obtainCode, type Parameters, post, redeem, refresh } from '../support/relying-party.ts'

// What is deterministic about speed: how many statements a request asks, and whether they write.

interface Asked {
  readonly name: string | undefined
  readonly text: string
}

let server: TestServer
let database: string | undefined
let asked: Asked[] = []
let restore = (): void => {}

beforeAll(async () => {
  server = await startTestServer()
  database = (await sql<{ name: string }>`select current_database() as name`.execute(server.ctx.db)).rows[0]?.name
  // What the declarations changed is in the caches by then.
  await setTimeout(STALENESS_MS + 50)
  const query = Reflect.get(pg.Client.prototype, 'query') as (...args: readonly unknown[]) => unknown
  const noting = new Proxy(query, {
    apply: (target, self, args: readonly unknown[]) => {
      const [config] = args
      // Another server's work, from a file that ran before in this process, is none of this one's.
      if ((self as pg.Client).database === database) asked.push(typeof config === 'string' ? { name: undefined, text: config } : (config as Asked))
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

/** The statements of a request. The look at the cache counters (once in 0.8 s), the audit's own batches and the day's note that an address is used are nobody's request. */
async function statementsOf(request: () => Promise<{ readonly status: number }>): Promise<readonly Asked[]> {
  asked = []
  expect((await request()).status).toBe(200)
  return asked.filter(({ text }) => !/cache_versions|audit_|update client_uses/.test(text))
}

const code = (changes: Parameters = {}): Promise<CodeGrant> => obtainCode(server.issuer, newBrowser(server.issuer), changes)
const signIn = async (changes: Parameters = {}) => redeem(server.issuer, await code(changes))
const machine = () => post(server.issuer, '/oauth/token', { grant_type: 'client_credentials' }, { authorization: basic('robot') })

describe('statements a request', () => {
  test('a token for a machine, a code, a refresh: one; an id token in a refresh: one more, to keep the answer', async () => {
    // That a secret is in use is noted once an hour; which APIs are switched off is known until one changes.
    const [, before] = await Promise.all([machine(), signIn({ scope: 'profile offline_access' })])
    await refresh(server.issuer, before.body['refresh_token'])
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

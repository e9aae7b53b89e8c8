import { Client } from 'pg'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { startTestServer, type TestServer } from '../support/app.ts'
import { newBrowser, pageName } from '../support/browser.ts'
import { authorizationUrl, basic, get, newPkce, post } from '../support/relying-party.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

async function asAdministrator(...statements: readonly string[]): Promise<void> {
  const client = new Client({ ...inject('postgres'), database: 'postgres', ssl: false })
  await client.connect()
  for (const statement of statements) await client.query(statement)
  await client.end()
}

const token = () => post(server.issuer, '/oauth/token', { grant_type: 'client_credentials' }, { authorization: basic('robot') })

test('while the database is gone: 503 with Retry-After, keys and health stay, and it comes back by itself', async () => {
  const name = new URL(server.databaseUrl).pathname.slice(1)
  expect((await token()).status).toBe(200)
  await asAdministrator(`alter database ${name} with allow_connections false`, `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`)
  await new Promise((resolve) => setTimeout(resolve, 900))

  const refused = await Promise.all([token(), token(), get(server.issuer, '/userinfo', { authorization: 'Bearer ptr_at_AaH9K63McBSDRGg38yQTKzOS-56wXgUCI5LKZk7HQNsKw2sP2wxT_nYNhCztveey4YHX6Z' })])
  for (const answer of refused) {
    expect(answer).toMatchObject({ status: 503, body: { error: 'temporarily_unavailable' } })
    expect(answer.headers.get('retry-after')).toBe('1')
  }
  const page = await newBrowser(server.issuer).open(authorizationUrl(server.issuer, newPkce()))
  expect(page.status).toBe(503)
  expect(pageName(page)).toBe('error')
  expect(await get(server.issuer, '/readyz')).toMatchObject({ status: 503, body: { ready: false, checks: { database: false } } })
  for (const path of ['/livez', '/.well-known/openid-configuration', '/.well-known/jwks.json']) expect((await fetch(server.issuer + path)).status).toBe(200)

  await asAdministrator(`alter database ${name} with allow_connections true`)
  expect((await token()).status).toBe(200)
  expect(await get(server.issuer, '/readyz')).toMatchObject({ status: 200, body: { ready: true } })
})

test('a table that is missing is an error of ours: told to the client by redirect, never as a stack', async () => {
  await server.ctx.db.schema.alterTable('interactions').renameTo('interactions_away').execute()
  try {
    const answer = await newBrowser(server.issuer).open(authorizationUrl(server.issuer, newPkce()))
    expect(Object.fromEntries(new URL(answer.url).searchParams)).toMatchObject({ error: 'server_error', state: 'the-state', iss: server.issuer })
  } finally {
    await server.ctx.db.schema.alterTable('interactions_away').renameTo('interactions').execute()
  }
  const { logged } = server
  expect(logged()).toContain('"error":"server_error"')
})

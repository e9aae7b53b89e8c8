import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { raiseCacheVersion } from '../../src/database/cache-versions.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { newBrowser } from '../support/browser.ts'
import { authorizationUrl, basic, get, type JsonAnswer, newPkce, type Parameters, post, providerLink, refresh } from '../support/relying-party.ts'
import { SECRET } from '../support/world.ts'

// An old client that takes people's passwords itself (RFC 6749 §4.3): only where the operator switched it on, and never more than the login
// page would let it.

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
  const client = (id: string, more = ''): string => `
kind: client
client_id: ${id}
client_secret: { value: ${SECRET} }
client_name: ${id}
grant_types: [password, refresh_token]
profile: legacy
compatibility: [password]
scope: openid profile offline_access gk_calendar
${more}`
  await server.apply([client('old'), client('old-lunmal', 'login_providers: [lunmal]\n'), client('old-strong', 'require_second_factor: true\n')].join('---'))
})
afterAll(() => server.close())

const ask = (changes: Parameters = {}, client = 'old'): Promise<JsonAnswer> => post(server.issuer, '/oauth/token', { grant_type: 'password', username: 'ada', password: 'ada has a password', ...changes }, { authorization: basic(client) })
const REFUSED = { status: 400, body: { error: 'invalid_grant', error_description: 'The user name or password is not right, or does not suffice' } }

test('name and password become tokens that stand on no browser', async () => {
  const { status, body } = await ask({ scope: 'openid profile' })
  expect({ status, body }).toMatchObject({ status: 200, body: { scope: 'openid profile', refresh_token: expect.any(String), id_token: expect.any(String) } })
  expect((await get(server.issuer, '/userinfo', { authorization: `Bearer ${body['access_token']}` })).body).toMatchObject({ name: 'Ada Example' })
  const again = await refresh(server.issuer, body['refresh_token'], {}, { authorization: basic('old') })
  expect(again).toMatchObject({ status: 200, body: { scope: 'openid profile' } })
})

describe('what is refused, in one and the same words', () => {
  test.each([
    ['a wrong password', { password: 'wrong' }, 'old'],
    ['a name that nobody has', { username: 'nobody' }, 'old'],
    ['a person of a place that the client does not take', {}, 'old-lunmal'],
    ['anybody, where the client wants a second factor', {}, 'old-strong'],
  ])('%s', async (_name, changes, client) => {
    expect(await ask(changes, client)).toMatchObject(REFUSED)
  })

  test('a person who has a second factor, with the right password', async () => {
    await sql`insert into totp_secrets (user_id, sealed_secret, last_step, declared) values (${await idOf('lin')}, ${Buffer.alloc(8)}, 0, false)`.execute(server.ctx.db)
    expect(await ask({ username: 'lin', password: 'lin has a password' })).toMatchObject(REFUSED)
  })

  test('a person whose organization wants a second factor', async () => {
    await server.apply('kind: organization\norganization_id: lunmal\nname: Lunmal\nsecond_factor: required\n')
    await expect.poll(() => ask({ username: 'kai', password: 'kai has a password' })).toMatchObject(REFUSED)
    await server.apply('kind: organization\norganization_id: lunmal\nname: Lunmal\n')
    await expect.poll(async () => (await ask({ username: 'kai', password: 'kai has a password' })).status).toBe(200)
  })

  test('a person who took back what the client had, with the right password', async () => {
    expect((await ask({ scope: 'openid' })).status).toBe(200)
    const change = (values: { removed_at?: Date | null; declined?: string[] }) => server.ctx.db.updateTable('consents').set(values).execute()
    await change({ declined: ['profile'] })
    expect(await ask({ scope: 'openid profile' })).toMatchObject({ status: 200, body: { scope: 'openid' } })
    await change({ removed_at: new Date(server.ctx.clock.now()) })
    expect(await ask({ scope: 'openid' })).toMatchObject(REFUSED)
    await change({ removed_at: null, declined: [] })
  })

  test('a locked person', async () => {
    await server.ctx.db.updateTable('users').set({ status: 'locked' }).where('username', '=', 'kai').execute()
    expect(await ask({ username: 'kai', password: 'kai has a password' })).toMatchObject(REFUSED)
  })
})

async function idOf(username: string): Promise<string> {
  return (await server.ctx.db.selectFrom('users').select('user_id').where('username', '=', username).executeTakeFirstOrThrow()).user_id
}

test('a scope that the client does not have is refused before the password is looked at', async () => {
  expect(await ask({ scope: 'email', password: 'wrong' })).toMatchObject({ status: 400, body: { error: 'invalid_scope' } })
})

test('wrong passwords count where the login page counts, and hold it up too', async () => {
  await server.advance(901)
  const answers = []
  for (let i = 0; i < 9; i++) answers.push(await ask({ password: 'wrong' }))
  expect(answers.map(({ status }) => status)).toEqual([400, 400, 400, 400, 400, 400, 400, 400, 429])
  expect(Number(answers[8]?.headers.get('retry-after'))).toBeGreaterThan(800)
  expect((await ask()).status).toBe(429)
  const browser = newBrowser(server.issuer)
  const discovery = await browser.open(authorizationUrl(server.issuer, newPkce()))
  const login = await browser.open(providerLink(discovery, 'ntu'))
  expect((await browser.submit(login, 'username', { username: 'ada', password: 'ada has a password' })).status).toBe(429)
  await server.advance(901)
  expect((await ask()).status).toBe(200)
})

test('a person of the last of many places is found', async () => {
  await server.apply(Array.from({ length: 51 }, (_, i) => `kind: provider\nprovider_id: a-${i}\nprotocol: local\nname: Place ${i}\norganization: ntu\n`).join('---\n'))
  await server.apply(`kind: client\nclient_id: ntu-only\nclient_secret: { value: ${SECRET} }\nclient_name: x\ngrant_types: [password]\nprofile: legacy\ncompatibility: [password]\nlogin_providers: [ntu]\nscope: openid\n`)
  expect((await ask({}, 'ntu-only')).status).toBe(200)
})

describe('the switch', () => {
  const yaml = (more: string): string => `kind: client\nclient_id: tried\nclient_secret: { value: ${SECRET} }\nclient_name: Tried\ngrant_types: [password]\nscope: openid\n${more}`

  test.each([
    ['not on', 'profile: legacy\n', 'password needs compatibility'],
    ['with the usual profile', 'compatibility: [password]\n', 'password goes not with profile: oauth21'],
    ['with fapi2', 'profile: fapi2\ncompatibility: [password]\n', 'no compatibility switch goes with profile: fapi2'],
  ])('%s: such a client cannot be declared', async (_name, more, message) => {
    await expect(server.apply(yaml(more))).rejects.toThrow(message)
  })

  test('is asked for at each request: a client without it gets nothing', async () => {
    await sql`update clients set document = jsonb_set(document, '{compatibility}', '[]') where client_id = 'old'`.execute(server.ctx.db)
    await raiseCacheVersion(server.ctx.db, 'clients')
    await expect.poll(async () => (await ask()).body['error'], { timeout: 3000 }).toBe('unauthorized_client')
  })
})

import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { withdrawScope } from '../../src/apis/requests.ts'
import { readClient } from '../../src/clients/store.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { basic, get, type JsonAnswer, type Parameters, post } from '../support/relying-party.ts'
import { SECRET } from '../support/world.ts'
import { type Seen, startUpstreamApi, type UpstreamApi } from '../support/upstream-api.ts'
import { gatekeptApis, systemToken, userToken } from './world.ts'

// The other mode of the same registration: instead of a proxy in between, a short token that the API verifies alone, in its own words; and the
// way back, for what the API said that it receives.

const GRANT = 'urn:ietf:params:oauth:grant-type:token-exchange'
const TYPE = 'urn:ietf:params:oauth:token-type:access_token'
const CALENDAR = 'https://calendar.example.org'

let upstream: UpstreamApi
let server: TestServer
let ada: string
beforeAll(async () => {
  upstream = await startUpstreamApi()
  server = await startTestServer()
  await server.apply(gatekeptApis(upstream.url, 'token: true\n').replace('receives: [userid, groups]', 'receives: [userid, groups, gk_library, gk_library_lend]').replace('scope: openid profile gk_calendar gk_calendar_write', 'scope: openid profile gk_calendar gk_calendar_write gk_library gk_library_lend'))
  const declared = (id: string, organization: string, scope: string): string => `kind: client\nclient_id: ${id}\nclient_secret: { value: ${SECRET} }\nclient_name: ${id}\ngrant_types: ['${GRANT}', client_credentials]\nscope: ${scope}\norganization: ${organization}\n`
  await server.apply('kind: api\napi_id: library\nname: { en: Library }\nupstream: ' + upstream.url + '\norganization: ntu\ntoken: true\nreceives: [userid]\nscopes:\n  lend: { title: Lend books, approval: owner }\n')
  await server.apply([declared('library-api', 'ntu', 'userid'), declared('calendar-api', 'ntu', 'userid email groups gk_library gk_library_lend'), declared('stranger', 'lunmal', 'userid groups gk_calendar')].join('---\n'))
  ada = await userToken(server.issuer)
})
afterAll(async () => {
  await server.close()
  await upstream.close()
})

const exchange = (token: string, changes: Parameters, by = 'agenda', headers: Readonly<Record<string, string>> = {}): Promise<JsonAnswer> =>
  post(server.issuer, '/oauth/token', { grant_type: GRANT, subject_token: token, subject_token_type: TYPE, ...changes }, { authorization: basic(by), ...headers })
const introspect = async (token: unknown, by = 'calendar-api'): Promise<Record<string, unknown>> => (await post(server.issuer, '/oauth/introspection', { token: String(token) }, { authorization: basic(by) })).body

describe('a token for an API, in its own words', () => {
  test('lives five minutes, is for that API alone, and says what may be done there', async () => {
    const { status, body } = await exchange(ada, { audience: CALENDAR, scope: 'write' })
    expect([status, body]).toEqual([200, { access_token: expect.any(String), token_type: 'Bearer', expires_in: 300, scope: 'write', issued_token_type: TYPE }])
    const jwt = String(body['access_token'])
    const { payload, protectedHeader } = await jwtVerify(jwt, createRemoteJWKSet(new URL(`${server.issuer}/.well-known/jwks.json`)), { issuer: server.issuer, audience: CALENDAR, typ: 'at+jwt' })
    expect(protectedHeader.alg).toBe('ES256')
    expect(payload).toMatchObject({ scope: 'write', client_id: 'agenda', subject_type: 'user', sub: (await introspect(jwt))['sub'] })
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(300)
    expect(payload).not.toHaveProperty('act')
  })

  test('says all that the first token lets do there when nothing is asked, and only of that API', async () => {
    const { body } = await exchange(ada, { resource: `${server.issuer}/gk/calendar` })
    expect(decodeJwt(String(body['access_token']))).toMatchObject({ aud: `${server.issuer}/gk/calendar`, scope: 'write' })
    expect(await introspect(body['access_token'])).toMatchObject({ active: true, scope: 'gk_calendar gk_calendar_write' })
  })

  test('opens the gatekeeper, too: the same registration has both modes', async () => {
    const { body } = await exchange(ada, { audience: CALENDAR, scope: 'write' })
    expect((await fetch(`${server.issuer}/gk/calendar/x`, { headers: { authorization: `Bearer ${String(body['access_token'])}` } })).status).toBe(200)
  })

  test.each([
    ['an API that nobody knows', { audience: 'https://nowhere.example' }, 'invalid_target'],
    ['an address below the gatekeeper that no API has', { audience: '/gk/nothing' }, 'invalid_target'],
    ['what the API does not have', { audience: CALENDAR, scope: 'read' }, 'invalid_scope'],
    ['two APIs\' words at once', { audience: CALENDAR, scope: 'write gk_library' }, 'invalid_scope'],
  ] as const)('is not for %s', async (_name, changes, error) => {
    const audience = changes.audience.startsWith('/') ? server.issuer + changes.audience : changes.audience
    expect(await exchange(ada, { ...changes, audience })).toMatchObject({ status: 400, body: { error } })
  })

  test('is not more than the person allowed', async () => {
    const token = await userToken(server.issuer, { scope: 'openid gk_calendar' })
    expect(await exchange(token, { audience: CALENDAR, scope: 'write' })).toMatchObject({ status: 400, body: { error: 'invalid_scope' } })
    expect((await exchange(token, { audience: CALENDAR })).body['scope']).toBe('')
  })
})

describe('the short token that the gatekeeper sends along', () => {
  const sent = async (token: string): Promise<string> => {
    const seen = (await (await fetch(`${server.issuer}/gk/calendar/x`, { headers: { authorization: `Bearer ${token}` } })).json()) as Seen
    return seen.headers.find(([name]) => name === 'x-dataporten-token')?.[1] ?? ''
  }

  test('is the API\'s alone, of the person and of the client that called', async () => {
    const jwt = await sent(ada)
    expect(decodeJwt(jwt)).toMatchObject({ aud: CALENDAR, client_id: 'agenda', scope: 'write', subject_type: 'user' })
    expect(await introspect(jwt)).toMatchObject({ active: true, client_id: 'agenda' })
    expect((await get(server.issuer, '/userinfo', { authorization: `Bearer ${jwt}` })).status).toBe(401)
  })

  test('of a system has no person', async () => {
    expect(decodeJwt(await sent(await systemToken(server.issuer)))).toMatchObject({ aud: CALENDAR, sub: 'client:robot', subject_type: 'client' })
  })

  test('ends with what it came from, and is not made anew for every call', async () => {
    const token = await userToken(server.issuer)
    const jwt = await sent(token)
    expect(await sent(token)).toBe(jwt)
    await server.advance(61)
    expect(await sent(token)).not.toBe(jwt)
    await post(server.issuer, '/oauth/revocation', { token }, { authorization: basic('agenda') })
    expect((await fetch(`${server.issuer}/gk/calendar/x`, { headers: { authorization: `Bearer ${token}` } })).status).toBe(401)
  })
})

describe('the way back', () => {
  const apisToken = async (token = ada): Promise<string> => String((await exchange(token, { audience: CALENDAR })).body['access_token'])

  test('brings the API what people were told that it receives, as far as its own client may have it', async () => {
    const { status, body } = await exchange(await apisToken(), { resource: server.issuer }, 'calendar-api')
    expect([status, body['scope']]).toEqual([200, 'userid groups'])
    const { body: told } = await get(server.issuer, '/userinfo', { authorization: `Bearer ${String(body['access_token'])}` })
    expect(told).toEqual({ sub: expect.any(String), userid: told['sub'], groups: ['fc:org:ntu.example', 'staff', 'planners'] })
    expect(await introspect(body['access_token'])).toMatchObject({ act: { sub: 'client:calendar-api' } })
  })

  test('leads on to another API that it said it calls', async () => {
    const { body } = await exchange(await apisToken(), { audience: `${server.issuer}/gk/library` }, 'calendar-api')
    const call = (path: string): Promise<Response> => fetch(server.issuer + path, { headers: { authorization: `Bearer ${String(body['access_token'])}` } })
    const seen = (await (await call('/gk/library/x')).json()) as Seen
    expect(new Map(seen.headers).get('x-dataporten-clientid')).toBe('calendar-api')
    expect((await call('/gk/calendar/x')).status).toBe(401)
  })

  test('goes on from there, and hangs on what the person let in first', async () => {
    const first = await userToken(server.issuer)
    const { body: second } = await exchange(await apisToken(first), { audience: `${server.issuer}/gk/library` }, 'calendar-api')
    const library = (token: unknown): Promise<Response> => fetch(`${server.issuer}/gk/library/x`, { headers: { authorization: `Bearer ${String(token)}` } })
    const seen = (await (await library(second['access_token'])).json()) as Seen
    const { body: again } = await exchange(String(second['access_token']), { audience: `${server.issuer}/gk/library` }, 'calendar-api')
    expect((await library(again['access_token'])).status).toBe(200)
    for (const token of [second['access_token'], new Map(seen.headers).get('x-dataporten-token')]) {
      const { status, body } = await exchange(String(token), { resource: server.issuer }, 'library-api')
      expect([status, body['scope']]).toEqual([200, 'userid'])
      const userinfo = (): Promise<JsonAnswer> => get(server.issuer, '/userinfo', { authorization: `Bearer ${String(body['access_token'])}` })
      expect((await userinfo()).status).toBe(200)
      expect(await introspect(body['access_token'], 'library-api')).toMatchObject({ act: { sub: 'client:library-api', act: { sub: 'client:calendar-api' } } })
      expect(await introspect(body['access_token'], 'library-api')).toMatchObject({ active: true, scope: 'userid' })
    }
  })

  test('brings nothing that it did not say, nor what its client may not have', async () => {
    for (const scope of ['email', 'profile', 'gk_calendar']) expect(await exchange(await apisToken(), { resource: server.issuer, scope }, 'calendar-api')).toMatchObject({ status: 400, body: { error: 'invalid_scope' } })
  })

  test('is closed to others, and to a token that is not the API\'s', async () => {
    expect(await exchange(await apisToken(), { resource: server.issuer }, 'stranger')).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
    expect((await exchange(ada, { resource: server.issuer }, 'calendar-api')).body['error']).toBe('invalid_request')
    // Its caller gets no more by it than it had.
    const own = await exchange(await apisToken(), { resource: server.issuer, scope: 'groups' }, 'agenda')
    expect(own).toMatchObject({ status: 400, body: { error: 'invalid_scope' } })
  })

  test('is no way round what was not approved for the API\'s own client', async () => {
    const onward = async (changes: Parameters = {}): Promise<JsonAnswer> => exchange(await apisToken(), { audience: `${server.issuer}/gk/library`, ...changes }, 'calendar-api')
    const carried = await userToken(server.issuer, { scope: 'openid gk_calendar gk_library gk_library_lend', resource: CALENDAR })
    const handedOn = async (): Promise<unknown> => (await exchange(carried, { audience: `${server.issuer}/gk/library` }, 'calendar-api')).body['scope']
    expect([(await onward()).body['scope'], await handedOn()]).toEqual(['lend', 'lend'])
    const client = await readClient(server.ctx.db, 'calendar-api')
    expect(await withdrawScope(server.ctx, { clientKey: client?.key ?? '', clientId: 'calendar-api', scope: 'gk_library_lend', by: undefined }, 'No more')).toBe(true)
    await expect.poll(async () => (await onward()).body['scope']).toBe('')
    expect(await handedOn()).toBe('')
    expect(await onward({ scope: 'lend' })).toMatchObject({ status: 400, body: { error: 'invalid_scope' } })
  })

  test('ends when the person takes back that the API may be called', async () => {
    const token = await apisToken(await userToken(server.issuer))
    const { body } = await exchange(token, { resource: server.issuer }, 'calendar-api')
    const userinfo = (): Promise<JsonAnswer> => get(server.issuer, '/userinfo', { authorization: `Bearer ${String(body['access_token'])}` })
    expect((await userinfo()).status).toBe(200)
    const { rows } = await sql`update grants set scope = 'openid' where grant_id = (select grant_id from access_tokens where via = 'calendar' order by token_id desc limit 1) returning grant_id`.execute(server.ctx.db)
    expect(rows).toHaveLength(1)
    expect((await userinfo()).status).toBe(403)
  })
})

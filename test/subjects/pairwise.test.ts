import { createServer, type Server } from 'node:http'
import { decodeJwt } from 'jose'
import { sql } from 'kysely'
import * as client from 'openid-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { deliverLogoutsJob } from '../../src/jobs/deliver-logouts.ts'
import { mergeUsers } from '../../src/signin/merge.ts'
import { freePort, startTestServer, type TestServer } from '../support/app.ts'
import { type Browser, newBrowser } from '../support/browser.ts'
import { answerOf, authorizationUrl, basic, get, type JsonAnswer, newPkce, type Parameters, post, refresh, walk } from '../support/relying-party.ts'
import { SECRET } from '../support/world.ts'

// A client with pairwise subjects knows a person by a name that no client of another sector knows (OpenID Connect Core §8).

const [EXCHANGE, CIBA, DEVICE] = ['urn:ietf:params:oauth:grant-type:token-exchange', 'urn:openid:params:grant-type:ciba', 'urn:ietf:params:oauth:grant-type:device_code']
const [CALENDAR, GRADES] = ['https://calendar.example.org', 'https://grades.example.org']
const UUID = /^[0-9a-f]{8}-/
const hosts: Readonly<Record<string, string>> = { 'blue-web': 'blue.example.org', 'blue-app': 'blue.example.org', green: 'green.example.org', open: 'open.example.org', turning: 'turning.example.org', 'blue-old': 'blue.example.org' }
let server: TestServer
let site: Server
let port: number
let heard: string[] = []

function document(id: string, more: string): string {
  return `
kind: client
client_id: ${id}
client_secret: { value: ${SECRET} }
client_name: ${id}
redirect_uris: ['https://${hosts[id]}/${id}']
post_logout_redirect_uris: ['https://${hosts[id]}/']
grant_types: [authorization_code, refresh_token, '${CIBA}', '${DEVICE}']
scope: openid profile userid offline_access gk_calendar
consent: implied
${more}`
}

beforeAll(async () => {
  ;[server, port] = await Promise.all([startTestServer({ env: { PORTNER_TEST_FETCH: '1', PORTNER_REGISTRATION: 'open' } }), freePort()])
  site = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => void (body += chunk.toString()))
    request.on('end', () => {
      heard.push(new URLSearchParams(body).get('logout_token') ?? '')
      const sectors: Readonly<Record<string, string>> = { '/sector': '["https://one.example.org/cb","https://two.example.org/cb"]', '/no-array': '{"uris":[]}', '/no-json': 'hello' }
      const text = sectors[request.url ?? '']
      response.writeHead(text === undefined && request.method === 'GET' ? 404 : 200, { 'content-type': 'application/json' }).end(text)
    })
  })
  await new Promise<void>((resolve) => site.listen(port, '127.0.0.1', resolve))
  const pairwise = 'subject_type: pairwise'
  await server.apply([document('blue-web', `${pairwise}\nbackchannel_logout_uri: http://127.0.0.1:${port}/out`), document('blue-app', pairwise), document('green', pairwise), document('open', ''), document('turning', ''), document('blue-old', `${pairwise}\nprofile: legacy\ncompatibility: [password, implicit]\nresponse_types: [code, id_token token]\n`).replace('grant_types: [', 'grant_types: [password, implicit, '), `
kind: client
client_id: calendar-api
client_secret: { value: ${SECRET} }
client_name: calendar-api
grant_types: ['${EXCHANGE}', client_credentials]
scope: openid profile gk_calendar
organization: ntu
`].join('\n---'))
})
afterAll(async () => {
  site.close()
  await server.close()
})

interface Tokens {
  readonly sub: string
  readonly idToken: string
  readonly access: string
  readonly refresh: string
}

const callback = (id: string): string => `https://${hosts[id]}/${id}`

async function signIn(id: string, browser: Browser = newBrowser(server.issuer), changes: Parameters = {}, username = 'ada'): Promise<Tokens> {
  const pkce = newPkce()
  const code = answerOf(await walk(browser, await browser.open(authorizationUrl(server.issuer, pkce, { client_id: id, redirect_uri: callback(id), ...changes })), username)).get('code') ?? ''
  const { body } = await post(server.issuer, '/oauth/token', { grant_type: 'authorization_code', code, redirect_uri: callback(id), code_verifier: pkce.verifier }, { authorization: basic(id) })
  return { sub: decodeJwt(String(body['id_token'])).sub ?? '', idToken: String(body['id_token']), access: String(body['access_token']), refresh: String(body['refresh_token']) }
}

const introspect = async (token: string, id: string): Promise<Record<string, unknown>> => (await post(server.issuer, '/oauth/introspection', { token }, { authorization: basic(id) })).body

test('clients of one sector know a person by one name, another sector by another, and both are none of the person\'s own', async () => {
  const [web, app, green, open] = [await signIn('blue-web'), await signIn('blue-app'), await signIn('green'), await signIn('open')]
  expect(web.sub).toBe(app.sub)
  expect(new Set([web.sub, green.sub, open.sub]).size).toBe(3)
  expect(open.sub).toMatch(UUID)
  for (const { sub } of [web, green]) expect(sub).toMatch(/^[A-Za-z0-9_-]{22}$/)
  expect((await signIn('blue-web', newBrowser(server.issuer), {}, 'lin')).sub).not.toBe(web.sub)
  await server.restart()
  expect((await signIn('blue-web')).sub).toBe(web.sub)
})

test('it is the name wherever the client or an API hears of the person', async () => {
  const browser = newBrowser(server.issuer)
  const { sub, access, refresh: refreshToken } = await signIn('blue-web', browser, { scope: 'openid profile userid offline_access' })
  const userinfo = await get(server.issuer, '/userinfo', { authorization: `Bearer ${access}` })
  expect(userinfo.body).toMatchObject({ sub, userid: sub, name: 'Ada Example' })
  expect(await introspect(access, 'blue-web')).toMatchObject({ active: true, sub })
  expect(await introspect(refreshToken, 'blue-web')).toMatchObject({ active: true, sub })
  const refreshed = await refresh(server.issuer, refreshToken, {}, { authorization: basic('blue-web') })
  expect(decodeJwt(String(refreshed.body['id_token'])).sub).toBe(sub)
  const jwt = await signIn('blue-web', browser, { resource: GRADES })
  expect(decodeJwt(jwt.access)).toMatchObject({ sub, aud: GRADES })
  heard = []
  await browser.open(`${server.issuer}/oauth/logout?${new URLSearchParams({ id_token_hint: jwt.idToken })}`)
  await deliverLogoutsJob.run(server.ctx, () => false)
  expect(heard.map((token) => decodeJwt(token).sub)).toEqual([sub])
})

test('it is the name where no code is: tokens through the browser, and for a password', async () => {
  const { sub } = await signIn('blue-web')
  const browser = newBrowser(server.issuer)
  const front = answerOf(await walk(browser, await browser.open(authorizationUrl(server.issuer, undefined, { client_id: 'blue-old', redirect_uri: callback('blue-old'), response_type: 'id_token token' }))))
  expect(decodeJwt(front.get('id_token') ?? '').sub).toBe(sub)
  expect((await get(server.issuer, '/userinfo', { authorization: `Bearer ${front.get('access_token')}` })).body['sub']).toBe(sub)
  const { body } = await post(server.issuer, '/oauth/token', { grant_type: 'password', username: 'ada', password: 'ada has a password', scope: 'openid' }, { authorization: basic('blue-old') })
  expect((await get(server.issuer, '/userinfo', { authorization: `Bearer ${body['access_token']}` })).body['sub']).toBe(sub)
})

test('an API that exchanges the token learns no second name', async () => {
  const { sub, access } = await signIn('green', newBrowser(server.issuer), { scope: 'openid profile gk_calendar', resource: CALENDAR })
  expect(await introspect(access, 'calendar-api')).toMatchObject({ active: true, sub })
  const { body } = await post(server.issuer, '/oauth/token', { grant_type: EXCHANGE, subject_token: access, subject_token_type: 'urn:ietf:params:oauth:token-type:access_token', resource: GRADES }, { authorization: basic('calendar-api') })
  expect(decodeJwt(String(body['access_token']))).toMatchObject({ sub, act: { sub: 'client:calendar-api' } })
})

test('a client that is made pairwise keeps the name of the grants it has', async () => {
  const before = await signIn('turning', newBrowser(server.issuer), { scope: 'openid offline_access' })
  expect(before.sub).toMatch(UUID)
  await server.apply(document('turning', 'subject_type: pairwise'))
  const refreshed = await refresh(server.issuer, before.refresh, {}, { authorization: basic('turning') })
  expect(decodeJwt(String(refreshed.body['id_token'])).sub).toBe(before.sub)
  const browser = newBrowser(server.issuer)
  expect((await signIn('turning', browser)).sub).not.toBe(before.sub)
  const hinted = answerOf(await browser.open(authorizationUrl(server.issuer, newPkce(), { client_id: 'turning', redirect_uri: callback('turning'), prompt: 'none', id_token_hint: before.idToken })))
  expect(hinted.get('code')).toMatch(/^ptr_ac_/)
})

test('people who become one keep the name of the one who stays', async () => {
  const users = await server.ctx.db.selectFrom('users').select(['user_id', 'username']).execute()
  const idOf = (name: string): string => users.find(({ username }) => username === name)?.user_id ?? ''
  const before = { ada: await signIn('green'), kai: await signIn('green', newBrowser(server.issuer), {}, 'kai') }
  await sql`update users set created_at = created_at - interval '1 day' where username = 'ada'`.execute(server.ctx.db)
  const merged = await mergeUsers(server.ctx, idOf('ada'), idOf('kai'))
  expect(merged?.survivor).toBe(idOf('ada'))
  expect((await signIn('green')).sub).toBe(before.ada.sub)
  expect(await introspect(before.kai.access, 'green')).toEqual({ active: false })
})

describe('a hint by that name', () => {
  const silent = async (browser: Browser, changes: Parameters): Promise<URLSearchParams> => answerOf(await browser.open(authorizationUrl(server.issuer, newPkce(), { client_id: 'green', redirect_uri: callback('green'), prompt: 'none', ...changes })))

  test('is understood: an id token, also of a sister, and the bare name', async () => {
    const browser = newBrowser(server.issuer)
    const ada = await signIn('green', browser)
    const lin = await signIn('green', browser, { prompt: 'select_account' }, 'lin')
    for (const hint of [{ id_token_hint: ada.idToken }, { login_hint: ada.sub }, { id_token_hint: lin.idToken }, { login_hint: lin.sub }]) expect((await silent(browser, hint)).get('code')).toMatch(/^ptr_ac_/)
    expect((await silent(browser, {})).get('error')).toBe('account_selection_required')
    expect((await silent(newBrowser(server.issuer), { id_token_hint: ada.idToken })).get('error')).toBe('login_required')
    expect((await signIn('green', browser, { login_hint: lin.sub })).sub).toBe(lin.sub)
  })

  test('of another sector means nobody', async () => {
    const browser = newBrowser(server.issuer)
    const [blue] = [await signIn('blue-web', browser), await signIn('green', browser)]
    await signIn('green', browser, { prompt: 'select_account' }, 'lin')
    expect((await silent(browser, { login_hint: blue.sub })).get('error')).toBe('account_selection_required')
  })

  test('signs that person out, and nobody else', async () => {
    const browser = newBrowser(server.issuer)
    const ada = await signIn('green', browser)
    const lin = await signIn('green', browser, { prompt: 'select_account' }, 'lin')
    const left = await browser.open(`${server.issuer}/oauth/logout?${new URLSearchParams({ id_token_hint: ada.idToken, post_logout_redirect_uri: 'https://green.example.org/' })}`)
    expect(left.url).toBe('https://green.example.org/')
    expect((await silent(browser, { id_token_hint: ada.idToken })).get('error')).toBe('login_required')
    expect((await silent(browser, { id_token_hint: lin.idToken })).get('code')).not.toBeNull()
  })

  test('finds the person whom a client asks for without a browser', async () => {
    const ada = await signIn('green')
    const config = await client.discovery(new URL(server.issuer), 'green', {}, client.ClientSecretBasic(SECRET), { execute: [client.allowInsecureRequests] })
    for (const hint of [{ login_hint: ada.sub }, { id_token_hint: ada.idToken }]) {
      const started = await client.initiateBackchannelAuthentication(config, { scope: 'openid', ...hint })
      const { rows } = await sql<{ request_id: string }>`select request_id from decoupled_requests order by created_at desc limit 1`.execute(server.ctx.db)
      const browser = newBrowser(server.issuer)
      const page = await walk(browser, await browser.open(`${server.issuer}/approve/${rows[0]?.request_id}`))
      if (page.html.includes('name="decision"')) await browser.submit(page, 'decision', { decision: 'allow' })
      const tokens = await client.pollBackchannelAuthenticationGrant(config, { ...started, interval: 0 })
      expect(tokens.claims()?.sub).toBe(ada.sub)
    }
    const nobody = await post(server.issuer, '/oauth/backchannel_authentication', { scope: 'openid', login_hint: (await signIn('blue-web')).sub }, { authorization: basic('green') })
    expect(nobody).toMatchObject({ status: 400, body: { error: 'unknown_user_id' } })
  })
})

describe('the sector', () => {
  const register = async (members: object): Promise<JsonAnswer> => {
    const response = await fetch(`${server.issuer}/oauth/registration`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ subject_type: 'pairwise', ...members }) })
    const text = await response.text()
    return { status: response.status, headers: response.headers, text, body: JSON.parse(text) as Record<string, unknown> }
  }
  const two = ['https://one.example.org/cb', 'https://two.example.org/cb']
  const at = (path: string): string => `http://127.0.0.1:${port}${path}`

  test('of several hosts is what an address says that lists every redirect URI', async () => {
    const { status, body } = await register({ redirect_uris: two, sector_identifier_uri: at('/sector') })
    expect({ status, uri: body['sector_identifier_uri'], type: body['subject_type'] }).toEqual({ status: 201, uri: at('/sector'), type: 'pairwise' })
    const pkce = newPkce()
    const browser = newBrowser(server.issuer)
    const id = String(body['client_id'])
    const code = answerOf(await walk(browser, await browser.open(authorizationUrl(server.issuer, pkce, { client_id: id, redirect_uri: two[1] })))).get('code') ?? ''
    const tokens = await post(server.issuer, '/oauth/token', { grant_type: 'authorization_code', code, redirect_uri: two[1], code_verifier: pkce.verifier }, { authorization: basic(id, String(body['client_secret'])) })
    expect(decodeJwt(String(tokens.body['id_token'])).sub).toMatch(/^[A-Za-z0-9_-]{22}$/)
  })

  test.each([
    ['a document that lists only some', { redirect_uris: [...two, 'https://three.example.org/cb'], sector_identifier_uri: '/sector' }, 'does not list https://three.example.org/cb'],
    ['a document that is no array', { redirect_uris: two, sector_identifier_uri: '/no-array' }, 'could not be read'],
    ['a document that is no JSON', { redirect_uris: two, sector_identifier_uri: '/no-json' }, 'could not be read'],
    ['no document', { redirect_uris: two, sector_identifier_uri: '/nothing' }, 'could not be read'],
    ['several hosts and no address that speaks for them', { redirect_uris: two }, 'the redirect URIs have several hosts'],
    ['no host at all', { redirect_uris: ['org.example.app:/cb'], application_type: 'native' }, 'there is no redirect URI with a host'],
    ['an address without TLS', { redirect_uris: two, sector_identifier_uri: 'http://one.example.org/sector' }, 'must be an https URL'],
  ])('%s is refused', async (_name, { sector_identifier_uri: uri, ...members }: { sector_identifier_uri?: string; redirect_uris: string[] }, words) => {
    const answer = await register({ ...members, ...(uri === undefined ? {} : { sector_identifier_uri: uri.startsWith('/') ? at(uri) : uri }) })
    expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_client_metadata', error_description: expect.stringContaining(words) } })
  })

  test('is asked again when a client changes itself, and when a file declares it', async () => {
    const { body } = await register({ redirect_uris: two, sector_identifier_uri: at('/sector') })
    const changed = await fetch(String(body['registration_client_uri']), { method: 'PUT', headers: { 'content-type': 'application/json', authorization: `Bearer ${body['registration_access_token']}` }, body: JSON.stringify({ client_id: body['client_id'], subject_type: 'pairwise', sector_identifier_uri: at('/sector'), redirect_uris: ['https://evil.example.org/cb'] }) })
    expect(changed.status).toBe(400)
    const declared = (uri: string): Promise<void> => server.apply(`\nkind: client\nclient_id: declared\nclient_secret: { value: ${SECRET} }\nredirect_uris: [https://one.example.org/cb]\nsubject_type: pairwise\nsector_identifier_uri: ${uri}\n`)
    await expect(declared(at('/no-json'))).rejects.toThrow(/^test\.yaml:7:24: sector_identifier_uri could not be read/)
    await declared(at('/sector'))
  })

  test('is advertised', async () => {
    expect((await get(server.issuer, '/.well-known/openid-configuration')).body['subject_types_supported']).toEqual(['public', 'pairwise'])
  })
})

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { diagnosisOf, OPERATOR } from '../diagnosis/stage.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { type Nginx, startNginx, withoutNginx } from '../support/nginx.ts'
import { rawRequest } from '../support/raw-request.ts'
import { type Seen, startUpstreamApi, type UpstreamApi } from '../support/upstream-api.ts'
import { gatekeptApis, systemToken, UPSTREAM_PASSWORD, userToken } from './world.ts'

// Proxies of others ask about each request, and get the same decision as the gatekeeper's own.

let upstream: UpstreamApi
let server: TestServer
let ada: string
let robot: string
let foreign: string
beforeAll(async () => {
  upstream = await startUpstreamApi()
  server = await startTestServer()
  await server.apply(gatekeptApis(upstream.url))
  ada = await userToken(server.issuer)
  robot = await systemToken(server.issuer)
  foreign = await userToken(server.issuer, { scope: 'openid profile' })
})
afterAll(async () => {
  await server.close()
  await upstream.close()
})

const NGINX_SAYS = { 'x-original-method': 'GET', 'x-original-uri': '/events?a=1', 'x-gatekeeper-secret': UPSTREAM_PASSWORD }

function ask(token: string | undefined, headers: Readonly<Record<string, string>> = NGINX_SAYS, path = '/gk/calendar', method = 'GET'): Promise<Response> {
  return fetch(server.issuer + path, { method, headers: { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...headers } })
}

const told = ({ headers }: Response): Record<string, string> => Object.fromEntries([...headers].filter(([name]) => name.startsWith('x-dataporten-')))

describe('the decision', () => {
  test('is 200 with the headers of whoever calls', async () => {
    const user = await ask(ada)
    expect([user.status, told(user)]).toEqual([200, expect.objectContaining({ 'x-dataporten-subject-type': 'user', 'x-dataporten-clientid': 'agenda', 'x-dataporten-scopes': 'write', 'x-dataporten-groups': 'fc:org:ntu.example,staff,planners', 'x-dataporten-userid': expect.any(String) })])
    const system = await ask(robot)
    expect([system.status, told(system)]).toEqual([200, { 'x-dataporten-gatekeeper': 'calendar', 'x-dataporten-subject-type': 'system', 'x-dataporten-clientid': 'robot', 'x-dataporten-scopes': 'write' }])
    expect(system.headers.get('x-envoy-auth-headers-to-remove')).toContain('authorization,X-Dataporten-Userid,')
    expect(system.headers.get('cache-control')).toBe('no-store')
  })

  test.each([
    ['nothing', undefined, {}, 401],
    ['another token', 'x', {}, 401],
    ['a token that cannot be read', 'x y', {}, 401],
    ['a token for other things', 'foreign', {}, 403],
    ['OPTIONS', undefined, { 'x-original-method': 'OPTIONS' }, 200],
    ['an address that can be read in two ways', 'ada', { 'x-original-uri': '/a/%2e%2e/b' }, 403],
    ['an absolute address', 'ada', { 'x-original-uri': 'http://evil.example/' }, 403],
    ['no method that is one', 'ada', { 'x-original-method': 'get' }, 403],
    ['two methods', 'ada', { 'x-forwarded-method': 'OPTIONS' }, 403],
    ['two addresses', 'ada', { 'x-forwarded-uri': '/other' }, 403],
    ['the same twice', 'ada', { 'x-forwarded-uri': '/events?a=1', 'x-forwarded-method': 'GET' }, 200],
    ['a wrong secret', 'ada', { 'x-gatekeeper-secret': 'guessed-wrongly' }, 403],
  ] as const)('about %s', async (_name, token, headers, status) => {
    const tokens: Readonly<Record<string, string>> = { ada, foreign }
    const answer = await ask(token === undefined ? undefined : (tokens[token] ?? token), { ...NGINX_SAYS, ...headers })
    expect(answer.status).toBe(status)
    if (status === 401) expect(answer.headers.get('www-authenticate')).toContain('resource_metadata=')
    if (status !== 200) expect(told(answer)).toEqual({})
  })

  test('that is no has its cause in the diagnosis', async () => {
    const answer = await ask(ada, { ...NGINX_SAYS, 'x-original-uri': '/a/%2e%2e/b' })
    expect((await diagnosisOf(server, answer.headers.get('x-request-id') ?? '', OPERATOR)).cause).toBe('gatekeeper.refused')
  })

  test('is for known proxies only: whoever else asks could say that it was OPTIONS', async () => {
    const { 'x-gatekeeper-secret': _secret, ...stranger } = NGINX_SAYS
    for (const method of ['GET', 'OPTIONS']) expect((await ask(ada, { ...stranger, 'x-original-method': method })).status).toBe(403)
    expect((await ask(ada, { ...NGINX_SAYS }, '/gk/library')).status).toBe(403)
  })

  test('says what is missing to a proxy that does not say what was asked', async () => {
    const answer = await ask(ada, { 'x-gatekeeper-secret': UPSTREAM_PASSWORD })
    expect([answer.status, await answer.text()]).toEqual([403, expect.stringContaining('X-Original-URI')])
  })

  test('behind a prefix is about the very method and address (Envoy)', async () => {
    const secret = { 'x-gatekeeper-secret': UPSTREAM_PASSWORD }
    expect((await ask(ada, secret, '/gk-auth/calendar/events?a=1', 'POST')).status).toBe(200)
    expect((await ask(ada, secret, '/gk-auth/calendar')).status).toBe(200)
    expect((await ask(undefined, { ...secret, 'x-original-method': 'OPTIONS', 'x-forwarded-method': 'OPTIONS' }, '/gk-auth/calendar/x')).status).toBe(401)
    expect((await ask(undefined, secret, '/gk-auth/calendar/x', 'OPTIONS')).status).toBe(200)
    expect((await ask(ada, {}, '/gk-auth/calendar/x')).status).toBe(403)
  })
})

describe('a proxy of the operator\'s', () => {
  test('is known by its address (Traefik, Caddy)', async () => {
    const trusting = await startTestServer({ env: { PORTNER_TRUST_PROXY: '127.0.0.1,::1' } })
    try {
      await trusting.apply(gatekeptApis(upstream.url))
      const token = await systemToken(trusting.issuer)
      const answer = await fetch(`${trusting.issuer}/gk/calendar`, { headers: { authorization: `Bearer ${token}`, 'x-forwarded-method': 'GET', 'x-forwarded-uri': '/x' } })
      expect([answer.status, answer.headers.get('x-dataporten-clientid')]).toEqual([200, 'robot'])
    } finally {
      await trusting.close()
    }
  })
})

describe.skipIf(withoutNginx !== false)(`nginx, as the documentation has it${withoutNginx === false ? '' : ` (skipped: ${withoutNginx})`}`, () => {
  let nginx: Nginx
  beforeAll(async () => {
    const text = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'gatekeeper.md'), 'utf8')
    const locations = /```nginx\n([\s\S]*?)```/.exec(text)?.[1] ?? ''
    nginx = await startNginx(locations.replace('http://127.0.0.1:4001', upstream.url).replace('https://auth.example.org', server.issuer).replace('the secret of the API', UPSTREAM_PASSWORD))
  })
  afterAll(() => nginx.close())

  const through = (token: string | undefined, path = '/events', init: { readonly method?: string; readonly headers?: Readonly<Record<string, string>>; readonly body?: string } = {}): Promise<Response> =>
    fetch(`http://127.0.0.1:${nginx.port}${path}`, { ...init, headers: { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...init.headers } })
  const ours = ({ headers }: Seen): Record<string, string> => Object.fromEntries(headers.filter(([name]) => name.startsWith('x-dataporten-') && name !== 'x-dataporten-admin'))
  const SYSTEM = { 'x-dataporten-gatekeeper': 'calendar', 'x-dataporten-clientid': 'robot', 'x-dataporten-scopes': 'write', 'x-dataporten-subject-type': 'system' }

  test('lets in whom the gatekeeper lets in, and tells the API the same', async () => {
    const user = (await (await through(ada)).json()) as Seen
    const direct = (await (await fetch(`${server.issuer}/gk/calendar/events`, { headers: { authorization: `Bearer ${ada}` } })).json()) as Seen
    // nginx leaves out what is empty.
    expect(ours(user)).toEqual(Object.fromEntries(Object.entries(ours(direct)).filter(([, value]) => value !== '')))
    expect(JSON.stringify(user)).not.toContain(ada)
    expect(ours((await (await through(robot)).json()) as Seen)).toEqual(SYSTEM)
    const posted = (await (await through(robot, '/a%20b?c=d', { method: 'POST', body: 'the body' })).json()) as Seen
    expect(posted).toMatchObject({ method: 'POST', url: '/a%20b?c=d', body: 'the body' })
  })

  test('keeps out whom the gatekeeper keeps out', async () => {
    upstream.seen()
    const nobody = await through(undefined)
    expect([nobody.status, nobody.headers.get('www-authenticate')]).toEqual([401, expect.stringContaining('resource_metadata=')])
    expect((await through('x')).status).toBe(401)
    expect((await through(foreign)).status).toBe(403)
    expect(upstream.seen()).toEqual([])
  })

  test.each([
    ['as we write it', ['X-Dataporten-Userid: ada']],
    ['in capitals', ['X-DATAPORTEN-USERID: ada']],
    ['with underscores', ['X_Dataporten_Userid: ada']],
    ['twice', ['X-Dataporten-Userid: ada', 'X-Dataporten-Userid: lin']],
    ['for what we say ourselves', ['X-Dataporten-Clientid: agenda', 'X-Dataporten-Scopes: admin', 'X-Dataporten-Subject-Type: user', 'X-Dataporten-Token: x']],
    ['that names ours as of the connection', ['Connection: close, x-dataporten-clientid, x-dataporten-subject-type']],
    ['that says another method', ['X-Original-Method: OPTIONS', 'X-Forwarded-Method: OPTIONS']],
  ])('a header %s never reaches the API', async (_name, headers) => {
    upstream.seen()
    const close = headers.some((header) => header.startsWith('Connection')) ? [] : ['Connection: close']
    const lines = ['GET /x HTTP/1.1', 'Host: localhost', `Authorization: Bearer ${robot}`, ...headers, ...close]
    expect((await rawRequest(nginx.port, `${lines.join('\r\n')}\r\n\r\n`)).status).toBe(200)
    expect(upstream.seen().map(ours)).toEqual([SYSTEM])
    const withoutToken = lines.filter((line) => !line.startsWith('Authorization'))
    expect((await rawRequest(nginx.port, `${withoutToken.join('\r\n')}\r\n\r\n`)).status).toBe(401)
    expect(upstream.seen()).toEqual([])
  })

  test.each(['/a/../x', '/%2e%2e/x', '/a%2fb', '//x', '/a\\b', '/..;/x'])('the address %s does not come through', async (path) => {
    upstream.seen()
    const answer = await rawRequest(nginx.port, `GET ${path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${robot}\r\nConnection: close\r\n\r\n`)
    expect([400, 403]).toContain(answer.status)
    expect(upstream.seen()).toEqual([])
  })
})

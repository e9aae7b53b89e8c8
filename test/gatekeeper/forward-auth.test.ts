import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { diagnosisOf, OPERATOR } from '../diagnosis/stage.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import type { UpstreamApi } from '../support/upstream-api.ts'
import { gatekeptApis, openGatekept, systemToken, UPSTREAM_PASSWORD, userToken } from './world.ts'

// Proxies of others ask about each request, and get the same decision as the gatekeeper's own.

let upstream: UpstreamApi
let server: TestServer
let close: () => Promise<void>
let ada: string
let robot: string
let foreign: string
beforeAll(async () => {
  ;({ upstream, server, close } = await openGatekept())
  ada = await userToken(server.issuer)
  robot = await systemToken(server.issuer)
  foreign = await userToken(server.issuer, { scope: 'openid profile' })
})
afterAll(() => close())

const NGINX_SAYS = { 'x-original-method': 'GET', 'x-original-uri': '/events?a=1', 'x-gatekeeper-secret': UPSTREAM_PASSWORD }

function ask(token: string | undefined, headers: Readonly<Record<string, string>> = NGINX_SAYS, path = '/gk/calendar', method = 'GET'): Promise<Response> {
  return fetch(server.issuer + path, { method, headers: { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...headers } })
}

const told = ({ headers }: Response): Record<string, string> => Object.fromEntries([...headers].filter(([name, value]) => name.startsWith('x-dataporten-') && value !== ''))

describe('the decision', () => {
  test('is 200 with the headers of whoever calls', async () => {
    const user = await ask(ada)
    expect([user.status, told(user)]).toEqual([200, expect.objectContaining({ 'x-dataporten-subject-type': 'user', 'x-dataporten-clientid': 'agenda', 'x-dataporten-scopes': 'write', 'x-dataporten-groups': 'fc:org:ntu.example,staff,planners', 'x-dataporten-userid': expect.any(String) })])
    const system = await ask(robot)
    expect([system.status, told(system)]).toEqual([200, { 'x-dataporten-gatekeeper': 'calendar', 'x-dataporten-subject-type': 'system', 'x-dataporten-clientid': 'robot', 'x-dataporten-scopes': 'write' }])
    // Said to be empty: what a caller of the proxy sent under that name is overwritten.
    expect(system.headers.get('x-dataporten-userid')).toBe('')
    expect(system.headers.get('x-envoy-auth-headers-to-remove')).toContain('authorization,cookie,dpop,X-Dataporten-Userid,')
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

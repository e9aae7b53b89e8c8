import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { freePort, startTestServer, type TestServer } from '../support/app.ts'
import { rawRequest } from '../support/raw-request.ts'
import { type Talk, talk as openTalk } from '../support/talk.ts'
import { FORBIDDEN_ANSWERS, startUpstreamApi, type UpstreamApi } from '../support/upstream-api.ts'
import { gatekeptApis, systemToken } from './world.ts'

// What flows through the gatekeeper, both ways and for as long as it flows; and what the caller of an API gets when nothing comes.

let upstream: UpstreamApi
let server: TestServer
let port: number
let token: string
beforeAll(async () => {
  upstream = await startUpstreamApi()
  server = await startTestServer()
  const other = (id: string, url: string): string => `---\nkind: api\napi_id: ${id}\nname: ${id}\nupstream: ${url}\nupstream_timeout: 1\n`
  await server.apply(`${gatekeptApis(upstream.url)}${other('slow', upstream.url)}${other('down', `http://127.0.0.1:${await freePort()}`)}`)
  await server.apply(`kind: client\nclient_id: robot\nclient_secret: { value: a-secret-for-tests-with-128-bits-5f2d }\nclient_name: Robot\napplication_type: service\nscope: gk_calendar gk_slow gk_down\n`)
  token = await systemToken(server.issuer, 'gk_calendar gk_slow gk_down')
  port = Number(new URL(server.issuer).port)
})
afterAll(async () => {
  await server.close()
  await upstream.close()
})

const headers = (): { readonly authorization: string } => ({ authorization: `Bearer ${token}` })
const call = (path: string, init: Omit<RequestInit, 'headers'> & { readonly headers?: Readonly<Record<string, string>> } = {}): Promise<Response> => fetch(server.issuer + path, { ...init, headers: { ...headers(), ...init.headers } })

const talk = (bytes: string): Promise<Talk> => openTalk(port, bytes)

const head = (method: string, path: string, more = ''): string => `${method} ${path} HTTP/1.1\r\nhost: localhost:${port}\r\nauthorization: Bearer ${token}\r\n${more}\r\n`

describe('a stream', () => {
  test('goes both ways at once: what was sent comes back before the next is sent', async () => {
    const line = await talk(head('POST', '/gk/calendar/mirror', 'transfer-encoding: chunked\r\n'))
    line.send('3\r\none\r\n')
    expect(await line.next('one')).toContain('200 OK')
    line.send('3\r\ntwo\r\n')
    expect(await line.next('two')).toContain('two')
    line.send('0\r\n\r\n')
    await line.next('\r\n0\r\n')
    line.end()
  })

  test('of events arrives event by event', async () => {
    const answer = await call('/gk/calendar/stream')
    expect(answer.headers.get('content-type')).toBe('text/event-stream')
    const reader = answer.body?.getReader()
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe('data: one\n\n')
    await reader?.cancel()
  })

  test('of a megabyte is the same megabyte', async () => {
    const body = Buffer.alloc(1_000_000, 'portner ')
    const answer = await call('/gk/calendar/mirror', { method: 'POST', body })
    expect(Buffer.from(await answer.arrayBuffer()).equals(body)).toBe(true)
  })

  test('that the API breaks off does not look whole', async () => {
    const answer = await call('/gk/calendar/cut')
    await expect(answer.text()).rejects.toThrow()
  })
})

describe('a request', () => {
  test('with HEAD has no body, and its headers', async () => {
    const answer = await call('/gk/calendar/x', { method: 'HEAD' })
    expect([answer.status, answer.headers.get('content-type'), await answer.text()]).toEqual([200, 'application/json', ''])
  })

  test('with OPTIONS comes through without a token, and nobody is behind it', async () => {
    upstream.seen()
    expect((await fetch(`${server.issuer}/gk/calendar/x`, { method: 'OPTIONS' })).status).toBe(200)
    const [seen] = upstream.seen()
    expect(seen?.headers.filter(([name]) => name.startsWith('x-dataporten-'))).toEqual([['x-dataporten-gatekeeper', 'calendar']])
  })

  test('of a page of any origin is allowed, before the API is asked', async () => {
    const answer = await fetch(`${server.issuer}/gk/calendar/x`, { method: 'OPTIONS', headers: { origin: 'https://app.example', 'access-control-request-method': 'PUT', 'access-control-request-headers': 'authorization,x-trace-me' } })
    expect(answer.status).toBe(204)
    expect(answer.headers.get('access-control-allow-origin')).toBe('*')
    expect(answer.headers.get('access-control-allow-methods')).toContain('PUT')
    expect(answer.headers.get('access-control-allow-headers')).toBe('authorization,x-trace-me')
    expect(upstream.seen()).toEqual([])
  })

  test('that waits with its body is told to go on when it is let in, and not before', async () => {
    const line = await talk(head('POST', '/gk/calendar/x', 'content-length: 4\r\nexpect: 100-continue\r\n'))
    expect(await line.next('\r\n\r\n')).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\n/)
    line.send('body')
    expect(await line.next('"body":"body"')).toContain('200 OK')
    line.end()
    const refused = await talk(head('POST', '/gk/calendar/x', 'content-length: 4\r\nexpect: 100-continue\r\n').replace(token, 'nothing'))
    expect(await refused.next('\r\n\r\n')).toMatch(/^HTTP\/1\.1 401/)
    refused.end()
  })

  test('at our own endpoints that waits with its body, or would rather speak HTTP/2, is served as ever', async () => {
    const form = 'grant_type=client_credentials'
    const to = (more: string): string => `POST /oauth/token HTTP/1.1\r\nhost: localhost:${port}\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: ${form.length}\r\n${more}connection: close\r\n\r\n${form}`
    expect((await rawRequest(port, to('expect: 100-continue\r\n'))).text).toMatch(/100 Continue[\s\S]*invalid_client/)
    const upgrade = to('upgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n').replace('connection: close', 'connection: upgrade, http2-settings')
    const line = await talk(upgrade)
    expect(await line.next('invalid_client')).toMatch(/^HTTP\/1\.1 401/)
    line.end()
  })
})

describe('what an API answers', () => {
  test('never speaks for our own origin: no cookie, no script, no prompt, no other host', async () => {
    const answer = await call('/gk/calendar/naughty')
    for (const name of [...FORBIDDEN_ANSWERS, 'www-authenticate', 'x-hop']) expect([name, answer.headers.get(name)]).toEqual([name, null])
    expect(answer.headers.get('content-security-policy')).toBe("sandbox; default-src 'none'; frame-ancestors 'none'")
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
    expect(answer.headers.get('cross-origin-resource-policy')).toBe('cross-origin')
    expect(answer.headers.get('access-control-allow-origin')).toBe('*')
    expect(answer.headers.get('x-mine')).toBe('kept')
  })
})

describe('a WebSocket', () => {
  const open = (path: string, given: Readonly<Record<string, string>> = headers()): WebSocket => new WebSocket(`${server.issuer.replace('http', 'ws')}${path}`, { headers: given })

  test('is carried both ways, and the API knows who speaks', async () => {
    upstream.seen()
    const socket = open('/gk/calendar/socket', { ...headers(), 'x-dataporten-userid': 'ada' })
    await new Promise((resolve) => socket.once('open', resolve))
    const [seen] = upstream.seen()
    expect(seen?.headers.filter(([name]) => /^x-dataporten-(userid|clientid|subject-type)$/.test(name))).toEqual([['x-dataporten-clientid', 'robot'], ['x-dataporten-subject-type', 'system']])
    for (const text of ['one', 'x'.repeat(100_000)]) {
      const echoed = new Promise((resolve) => socket.once('message', (data: Buffer) => resolve(data.toString())))
      socket.send(text)
      expect(await echoed).toBe(text)
    }
    socket.close()
    await new Promise((resolve) => socket.once('close', resolve))
  })

  test.each([
    ['without a token', '/gk/calendar/socket', {}, 401],
    ['that the API refuses', '/gk/calendar/elsewhere', undefined, 403],
    ['to nothing', '/gk/nothing/socket', undefined, 404],
    ['to an API that is down', '/gk/down/socket', undefined, 502],
    ['to none of the gatekeeper\'s', '/livez', undefined, 200],
  ] as const)('%s gets an answer', async (_name, path, given, status) => {
    const socket = open(path, given)
    const answered = await new Promise((resolve) => {
      socket.on('unexpected-response', (_request, response) => resolve(response.statusCode))
      socket.on('error', () => undefined)
    })
    expect(answered).toBe(status)
    socket.terminate()
  })

  test('ends with its token', async () => {
    const short = await systemToken(server.issuer, 'gk_calendar')
    await server.advance(3599)
    const socket = open('/gk/calendar/socket', { authorization: `Bearer ${short}` })
    await new Promise((resolve) => socket.once('open', resolve))
    await new Promise((resolve) => socket.once('close', resolve))
    expect(socket.readyState).toBe(WebSocket.CLOSED)
    token = await systemToken(server.issuer, 'gk_calendar gk_slow gk_down')
  })
})

describe('an API that does not answer', () => {
  test('is a 504 with a reference when it is silent, a 502 when it is down', async () => {
    for (const [path, status, error] of [['/gk/slow/silent', 504, 'upstream_timeout'], ['/gk/down/x', 502, 'upstream_unavailable']] as const) {
      const answer = await call(path)
      expect(answer.status).toBe(status)
      expect(await answer.json()).toMatchObject({ error })
      const reference = answer.headers.get('x-request-id') ?? 'none'
      expect(server.logged()).toContain(`"ref":"${reference}"`)
    }
  })

  test.each(['switch', 'odd'])('or answers with what is no answer (%s) is a 502 at once', async (way) => {
    expect((await call(`/gk/calendar/${way}`)).status).toBe(502)
    expect((await call('/gk/calendar/x')).status).toBe(200)
  })

  test('is not asked for a while after five silences, and the others go on', async () => {
    for (let i = 0; i < 6; i++) await call('/gk/down/x')
    const answer = await call('/gk/down/x')
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([502, '5'])
    expect(server.logged()).toContain('gatekeeper.circuit')
    expect((await call('/gk/calendar/x')).status).toBe(200)
  })

  test('is left alone all the same when some callers do not wait for its silence', async () => {
    await call('/gk/slow/x')
    const silent = async (): Promise<number> => (await call('/gk/slow/silent')).status
    expect(await Promise.all(Array.from({ length: 4 }, silent))).toEqual([504, 504, 504, 504])
    await expect.poll(upstream.underWay).toBe(0)
    const gone = request(`${server.issuer}/gk/slow/silent`, { headers: headers() })
    gone.on('error', () => undefined)
    gone.end()
    await expect.poll(upstream.underWay).toBe(1)
    gone.destroy()
    await expect.poll(upstream.underWay).toBe(0)
    expect([await silent(), (await call('/gk/slow/x')).status]).toEqual([504, 502])
  })

  test.each(['silent', 'stream'])('lets the caller go: the request to the API ends, too (%s)', async (way) => {
    await expect.poll(upstream.underWay).toBe(0)
    const gone = request(`${server.issuer}/gk/calendar/${way}`, { headers: headers() })
    gone.on('error', () => undefined)
    gone.end()
    await expect.poll(upstream.underWay).toBe(1)
    gone.destroy()
    await expect.poll(upstream.underWay).toBe(0)
    expect((await call('/gk/calendar/x')).status).toBe(200)
  })
})

import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pathFault } from '../../src/gatekeeper/target.ts'
import type { TestServer } from '../support/app.ts'
import { type RawAnswer, rawRequest } from '../support/raw-request.ts'
import type { Seen, UpstreamApi } from '../support/upstream-api.ts'
import { gatekeptApis, openGatekept, systemToken } from './world.ts'

// Requests as no client writes them. Each ends in 400, or reaches the API as what it is: never another API's, never in a person's name.

let upstream: UpstreamApi
let server: TestServer
let close: () => Promise<void>
let port: number
let token: string
beforeAll(async () => {
  ;({ upstream, server, close } = await openGatekept(gatekeptApis, { PORTNER_GATEKEEPER_DOMAIN: 'gk.example.org' }))
  token = await systemToken(server.issuer)
  port = Number(new URL(server.issuer).port)
})
afterAll(() => close())

interface Raw {
  readonly line?: string
  readonly headers?: readonly string[]
  readonly body?: string
}

async function send({ line = 'GET /gk/calendar/x HTTP/1.1', headers = [], body = '' }: Raw): Promise<{ readonly answer: RawAnswer; readonly seen: readonly Seen[] }> {
  upstream.seen()
  const host = headers.some((header) => /^host:/i.test(header)) ? [] : [`Host: localhost:${port}`]
  const given = [...host, `Authorization: Bearer ${token}`, ...headers]
  if (!headers.some((header) => /^connection:/i.test(header))) given.push('Connection: close')
  const answer = await rawRequest(port, Buffer.from(`${line}\r\n${given.join('\r\n')}\r\n\r\n${body}`, 'latin1'))
  return { answer, seen: upstream.seen() }
}

const names = ({ headers }: Seen): readonly string[] => headers.map(([name]) => name)
const ours = ({ headers }: Seen): Record<string, string> => Object.fromEntries(headers.filter(([name]) => name.replaceAll('_', '-').startsWith('x-dataporten-')))

const SYSTEM = { 'x-dataporten-gatekeeper': 'calendar', 'x-dataporten-clientid': 'robot', 'x-dataporten-scopes': 'write', 'x-dataporten-subject-type': 'system' }

describe('a header that looks like ours', () => {
  test.each([
    ['as we write it', ['X-Dataporten-Userid: ada']],
    ['in capitals', ['X-DATAPORTEN-USERID: ada']],
    ['with underscores', ['X_Dataporten_Userid: ada']],
    ['with some underscores', ['X-Dataporten_Userid: ada', 'x_dataporten-userid: ada']],
    ['twice', ['X-Dataporten-Userid: ada', 'X-Dataporten-Userid: lin']],
    ['with a name that we do not use', ['X-Dataporten-Admin: yes']],
    ['for what we say ourselves', ['X-Dataporten-Clientid: agenda', 'X-Dataporten-Scopes: admin', 'X-Dataporten-Subject-Type: user', 'X-Dataporten-Token: x']],
    ['as a header of the connection', ['Connection: close, X-Dataporten-Clientid', 'X-Dataporten-Userid: ada']],
    ['that names ours as of the connection (CVE-2026-33805)', ['Connection: close, x-dataporten-clientid, x-dataporten-subject-type, x-dataporten-gatekeeper, authorization, host']],
    ['as a trailer', ['Trailer: X-Dataporten-Userid']],
  ])('%s never reaches the API', async (_name, headers) => {
    const { answer, seen } = await send({ headers })
    expect(answer.status).toBe(200)
    expect(seen.map(ours)).toEqual([SYSTEM])
    expect(seen.flatMap(names).filter((name) => ['connection', 'trailer'].includes(name)).length).toBe(1)
    expect(seen.flatMap(names)).toContain('authorization')
  })

  test('in a trailer stays behind', async () => {
    const { answer, seen } = await send({ line: 'POST /gk/calendar/x HTTP/1.1', headers: ['Transfer-Encoding: chunked', 'Trailer: X-Dataporten-Userid'], body: '4\r\nbody\r\n0\r\nX-Dataporten-Userid: ada\r\n\r\n' })
    expect(answer.status).toBe(200)
    expect(seen.map(ours)).toEqual([SYSTEM])
    expect(seen[0]?.body).toBe('body')
  })

  test('with a space before its colon, or on a folded line, is no request', async () => {
    for (const headers of [['X-Dataporten-Userid : ada'], ['X-Trace-Me: a', ' X-Dataporten-Userid: ada'], ['X-Trace-Me: a\rX-Dataporten-Userid: ada'], ['X-Trace-Me: a\nX-Dataporten-Userid: ada']]) {
      const { answer, seen } = await send({ headers })
      if (answer.status === 200) expect(seen.map(ours)).toEqual([SYSTEM])
      else expect([answer.status, seen]).toEqual([400, []])
    }
  })
})

describe('two readers of one request', () => {
  const post = 'POST /gk/calendar/x HTTP/1.1'
  test.each([
    ['two lengths', { line: post, headers: ['Content-Length: 4', 'Content-Length: 40'], body: 'body' }],
    ['length and chunks', { line: post, headers: ['Content-Length: 4', 'Transfer-Encoding: chunked'], body: '0\r\n\r\n' }],
    ['a coding that is not only chunked', { line: post, headers: ['Transfer-Encoding: gzip, chunked'], body: '0\r\n\r\n' }],
    ['an unknown coding', { line: post, headers: ['Transfer-Encoding: xchunked'], body: '0\r\n\r\n' }],
    ['chunked twice', { line: post, headers: ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'], body: '0\r\n\r\n' }],
    ['a length that is no number', { line: post, headers: ['Content-Length: +4'], body: 'body' }],
    ['a body behind GET', { headers: ['Content-Length: 4'], body: 'body' }],
    ['a chunked body behind GET', { headers: ['Transfer-Encoding: chunked'], body: '0\r\n\r\n' }],
    ['two tokens', { headers: ['Authorization: Bearer other'] }],
    ['two hosts', { headers: ['Host: calendar.gk.example.org', 'Host: library.gk.example.org'], line: 'GET /x HTTP/1.1' }],
    ['two types', { line: post, headers: ['Content-Type: a/b', 'Content-Type: c/d', 'Content-Length: 0'] }],
    ['an absolute address', { line: 'GET http://127.0.0.1/gk/library/x HTTP/1.1' }],
    ['an absolute address under an API\'s own name', { line: 'GET http://library.gk.example.org/x HTTP/1.1', headers: ['Host: calendar.gk.example.org'] }],
  ] as const)('%s: 400', async (_name, raw) => {
    const { answer, seen } = await send(raw)
    expect(seen).toEqual([])
    expect(answer.status).toBe(400)
  })

  test('a request inside the body of another is a body', async () => {
    const inner = 'GET /gk/library/x HTTP/1.1\r\nHost: localhost\r\nX-Dataporten-Userid: ada\r\n\r\n'
    const { answer, seen } = await send({ line: post, headers: [`Content-Length: ${inner.length}`], body: inner })
    expect(answer.text.match(/HTTP\/1\.1 /g)?.length).toBeGreaterThan(0)
    expect(seen.map(({ url, body }) => [url, body])).toEqual([['/x', inner]])
  })
})

describe('an address', () => {
  test.each([
    '/../library/x', '/a/../x', '/./x', '/a/.', '/..', '/..;/x', '/.;a/x', '/%2e%2e/x', '/%2E/x', '/a%2fb', '/a%5Cb', '/a\\b', '//evil.example/x', '/a//b', '/%00', '/%0d%0aX: y', '/%7f',
    '/%252e%252e/x', '/%25252fx', '/%c0%ae%c0%ae/x', '/%ff', '/%', '/%zz', '/a b'.replace(' ', '\t'), '/{x}', '/"x"', '/<x>', '/x?a=\x7f', '/\xe6',
  ])('%j that can be read in two ways is refused', async (path) => {
    const { answer, seen } = await send({ line: `GET /gk/calendar${path} HTTP/1.1` })
    expect(seen).toEqual([])
    expect(answer.status).toBe(400)
  })

  test.each(['/gk/%63alendar/x', '/gk//calendar/x', '/gk/calendar%2f/x', '/gk/../gk/library/x', '/gk/Calendar/x', '/gk/calendar\\x', '/gk/ca/x', '/%67k/calendar/x'])('%s names no API', async (path) => {
    const { answer, seen } = await send({ line: `GET ${path} HTTP/1.1` })
    expect(seen).toEqual([])
    expect([400, 404]).toContain(answer.status)
  })

  test.each(['/', '/a', '/a/', '/a%20b', '/%C3%A6', '/a;v=1', '/a:b@c!$&\'()*+,=~-_.', '/...', '/.well-known/x', '/a?x=%2e%2e/../y&&z[]=%zz|{}"', '/a?', '/100%25', '/gk/library/x'])('%s comes through byte for byte', async (path) => {
    const { answer, seen } = await send({ line: `GET /gk/calendar${path} HTTP/1.1` })
    expect([answer.status, seen[0]?.url]).toEqual([200, path])
  })

  test('that is let through means the same to a URL parser: no segment of it is taken away', () => {
    const piece = fc.oneof(fc.constantFrom('.', '..', '/', '\\', '%2e', '%2E', '%2f', '%5c', ';', '%25', '2e', '%00', 'a', 'b', '~', '%C3%A6'), fc.string({ unit: 'binary-ascii', maxLength: 3 }))
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const path = `/${pieces.join('')}`
        if (pathFault(path) !== undefined) return
        expect(new URL(path, 'http://upstream.example').href).toBe(`http://upstream.example${path}`)
        const decoded = decodeURIComponent(path)
        expect(decoded.split('/')).toHaveLength(path.split('/').length)
        expect(decoded.split('/').some((segment) => segment === '..' || segment === '.')).toBe(false)
        expect(decoded).not.toMatch(/[\p{Cc}\\]/u)
      }),
      { numRuns: 3000 },
    )
  })
})

describe('a name of its own', () => {
  const at = (host: string, line = 'GET /a%20b?c HTTP/1.1'): Promise<{ readonly answer: RawAnswer; readonly seen: readonly Seen[] }> => send({ line, headers: [`Host: ${host}`] })

  test('leads to the API, the path from its very beginning', async () => {
    const { answer, seen } = await at('calendar.gk.example.org')
    expect([answer.status, seen[0]?.url]).toEqual([200, '/a%20b?c'])
    expect(answer.headers.has('content-security-policy')).toBe(false)
    expect((await at('CALENDAR.GK.example.org')).seen).toHaveLength(1)
  })

  test('is the API\'s wholly: none of our own addresses is there', async () => {
    for (const path of ['/oauth/token', '/userinfo', '/gk/library/x', '/account', '/livez']) {
      const { answer, seen } = await at('calendar.gk.example.org', `GET ${path} HTTP/1.1`)
      expect([answer.status, seen[0]?.url]).toEqual([200, path])
    }
  })

  test('is the same name with a port or the root\'s dot behind it', async () => {
    for (const host of ['calendar.gk.example.org:8443', 'calendar.gk.example.org.', 'Calendar.gk.example.org.:443', 'calendar.gk.example.org:']) {
      const { answer, seen } = await at(host, 'GET /livez HTTP/1.1')
      expect([host, answer.status, seen[0]?.url]).toEqual([host, 200, '/livez'])
    }
  })

  test('tells nobody to go on with a body who is not let in', async () => {
    const bytes = (by: string): string => `POST /x HTTP/1.1\r\nHost: calendar.gk.example.org\r\nAuthorization: Bearer ${by}\r\nContent-Length: 4\r\nExpect: 100-continue\r\nConnection: close\r\n\r\nbody`
    expect((await rawRequest(port, bytes('nothing'))).text).toMatch(/^HTTP\/1\.1 401/)
    expect((await rawRequest(port, bytes(token))).text).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200/)
  })

  test('that no API has leads nowhere', async () => {
    for (const [host, status] of [['nothing.gk.example.org', 404], ['a.calendar.gk.example.org', 400], ['.gk.example.org', 400], ['x.gk.example.org', 400]] as const) {
      const { answer, seen } = await at(host)
      expect([answer.status, seen]).toEqual([status, []])
    }
  })

  test('has the metadata of the API, and refusals lead there', async () => {
    const { answer } = await at('calendar.gk.example.org', 'GET /.well-known/oauth-protected-resource HTTP/1.1')
    expect(JSON.parse(answer.body)).toMatchObject({ resource: 'http://calendar.gk.example.org', authorization_servers: [server.issuer] })
    const refused = await rawRequest(port, 'GET /x HTTP/1.1\r\nHost: calendar.gk.example.org\r\nConnection: close\r\n\r\n')
    expect(refused.headers.get('www-authenticate')).toContain('resource_metadata="http://calendar.gk.example.org/.well-known/oauth-protected-resource"')
  })
})

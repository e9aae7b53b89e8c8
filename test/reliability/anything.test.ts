import { connect } from 'node:net'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../support/app.ts'
import { basic } from '../support/relying-party.ts'

// No input yields a 5xx: whatever is sent to any door, it is answered or refused.

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

const PATHS = ['/oauth/authorization', '/oauth/token', '/userinfo', '/oauth/introspection', '/oauth/revocation', '/oauth/logout', '/oauth/logout/confirm', '/signin/00000000-0000-0000-0000-000000000000/login', '/signin/x', '/signin/%00', '/locale', '/assets/x', '/', '/%ff', '/%', '/..%2f..', '/.well-known/jwks.json', '/readyz']
const NAMES = ['client_id', 'redirect_uri', 'response_type', 'scope', 'state', 'code', 'grant_type', 'refresh_token', 'token', 'prompt', 'max_age', 'claims', 'id_token_hint', 'resource', 'audience', 'code_challenge', 'csrf', 'locale', 'return', 'request', 'response_mode', '__proto__', 'constructor', 'a[]', 'a.b', '']
const VALUES = ['', 'planner', 'robot', 'https://planner.example.org/callback', 'code', 'openid', 'client_credentials', 'refresh_token', 'authorization_code', 'none', '0', '-1', '1e999', '{}', '{"userinfo":{"__proto__":null}}', 'eyJhbGciOiJub25lIn0.e30.', 'ptr_at_x', '%00', '%ZZ', '%ED%A0%80', '\u0000', '😀', 'a'.repeat(9000), '../../etc/passwd', "' or 1=1 --", '\r\nSet-Cookie: x=1']

const pair = fc.tuple(fc.oneof(fc.constantFrom(...NAMES), fc.string()), fc.oneof(fc.constantFrom(...VALUES), fc.string({ unit: 'grapheme' })))
const encoded = fc.oneof(fc.array(pair, { maxLength: 6 }).map((pairs) => new URLSearchParams(pairs).toString()), fc.array(pair, { maxLength: 4 }).map((pairs) => pairs.map(([name, value]) => `${name}=${value}`).join('&')))
const TYPES = ['application/x-www-form-urlencoded', 'application/json', 'text/plain', 'application/x-www-form-urlencoded; charset=utf-16', 'x', '']

test('requests with anything in them', async () => {
  const headers = fc.record({ authorization: fc.constantFrom(undefined, 'Basic', 'Basic x', basic('robot'), 'Bearer x', 'Bearer', 'DPoP x', `Basic ${'A'.repeat(5000)}`), 'content-type': fc.constantFrom(...TYPES), cookie: fc.constantFrom(undefined, 'portner_session=x', 'portner_device=ptr_dv_x', '=;=;', 'ptr_locale=xx') })
  await fc.assert(
    fc.asyncProperty(fc.constantFrom('GET', 'POST', 'PUT', 'OPTIONS', 'HEAD'), fc.constantFrom(...PATHS), encoded, encoded, headers, async (method, path, query, body, given) => {
      const clean = Object.fromEntries(Object.entries(given).filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== ''))
      const url = `${server.issuer}${path}?${encodeURI(query.replaceAll(/\p{Surrogate}/gu, ''))}`
      const response = await fetch(url, { method, redirect: 'manual', headers: clean, ...(method === 'POST' || method === 'PUT' ? { body } : {}) })
      await response.arrayBuffer()
      expect(response.status, `${method} ${url.slice(0, 300)}`).toBeLessThan(500)
      expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    }),
    { numRuns: 250 },
  )
})

function raw(bytes: string | Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(server.issuer)
    const socket = connect(Number(port), hostname, () => socket.end(bytes))
    let answer = ''
    socket.on('data', (chunk) => (answer += chunk.toString('latin1')))
    socket.on('close', () => resolve(answer))
    socket.on('error', reject)
  })
}

test.each<[string, string]>([
  ['no HTTP at all', 'hello\r\n\r\n'],
  ['a bare line feed', 'GET / HTTP/1.1\nHost: x\n\n'],
  ['two lengths', 'POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd'],
  ['a length and chunks', 'POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['a header with a line end inside', 'GET / HTTP/1.1\r\nHost: x\r\nA: b\rc\r\n\r\n'],
  ['NUL in a header', 'GET / HTTP/1.1\r\nHost: x\r\nA: \u0000\r\n\r\n'],
  ['an absolute target elsewhere', 'GET http://evil.example/oauth/authorization HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n'],
  ['a method nobody knows', 'DANCE / HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['no host', 'GET /livez HTTP/1.1\r\nConnection: close\r\n\r\n'],
])('on the socket: %s', async (_, bytes) => {
  const answer = await raw(bytes)
  expect(answer).toMatch(/^HTTP\/1\.1 [1-4]\d\d /)
  expect(answer).not.toMatch(/ at .*\.[jt]s/)
})

test('a caller who breaks off in the middle of a body is no trouble of ours', async () => {
  const { hostname, port } = new URL(server.issuer)
  const socket = connect(Number(port), hostname, () => void socket.write('POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\ngrant_', () => setImmediate(() => socket.resetAndDestroy())))
  await expect.poll(() => server.logged()).toContain('"aborted"')
  const line = server.logged().split('\n').find((one) => one.includes('"aborted"')) ?? ''
  expect(JSON.parse(line)).toMatchObject({ level: 'info', error: 'invalid_request' })
})

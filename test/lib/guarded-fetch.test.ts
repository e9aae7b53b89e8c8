import { createServer, type Server } from 'node:http'
import type { lookup, LookupAddress } from 'node:dns'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { parse } from 'ipaddr.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isLoopbackAddress, isPublicAddress } from '../../src/lib/address-class.ts'
import { createGuardedFetch, FetchFailure, type GuardedFetch } from '../../src/lib/guarded-fetch.ts'

describe('which addresses are public', () => {
  test.each([
    ['an address of the Internet', '1.1.1.1', true],
    ['an address of the Internet, IPv6', '2606:4700::1', true],
    ['this machine', '127.0.0.1', false],
    ['this machine, another number', '127.8.9.10', false],
    ['this machine, IPv6', '::1', false],
    ['no address', '0.0.0.0', false],
    ['no address, IPv6', '::', false],
    ['private', '10.0.0.1', false],
    ['private', '172.16.0.1', false],
    ['private', '192.168.1.1', false],
    ['shared by a provider (CGNAT)', '100.64.0.1', false],
    ['link-local, a metadata service', '169.254.169.254', false],
    ['the agent of a cloud', '168.63.129.16', false],
    ['multicast', '224.0.0.1', false],
    ['broadcast', '255.255.255.255', false],
    ['reserved', '240.0.0.1', false],
    ['documentation', '203.0.113.5', false],
    ['benchmarking', '198.18.0.1', false],
    ['6to4 relays', '192.88.99.1', false],
    ['IPv4-mapped private', '::ffff:10.0.0.1', false],
    ['IPv4-mapped public', '::ffff:1.1.1.1', false],
    ['IPv4-compatible', '::127.0.0.1', false],
    ['IPv4-translated', '::ffff:0:10.0.0.1', false],
    ['NAT64', '64:ff9b::a00:1', false],
    ['NAT64, local use', '64:ff9b:1::1', false],
    ['6to4', '2002:a00:1::', false],
    ['Teredo', '2001::1', false],
    ['ORCHID', '2001:20::1', false],
    ['documentation', '2001:db8::1', false],
    ['link-local', 'fe80::1', false],
    ['link-local with a zone', 'fe80::1%eth0', false],
    ['site-local', 'fec0::1', false],
    ['unique local', 'fd00::1', false],
    ['multicast', 'ff02::1', false],
    ['discard', '100::1', false],
    ['not assigned', '4000::1', false],
    ['not an address', 'example.org', false],
    ['octal', '0177.0.0.1', false],
    ['one number', '2130706433', false],
  ])('%s: %s', (_name, address, expected) => {
    expect(isPublicAddress(address)).toBe(expected)
  })

  test('an IPv4 address in any IPv6 clothes is never public', () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.constantFrom('::ffff:', '::', '64:ff9b::', '::ffff:0:'), (address, prefix) => {
        expect(isPublicAddress(prefix + address)).toBe(false)
      }),
    )
  })

  test('nothing is both public and this machine, and only global unicast is public', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (address) => {
        if (!isPublicAddress(address)) return
        expect(isLoopbackAddress(address)).toBe(false)
        const first = parse(address).toByteArray()
        expect(first.length === 4 ? ![0, 10, 127].includes(first[0] ?? 0) && (first[0] ?? 255) < 224 : (first[0] ?? 0) >> 5 === 1).toBe(true)
      }),
      { numRuns: 1000 },
    )
  })
})

function resolver(...answers: readonly (readonly string[])[]): { readonly resolve: typeof lookup; readonly calls: () => number } {
  let calls = 0
  const resolve = (_name: string, _options: unknown, callback: (error: Error | null, addresses: LookupAddress[]) => void): void => {
    const answer = answers[Math.min(calls++, answers.length - 1)] ?? []
    callback(null, answer.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })))
  }
  return { resolve: resolve as unknown as typeof lookup, calls: () => calls }
}

describe('the client', () => {
  let server: Server
  let origin = ''
  let hits: string[] = []
  const open: (() => Promise<void>)[] = []

  function client(options: Partial<Parameters<typeof createGuardedFetch>[0]> = {}): GuardedFetch {
    const made = createGuardedFetch({ loopback: true, ...options })
    open.push(made.close)
    return made.fetch
  }

  beforeAll(async () => {
    server = createServer((request, response) => {
      hits.push(request.url ?? '')
      if (request.url === '/redirect') response.writeHead(302, { location: '/there' }).end()
      else if (request.url === '/large') response.end(Buffer.alloc(64 * 1024 + 1))
      else if (request.url === '/full') response.end(Buffer.alloc(64 * 1024))
      else if (request.url === '/bomb') response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(50_000_000)))
      else if (request.url === '/gzip') response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('unpacked'))
      else if (request.url === '/trickle') setInterval(() => response.write('x'), 100).unref()
      else if (request.url !== '/hang') response.writeHead(200, { 'content-type': 'application/json', 'set-cookie': 'a=b' }).end('{"ok":true}')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    origin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
  })
  afterAll(async () => {
    for (const close of open) await close()
    server.closeAllConnections()
    server.close()
  })

  const failure = (promise: Promise<Response>) => promise.then((answer) => `status ${answer.status}`, (error: unknown) => (error instanceof FetchFailure ? error.reason : `not a FetchFailure: ${String(error)}`))

  test('reaches loopback only with the switch', async () => {
    hits = []
    expect(await (await client()(`${origin}/`)).json()).toEqual({ ok: true })
    expect(await failure(client({ loopback: false })(`${origin}/`))).toBe('forbidden')
    expect(await failure(client({ loopback: false })(origin.replace('http:', 'https:')))).toBe('forbidden')
    expect(hits).toEqual(['/'])
  })

  test.each(['http://example.org/', 'file:///etc/passwd', 'ftp://example.org/', 'data:text/plain,x', 'https://user:pass@example.org/', 'not a url', 'https://10.0.0.1/', 'https://[::ffff:127.0.0.1]/', 'https://[fd00::1]/', 'https://167772161/', 'https://0x0a000001/', 'http://10.0.0.1/', 'http://[::ffff:7f00:1]/'])('refuses %s without a connection', async (address) => {
    const { resolve, calls } = resolver(['127.0.0.1'])
    expect(await failure(client({ resolve })(address))).toBe('forbidden')
    expect(calls()).toBe(0)
  })

  test.each([[['10.0.0.1']], [['1.1.1.1', '10.0.0.1']], [['::ffff:1.1.1.1']], [['64:ff9b::101:101']], [['169.254.169.254']], [[]]])('refuses a name that resolves to %s', async (addresses) => {
    const { resolve, calls } = resolver(addresses)
    expect(await failure(client({ resolve })('https://institution.example/'))).toBe('forbidden')
    expect(calls()).toBe(1)
  })

  test('connects to the very answer it checked: a second one that says something else is not asked for', async () => {
    const { resolve, calls } = resolver(['127.0.0.1'], ['10.0.0.1'])
    const answer = await client({ resolve })(origin.replace('127.0.0.1', 'institution.localhost'))
    expect(answer.status).toBe(200)
    expect(calls()).toBe(1)
  })

  test('without the switch a name of this machine is refused, whatever it is called', async () => {
    const { resolve } = resolver(['127.0.0.1'])
    expect(await failure(client({ resolve, loopback: false })('https://institution.example/'))).toBe('forbidden')
  })

  test('does not follow a redirect', async () => {
    hits = []
    expect((await client()(`${origin}/redirect`)).status).toBe(302)
    expect(hits).toEqual(['/redirect'])
  })

  test('bounds what comes back after it is unpacked', async () => {
    expect(await failure(client()(`${origin}/full`))).toBe('status 200')
    expect(await failure(client()(`${origin}/large`))).toBe('too-large')
    expect(await failure(client()(`${origin}/bomb`))).toBe('too-large')
    expect(await (await client()(`${origin}/gzip`)).text()).toBe('unpacked')
  })

  test.each(['/hang', '/trickle'])('gives up in time: %s', async (path) => {
    expect(await failure(client({ timeout: 300 })(origin + path))).toBe('too-slow')
  })

  test('keeps no cookies, and a closed port says no more than any other', async () => {
    expect((await client()(`${origin}/`)).headers.get('set-cookie')).toBeNull()
    const error = await client()('http://127.0.0.1:1/').catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ message: 'an outgoing request failed', reason: 'unreachable' })
    expect(error).not.toHaveProperty('cause')
  })

  test('reads no proxy from the environment', async () => {
    const before = { ...process.env }
    Object.assign(process.env, { HTTP_PROXY: 'http://127.0.0.1:1', http_proxy: 'http://127.0.0.1:1', NODE_USE_ENV_PROXY: '1' })
    try {
      expect((await client()(`${origin}/`)).status).toBe(200)
    } finally {
      process.env = before
    }
  })
})

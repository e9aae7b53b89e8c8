import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isClientIdUrl } from '../../src/protocol/client-id-url.ts'

test.each([
  ['https://app.example/client.json', true],
  ['https://app.example:8443/a/b?c=d', true],
  ['https://app.example/', false],
  ['https://app.example', false],
  ['http://app.example/client.json', false],
  ['https://app.example/client.json#part', false],
  ['https://app.example/client.json#', false],
  ['https://ada@app.example/client.json', false],
  ['https://ada:pass@app.example/client.json', false],
  ['https://app.example/a/../client.json', false],
  ['https://app.example/./client.json', false],
  ['https://app.example/a/%2e%2e/client.json', false],
  ['https://APP.example/client.json', false],
  ['https://app.example:443/client.json', false],
  ['https:/app.example/client.json', false],
  ['https://app.example\\client.json', false],
  [' https://app.example/client.json', false],
  ['https://app.example/cli ent.json', false],
  ['https://æøå.example/client.json', false],
  ['http://127.0.0.1:4000/client.json', false],
  [`https://app.example/${'x'.repeat(500)}`, false],
  ['planner', false],
])('%s', (text, expected) => {
  expect(isClientIdUrl(text, false)).toBe(expected)
})

test('in tests an address of this machine will do', () => {
  expect(isClientIdUrl('http://127.0.0.1:4000/client.json', true)).toBe(true)
  expect(isClientIdUrl('http://192.168.1.1/client.json', true)).toBe(false)
})

test('whatever is taken is one spelling, encrypted, and has a path', () => {
  fc.assert(
    fc.property(fc.oneof(fc.webUrl({ withFragments: true, withQueryParameters: true, validSchemes: ['https', 'http'] }), fc.string().map((tail) => `https://app.example/${tail}`)), (text) => {
      if (!isClientIdUrl(text, false)) return
      const url = new URL(text)
      expect([url.href, url.protocol, url.hash, url.username]).toEqual([text, 'https:', '', ''])
      expect(url.pathname.length).toBeGreaterThan(1)
      expect(url.pathname.split('/').filter((part) => part === '.' || part === '..')).toEqual([])
    }),
  )
})

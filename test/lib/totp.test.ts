import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromBase32, otpauthAddress, toBase32, totpCode } from '../../src/lib/totp.ts'

// RFC 6238 appendix B (SHA-1), RFC 4226 appendix D, RFC 4648 §10.

const KEY = Buffer.from('12345678901234567890')

test.each([
  [59, '94287082'],
  [1_111_111_109, '07081804'],
  [1_111_111_111, '14050471'],
  [1_234_567_890, '89005924'],
  [2_000_000_000, '69279037'],
  [20_000_000_000, '65353130'],
])('at %i seconds the code is %s', (seconds, code) => {
  expect(totpCode(KEY, Math.floor(seconds / 30), 8)).toBe(code)
  expect(totpCode(KEY, Math.floor(seconds / 30))).toBe(code.slice(2))
})

test.each(['755224', '287082', '359152', '969429', '338314', '254676', '287922', '162583', '399871', '520489'].map((code, counter) => [counter, code] as const))('counter %i gives %s', (counter, code) => {
  expect(totpCode(KEY, counter)).toBe(code)
})

describe('base32', () => {
  test.each([['', ''], ['f', 'MY'], ['fo', 'MZXQ'], ['foo', 'MZXW6'], ['foob', 'MZXW6YQ'], ['fooba', 'MZXW6YTB'], ['foobar', 'MZXW6YTBOI']])('of "%s" is "%s"', (plain, text) => {
    expect(toBase32(Buffer.from(plain))).toBe(text)
    expect(fromBase32(text)?.toString()).toBe(plain)
  })

  test('comes back as it went, and nothing else is read', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      expect(fromBase32(toBase32(bytes))?.toString('hex')).toBe(Buffer.from(bytes).toString('hex'))
    }))
    fc.assert(fc.property(fc.string(), (text) => {
      const read = fromBase32(text)
      if (read !== undefined) expect(toBase32(read)).toBe(text.toUpperCase().replace(/=+$/, ''))
    }))
    for (const wrong of ['0', 'M', 'MZ', 'AAA', 'A1', 'ÆØÅ']) expect(fromBase32(wrong), wrong).toBeUndefined()
  })
})

test('the address of an app names service and account, whatever they are called', () => {
  const address = new URL(otpauthAddress('Sign: in', 'ada&x=1@ntu.example', KEY))
  expect([address.protocol, address.searchParams.get('secret'), address.searchParams.get('issuer'), decodeURIComponent(address.pathname)]).toEqual(['otpauth:', toBase32(KEY), 'Sign  in', '/Sign  in:ada&x=1@ntu.example'])
})

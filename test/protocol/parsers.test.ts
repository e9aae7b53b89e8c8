import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { drawToken, readToken } from '../../src/lib/opaque-token.ts'
import { firstIdAt, newReference, newRowId } from '../../src/lib/random.ts'
import { seal, unseal } from '../../src/lib/sealed.ts'
import { OAuthError } from '../../src/protocol/error.ts'
import { parseForm } from '../../src/protocol/form.ts'
import { parseJsonForm } from '../../src/protocol/json-form.ts'
import { challengeOf, isCodeChallenge } from '../../src/protocol/pkce.ts'
import { isRegisteredRedirect, redirectUriFault } from '../../src/protocol/redirect-uri.ts'
import { parseScope } from '../../src/protocol/scope.ts'

const wellFormed = fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0') && !text.includes('\uFFFD'))
const name = wellFormed.filter((text) => text !== '' && !['resource', 'audience', 'optional_scope'].includes(text))

describe('the form reader', () => {
  test('reads back what a browser writes', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(name, wellFormed), { selector: ([key]) => key, maxLength: 20 }), (pairs) => {
        const { single, repeated } = parseForm(new URLSearchParams(pairs).toString())
        expect([...single]).toEqual(pairs.filter(([, value]) => value !== ''))
        expect(repeated.size).toBe(0)
      }),
    )
  })

  test('never throws anything but its own refusal, whatever comes', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.array(fc.constantFrom('%', '&', '=', '+', 'a', '%C3', '%28', '%00', '%ED%A0%80', '__proto__'), { maxLength: 40 }).map((parts) => parts.join(''))), (text) => {
        try {
          const form = parseForm(text)
          for (const value of form.single.values()) expect(value).not.toContain('\0')
        } catch (error) {
          expect(error).toBeInstanceOf(OAuthError)
        }
      }),
    )
  })

  test('a repeated name has no value, empty or not, in any order', () => {
    fc.assert(
      fc.property(name, wellFormed, wellFormed, (key, one, two) => {
        const pairs: [string, string][] = [[key, one], ['other', 'x'], [key, two]]
        const { single, repeated } = parseForm(new URLSearchParams(pairs.filter(([k]) => k !== 'other' || key !== 'other')).toString())
        expect(repeated.has(key)).toBe(true)
        expect(single.has(key)).toBe(false)
      }),
    )
  })
})

describe('tokens', () => {
  const kinds = fc.constantFrom('at', 'rt', 'ac', 'bs', 'dv')

  test('are read back, under their own kind only', () => {
    fc.assert(
      fc.property(kinds, kinds, fc.integer({ min: 0, max: 4e12 }), (kind, other, now) => {
        const token = drawToken(kind, now)
        const read = readToken(kind, token.text)
        expect(read?.id).toBe(token.id)
        expect(read?.hash.equals(token.hash)).toBe(true)
        if (other !== kind) expect(readToken(other, token.text)).toBeUndefined()
      }),
    )
  })

  test('with any letter changed are nothing', () => {
    fc.assert(
      fc.property(fc.nat(), fc.constantFrom('a', 'Z', '0', '9', '-', '_', '.', '=', ' '), (at, letter) => {
        const { text } = drawToken('at', Date.now())
        const i = at % text.length
        const changed = text.slice(0, i) + letter + text.slice(i + 1)
        expect(readToken('at', changed) === undefined || changed === text).toBe(true)
      }),
    )
  })

  test('row ids sort by their time', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 4e12 }), (now) => {
      expect(newRowId(now - 1) < firstIdAt(now) && firstIdAt(now) <= newRowId(now)).toBe(true)
    }))
  })

  test('references are read out without mistakes', () => {
    for (let i = 0; i < 200; i++) expect(newReference()).toMatch(/^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$/)
  })
})

test('what is sealed opens with its key and context only, and not at all when changed', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.string(), fc.string(), fc.nat(), (plain, context, other, at) => {
      const [key, wrong] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)]
      const sealed = seal(key, plain, context)
      expect(unseal(key, sealed, context)?.equals(Buffer.from(plain))).toBe(true)
      expect(unseal(wrong, sealed, context)).toBeUndefined()
      if (other !== context) expect(unseal(key, sealed, other)).toBeUndefined()
      const changed = Buffer.from(sealed)
      const i = at % changed.length
      changed[i] = (changed[i] ?? 0) ^ 1
      expect(unseal(key, changed, context)).toBeUndefined()
    }),
  )
})

describe('the reader of a form in JSON', () => {
  test('reads what JSON writes, however it is laid out, as the form that says the same', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(name, wellFormed), { selector: ([key]) => key, maxLength: 20 }), fc.constantFrom(0, 1, 4, '\t'), (pairs, space) => {
        const { single, repeated } = parseJsonForm(JSON.stringify(Object.fromEntries(pairs), null, space))
        expect(new Map(single)).toEqual(new Map(pairs.filter(([, value]) => value !== '')))
        expect(repeated.size).toBe(0)
      }),
    )
  })

  test('takes no other JSON, and nothing that JSON.parse does not take', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string(), fc.array(fc.constantFrom('{', '}', '"', '"a"', ':', ',', '1', '\\u0000', '\\ud800', 'null', ' ', '\u00A0', '"__proto__"'), { maxLength: 20 }).map((parts) => parts.join(''))), (text) => {
        try {
          parseJsonForm(text)
        } catch (error) {
          expect(error).toBeInstanceOf(OAuthError)
          return
        }
        const value: unknown = JSON.parse(text)
        expect(value !== null && typeof value === 'object' && !Array.isArray(value) && Object.values(value).every((one) => typeof one === 'string')).toBe(true)
      }),
    )
  })
})

describe('redirect URIs', () => {
  test('match to the byte; only the port of a loopback address is free', () => {
    const registered = ['https://app.example/cb', 'http://127.0.0.1/cb', 'http://[::1]:1/cb?x=1', 'org.example.app:/cb']
    for (const uri of [...registered, 'http://127.0.0.1:5000/cb', 'http://[::1]:65535/cb?x=1']) expect(isRegisteredRedirect(uri, registered), uri).toBe(true)
    for (const uri of ['https://app.example:443/cb', 'https://app.example/cb?', 'HTTPS://app.example/cb', 'http://127.0.0.1:5000/cb/', 'http://127.0.0.2/cb', 'http://localhost/cb', 'http://127.0.0.1:/cb', 'http://127.0.0.1:80@evil.example/cb', 'http://127.0.0.1.evil.example/cb', 'http://[::1]/cb', 'http://[::1]:1/cb?x=2', 'org.example.app:/CB']) {
      expect(isRegisteredRedirect(uri, registered), uri).toBe(false)
    }
    fc.assert(fc.property(fc.string(), (text) => {
      expect(isRegisteredRedirect(text, registered)).toBe(registered.includes(text))
    }))
  })

  test('that could hurt cannot be registered', () => {
    for (const uri of ['javascript:alert(1)', 'data:text/html,x', 'https://a.example/#x', 'https://*.example/cb', 'https://u:p@a.example/', 'https:/a.example', 'a.example/cb', 'https://a.example/ b', 'https://a.example\\b', 'myapp://cb', 'https://ä.example/', '//a.example', 'file:///etc/passwd']) {
      expect(redirectUriFault(uri), uri).toBeTypeOf('string')
    }
    for (const uri of ['https://a.example/cb?x=1', 'http://127.0.0.1:3/cb', 'org.example.app:/cb', 'org.example.app://cb']) expect(redirectUriFault(uri), uri).toBeUndefined()
  })
})

test('the example of RFC 7636, appendix B', () => {
  expect(challengeOf('dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk')).toBe('E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM')
  expect(isCodeChallenge('E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM')).toBe(true)
  expect(challengeOf('x'.repeat(42))).toBeUndefined()
  expect(challengeOf('x'.repeat(129))).toBeUndefined()
})

test('scopes are values once each, in their order; what RFC 6749 §3.3 forbids is refused', () => {
  expect(parseScope('openid profile openid  email')).toEqual(['openid', 'profile', 'email'])
  for (const bad of ['a"b', 'a\\b', 'å', 'a\tb', Array.from({ length: 101 }, (_, i) => `s${i}`).join(' ')]) expect(() => parseScope(bad)).toThrow(OAuthError)
})

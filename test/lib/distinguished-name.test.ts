import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { alternativeNames, normalAlternativeName, subjectName } from '../../src/lib/certificate-names.ts'
import { DerFault, readDer, readObjectIdentifier, readOneDer } from '../../src/lib/der.ts'
import { normalNameOfDer, normalNameOfText } from '../../src/lib/distinguished-name.ts'
import { type NamePart, newCertificate, newCertificateKey } from '../support/client-certificates.ts'

// When two names are one name.

const keys = newCertificateKey()
const subject = (parts: readonly NamePart[]): string | undefined => subjectName(newCertificate({ subject: parts, keys }).certificate)
const [UTF8, PRINTABLE, BMP] = [0x0c, 0x13, 0x1e]

describe('a name as RFC 4514 writes it', () => {
  test.each<[string, readonly NamePart[]]>([
    ['CN=Planner,O=Example,C=NO', [['C', 'NO'], ['O', 'Example'], ['CN', 'Planner']]],
    ['cn=Planner, o=Example, c=NO', [['C', 'NO'], ['O', 'Example'], ['CN', 'Planner']]],
    ['2.5.4.3=Planner,2.5.4.10=Example,2.5.4.6=NO', [['C', 'NO'], ['O', 'Example'], ['CN', 'Planner']]],
    ['CN=Planner,O=Example\\, Inc.,C=NO', [['C', 'NO'], ['O', 'Example, Inc.'], ['CN', 'Planner']]],
    ['CN=Planner,O=Example\\2C Inc.,C=NO', [['C', 'NO'], ['O', 'Example, Inc.'], ['CN', 'Planner']]],
    ['CN=Blåbær', [['CN', 'Blåbær']]],
    ['CN=Bl\\C3\\A5b\\C3\\A6r', [['CN', 'Blåbær']]],
    ['CN=Blåbær', [['CN', 'Blåbær', BMP]]],
    ['CN=Planner', [['CN', 'Planner', PRINTABLE]]],
    ['CN=#0C07506C616E6E6572', [['CN', 'Planner', UTF8]]],
    ['CN=\\ two spaces \\ ', [['CN', ' two spaces  ']]],
    ['CN=a\\\\b\\"c\\+d\\<e\\>f\\;g=h', [['CN', 'a\\b"c+d<e>f;g=h']]],
    ['CN=', [['CN', '']]],
  ])('%s', (text, parts) => {
    expect(normalNameOfText(text)).toBe(subject(parts))
    expect(normalNameOfText(text)).toBeDefined()
  })

  test.each<[string, readonly NamePart[]]>([
    ['CN=Planner', [['C', 'NO'], ['CN', 'Planner']]],
    ['CN=Planner,C=NO', [['CN', 'Planner'], ['C', 'NO']]],
    ['CN=Planner,C=NO', [['CN', 'Planner,C=NO']]],
    ['CN=Planner,C=NO', [['O', 'x'], ['C', 'NO'], ['CN', 'Planner']]],
    ['CN=Planner,C=NO', [['C', 'NO'], ['CN', 'Planner'], ['CN', 'Evil']]],
    ['CN=Planner', [['CN', 'planner']]],
    ['CN=Planner', [['CN', 'Planner\0']]],
    ['CN=Planner', [['CN', 'Planner ']]],
    ['CN=Planner', [['O', 'Planner']]],
    ['CN=["text","x"]', [['CN', 'x']]],
  ])('%s is another name', (text, parts) => {
    expect(normalNameOfText(text)).not.toBe(subject(parts))
  })

  test.each(['', ' ', 'Planner', 'CN', 'CN=a,', ',CN=a', 'CN=a,,C=NO', 'CN=a;C=NO', 'CN="a"', 'CN=a\\', 'CN=a\\x', 'CN=a ', 'CN= a', 'CN=#zz', 'CN=#0', 'CN=#0c05', 'CN=#30', 'XX=a', 'CN=a\0', 'CN=\\ff', '/C=NO/CN=a', 'CN=a+', `CN=${'a'.repeat(1001)}`])('%j is none', (text) => {
    expect(normalNameOfText(text)).toBeUndefined()
  })

  test('the parts of one set have no order', () => {
    expect(normalNameOfText('CN=a+OU=b,C=NO')).toBe(normalNameOfText('OU=b+CN=a,C=NO'))
    expect(normalNameOfText('CN=a+OU=b,C=NO')).not.toBe(normalNameOfText('CN=a,OU=b,C=NO'))
  })

  test('two values are one name only when they are one value', () => {
    const escape = (value: string): string => [...Buffer.from(value)].map((byte) => `\\${byte.toString(16).padStart(2, '0')}`).join('')
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 30 }), fc.string({ maxLength: 30 }), (one, two) => {
        expect(normalNameOfText(`CN=${escape(one)}`)).toBe(subject([['CN', one]]))
        expect(normalNameOfText(`CN=${escape(one)}`) === normalNameOfText(`CN=${escape(two)}`)).toBe(one === two)
      }),
      { numRuns: 60 },
    )
  })

  test('anything is a name or none', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[CNO=,+#\\ 0-9a-f"]{0,40}$/)), (text) => void normalNameOfText(text)))
  })
})

describe('DER', () => {
  test('any bytes are read or are a fault', () => {
    const read = (bytes: Buffer): void => {
      try {
        for (const value of readDer(bytes)) readObjectIdentifier(value.content)
        normalNameOfDer(readOneDer(bytes))
      } catch (error) {
        if (!(error instanceof DerFault) && !(error instanceof TypeError)) throw error
      }
    }
    fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => read(Buffer.from(bytes))))
  })

  test.each(['30', '3080', '3002', '300201', '3084010000', '1f01', '30850000000001'])('%s is no DER', (hex) => {
    expect(() => readDer(Buffer.from(hex, 'hex'))).toThrow(DerFault)
  })
})

describe('alternative names', () => {
  test('are read whole, each kind by itself', () => {
    const { certificate } = newCertificate({ keys, names: [['dns', 'API.example.org'], ['dns', '*.example.org'], ['uri', 'https://example.org/a'], ['ip', '192.0.2.7'], ['email', 'A@Example.ORG'], ['uri', 'DNS:evil.example.org'], ['dns', 'x.example.org, DNS:evil.example.org'], ['dns', 'good.example.org\0.evil.example.org']] })
    expect(alternativeNames(certificate, 'dns')).toEqual(['api.example.org'])
    expect(alternativeNames(certificate, 'uri')).toEqual(['https://example.org/a', 'DNS:evil.example.org'])
    expect(alternativeNames(certificate, 'ip')).toEqual(['192.0.2.7'])
    expect(alternativeNames(certificate, 'email')).toEqual(['A@example.org'])
    expect(alternativeNames(newCertificate({ keys }).certificate, 'dns')).toEqual([])
  })

  test('addresses are compared as addresses', () => {
    expect(normalAlternativeName('ip', '2001:DB8:0:0::1')).toBe(normalAlternativeName('ip', '2001:db8::1'))
    for (const wrong of ['192.0.2', '0xc0.0.2.7', '192.0.2.7/24', 'fe80::1%eth0', '']) expect(normalAlternativeName('ip', wrong), wrong).toBeUndefined()
  })

  test.each([['dns', '*.example.org'], ['dns', ''], ['dns', 'a..b'], ['uri', 'example.org'], ['email', 'nobody'], ['email', 'a@b@c']] as const)('%s %j is none', (kind, name) => {
    expect(normalAlternativeName(kind, name)).toBeUndefined()
  })
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readAggregate } from '../../../src/upstream/federation/aggregate.ts'
import { federatedProviderId, type FederatedEntity } from '../../../src/upstream/federation/entity.ts'
import { MetadataRefused } from '../../../src/upstream/federation/refusal.ts'
import { samlSettings } from '../../../src/upstream/saml-service.ts'
import { aggregateXml, entityXml, type Institution } from '../../support/federation.ts'
import { createSigner, signDocument } from '../../support/signed-metadata.ts'

// What a federation's members may say of themselves: the list is signed, its members are strangers.

const signer = createSigner()
const NOW = Date.parse('2026-01-01T00:00:00Z')
const VALID = { validUntil: '2026-01-08T00:00:00Z' }
const GOOD: Institution = { entityId: 'https://idp.good.example/saml', names: { en: 'Good University' } }

function readXml(xml: string) {
  const found: FederatedEntity[] = []
  const reader = readAggregate({ keys: [signer.publicKey], now: NOW, loopback: false, found: (entity) => void found.push(entity) })
  for (let i = 0; i < xml.length; i += 8192) reader.write(xml.slice(i, i + 8192))
  return { summary: reader.close(), found }
}

function read(entities: readonly string[]) {
  return readXml(signDocument(aggregateXml(entities, VALID), signer))
}

function only(institution: Institution): FederatedEntity {
  const [entity, ...more] = read([entityXml(institution)]).found
  if (entity === undefined || more.length > 0) throw new Error('not one entity')
  return entity
}

describe('a member that cannot be used is left out, and the others are not', () => {
  test.each<readonly [string, Institution]>([
    ['a script instead of an address', { ...GOOD, entityId: 'https://evil.example', location: 'javascript:alert(1)' }],
    ['an address that is not encrypted', { ...GOOD, entityId: 'https://evil.example', location: 'http://evil.example/sso' }],
    ['an address with a password', { ...GOOD, entityId: 'https://evil.example', location: 'https://a:b@evil.example/sso' }],
    ['a certificate that is none', { ...GOOD, entityId: 'https://evil.example', certificate: 'AAAA' }],
    ['a time that is over', { ...GOOD, entityId: 'https://evil.example', validUntil: '2025-12-31T00:00:00Z' }],
    ['a time that is none', { ...GOOD, entityId: 'https://evil.example', validUntil: 'for ever' }],
    ['no identity provider', { entityId: 'https://evil.example', service: true }],
    ['an id of two thousand letters', { ...GOOD, entityId: `https://evil.example/${'x'.repeat(2000)}` }],
  ])('%s', (_name, institution) => {
    const { summary, found } = read([entityXml(institution), entityXml(GOOD)])
    expect(found.map(({ facts }) => facts.entity_id)).toEqual([GOOD.entityId])
    expect(summary).toMatchObject({ providers: 1, others: 1 })
  })

  test('of two with the same id the first one counts', () => {
    const { found } = read([entityXml(GOOD), entityXml({ ...GOOD, names: { en: 'Another' }, location: 'https://evil.example/sso' })])
    expect(found.map(({ document }) => document.name)).toEqual([{ en: 'Good University' }])
  })

  test('a group within the list counts as long as it is valid itself', () => {
    const group = (validUntil: string, entityId: string): string => `<md:EntitiesDescriptor validUntil="${validUntil}"><md:EntitiesDescriptor>${entityXml({ ...GOOD, entityId })}</md:EntitiesDescriptor></md:EntitiesDescriptor>`
    const { found } = read([group('2025-01-01T00:00:00Z', 'https://old.example'), group('2026-01-02T00:00:00Z', 'https://new.example'), entityXml(GOOD)])
    expect(found.map(({ facts }) => facts.entity_id)).toEqual(['https://new.example', GOOD.entityId])
  })
})

describe('the list as a whole', () => {
  test.each<readonly [string, string, string]>([
    ['one entity is no list', entityXml(GOOD).replace('<md:EntityDescriptor', '<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" ID="_x" validUntil="2026-01-08T00:00:00Z"'), 'the document is not a list of entities'],
    ['something else between entities', aggregateXml(['<x xmlns="urn:x"/>'], VALID), 'the document has something else than entities'],
    ['more elements in an entity than anybody needs', aggregateXml([entityXml(GOOD).replace('</md:Extensions>', `${'<e/>'.repeat(201_000)}</md:Extensions>`)], VALID), 'an entity is too large'],
  ])('is refused: %s', (_name, xml, reason) => {
    let message = 'taken'
    try {
      readXml(signDocument(xml, signer))
    } catch (error) {
      if (!(error instanceof MetadataRefused)) throw error
      message = error.message
    }
    expect(message).toBe(reason)
  })
})

describe('what a member says of itself', () => {
  test('names: in their languages, one line each, without signs that turn the text around', () => {
    const names = { en: '  Uni\u202Eversity\u0000 \n of\tX\u200B ', nb: 'x'.repeat(5000), 'not a language': 'y', fi: ' ' }
    const { name } = only({ ...GOOD, names: { ...names, en: names.en.replace('\u0000', '') } }).document
    expect(name).toEqual({ en: 'University of X', nb: 'x'.repeat(200) })
  })

  test('without a name, that of its organization; without one, its address', () => {
    expect(only({ entityId: GOOD.entityId, organizationNames: { nb: 'Organisasjonen' } }).document.name).toEqual({ nb: 'Organisasjonen' })
    expect(only({ entityId: GOOD.entityId }).document.name).toEqual({ en: 'idp.good.example' })
  })

  test('ten thousand keywords become fifty', () => {
    const { keywords } = only({ ...GOOD, keywords: Array.from({ length: 10_000 }, (_value, i) => `word${i}`).join(' ') }).document
    expect(keywords).toHaveLength(50)
  })

  test('domains: its scopes are realms; its hints only help to find it', () => {
    const { document, facts } = only({ ...GOOD, scopes: ['Good.example', '^.*$'], domainHints: ['hint.example'] })
    expect(document).toMatchObject({ realms: ['good.example'], keywords: ['hint.example'] })
    expect(facts.scopes).toEqual(['good.example'])
  })

  test.each<readonly [string, Partial<Institution>, string | undefined]>([
    ['by who registered it', { registrar: 'https://www.feide.no/' }, 'no'],
    ['by its domain', { registrar: 'https://federation.example', scopes: ['uni.example.fi'] }, 'fi'],
    ['British', { registrar: 'http://ukfederation.org.uk' }, 'gb'],
    ['American', { registrar: 'https://incommon.org', scopes: ['uni.edu'] }, 'us'],
    ['of the whole world', { registrar: 'https://fed.io', scopes: ['uni.eu'] }, undefined],
  ])('country: %s', (_name, more, country) => {
    expect(only({ ...GOOD, ...more }).document.country).toBe(country)
  })

  test('it may ask not to be shown', () => {
    expect(only({ ...GOOD, hidden: true }).document.hidden).toBe(true)
    expect(only(GOOD).document.hidden).toBeUndefined()
  })

  test('of its logos, the one that fits; no address that is none', () => {
    const logo = (url: string, size: number) => ({ url, width: size, height: size })
    expect(only({ ...GOOD, logos: [logo('https://l.example/16', 16), logo('https://l.example/80', 80), logo('https://l.example/400', 400)] }).logo).toBe('https://l.example/80')
    expect(only({ ...GOOD, logos: [logo('javascript:alert(1)', 64), logo('data:text/html;base64,AAAA', 64), logo('file:///etc/passwd', 64)] }).logo).toBeUndefined()
  })
})

test('an id here is readable, valid, its own, and the same each time', () => {
  expect(federatedProviderId('https://idp.uni.example/saml')).toMatch(/^idp\.uni\.example-[0-9a-f]{22}$/)
  fc.assert(
    fc.property(fc.oneof(fc.webUrl(), fc.string({ minLength: 1, maxLength: 300 })), fc.string({ minLength: 1 }), (a, b) => {
      expect(samlSettings.shape.provider_id.safeParse(federatedProviderId(a)).success).toBe(true)
      expect(federatedProviderId(a)).toBe(federatedProviderId(a))
      if (a !== b) expect(federatedProviderId(a)).not.toBe(federatedProviderId(b))
    }),
  )
})

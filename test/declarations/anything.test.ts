import fc from 'fast-check'
import { expect, test } from 'vitest'
import { checkMembers } from '../../src/declarations/read.ts'
import { kinds } from '../../src/declarations/index.ts'
import { offered } from '../../src/endpoints/offered.ts'

// Whatever somebody says of a thing, in a file, through the API, on a page or by registering: it is judged, and nothing breaks.

const TEXTS = ['', 'x', 'x:', '//', '://', 'https:', 'https://', 'http://[', 'http://x:99999', 'https://x.example/cb', 'ldaps://x', 'a.b:/c', '\0', '\ud800', '__proto__', 'native', 'legacy', 'fapi2', 'private_key_jwt', 'tls_client_auth', '-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----', 'x'.repeat(3000)]
const VALUES: readonly unknown[] = [...TEXTS, null, true, -1, 1e308, [], {}, { keys: [null] }, { keys: [{ kty: 'EC' }] }, { type: 'mtls', certificate: 'x' }, { type: 'header', name: '' }, { en: '' }, ...TEXTS.map((text) => [text])]
const BASES: Readonly<Record<string, object>> = { client: { client_id: 'any', redirect_uris: ['https://any.example.org/cb'] }, api: { api_id: 'anything', name: 'Any' }, organization: { organization_id: 'any', name: 'Any' }, scope: { scope: 'any.thing', title: 'Any' }, user: { username: 'any' } }

test.each(kinds.map((kind) => [kind.kind, kind] as const))('of a %s', (name, kind) => {
  const judge = (document: Readonly<Record<string, unknown>>): void => {
    expect(() => checkMembers(kind, document, offered), JSON.stringify(document)).not.toThrow()
  }
  for (const member of kind.members) for (const value of VALUES) judge({ ...BASES[name], [member]: value })
  const members = fc.dictionary(fc.constantFrom(...kind.members), fc.oneof(fc.constantFrom(...VALUES), fc.jsonValue({ maxDepth: 3 })), { maxKeys: 6 })
  fc.assert(fc.property(members, (some) => judge({ ...BASES[name], ...some })), { numRuns: 300 })
})

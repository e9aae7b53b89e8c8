import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../support/app.ts'
import type { SamlPerson } from '../support/saml-response.ts'
import { startSamlUpstream, type UpstreamSaml } from '../support/upstream-saml.ts'
import { claimsOf, expectNobody, leaveFor } from './journey.ts'
import { expectWayOn, introduce, returnFromSaml } from './saml-journey.ts'

// Who a person of a SAML institution is, what is known of them, and what happens when the institution says too little.

let server: TestServer
let upstream: UpstreamSaml

beforeAll(async () => {
  upstream = await startSamlUpstream()
  server = await startTestServer({ env: { PORTNER_TEST_FETCH: '1' } })
  await introduce(server, upstream, 'uni', 'required: [email, name]')
  await introduce(server, upstream, 'principal', 'subject: eduPersonPrincipalName')
  await introduce(server, upstream, 'general', "subject: 'urn:oasis:names:tc:SAML:attribute:subject-id'\nclaims_mapping: { 'urn:example:nick': nickname, teams: groups }")
})
afterAll(async () => {
  await server.close()
  await upstream.close()
})
beforeEach(() => {
  upstream.answer = {}
})

const PERSISTENT = 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent'
const TRANSIENT = 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient'
const NAME = { 'urn:oid:2.16.840.1.113730.3.1.241': ['Ada Institution'] }
const MAIL = { 'urn:oid:0.9.2342.19200300.100.1.3': ['ada@idp.example'] }
const EPPN = 'urn:oid:1.3.6.1.4.1.5923.1.1.1.6'
const SUBJECT_ID = 'urn:oasis:names:tc:SAML:attribute:subject-id'
const SCOPE = { scope: 'openid profile email groups userid' }

async function signIn(provider: string, person: SamlPerson): Promise<Record<string, unknown>> {
  upstream.person = person
  const away = await leaveFor(server, provider, SCOPE)
  return claimsOf(server, await returnFromSaml(server, upstream, away), away)
}

describe('an institution that says too little', () => {
  const incomplete: readonly (readonly [string, string, SamlPerson, readonly string[]])[] = [
    ['a transient name only', 'uni', { nameId: { format: TRANSIENT, value: '_t' }, attributes: { ...NAME, ...MAIL } }, ['an identifier that stays the same']],
    ['a name of no format', 'uni', { nameId: { format: 'urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified', value: 'ada' }, attributes: { ...NAME, ...MAIL } }, ['an identifier that stays the same']],
    ['no name at all', 'uni', { nameId: undefined, attributes: { ...NAME, ...MAIL } }, ['an identifier that stays the same']],
    ['a persistent name that is longer than any', 'uni', { nameId: { format: PERSISTENT, value: 'x'.repeat(256) }, attributes: { ...NAME, ...MAIL } }, ['an identifier that stays the same']],
    ['no e-mail address', 'uni', { nameId: { format: PERSISTENT, value: 'p' }, attributes: NAME }, ['your e-mail address']],
    ['nothing', 'uni', { nameId: undefined, attributes: {} }, ['an identifier that stays the same', 'your e-mail address', 'your name']],
    ['another identifier than the declared one', 'principal', { nameId: { format: PERSISTENT, value: 'p' }, attributes: NAME }, ['an identifier that stays the same']],
    ['two of the declared identifiers', 'principal', { nameId: { format: PERSISTENT, value: 'p' }, attributes: { [EPPN]: ['ada@idp.example', 'eve@idp.example'] } }, ['an identifier that stays the same']],
    ['an identifier in the domain of another institution', 'principal', { nameId: { format: PERSISTENT, value: 'p' }, attributes: { [EPPN]: ['ada@another.example'] } }, ['an identifier that stays the same']],
    ['an identifier in a domain that only looks like its own', 'principal', { nameId: { format: PERSISTENT, value: 'p' }, attributes: { [EPPN]: ['ada@not-idp.example'] } }, ['an identifier that stays the same']],
  ]
  test.each(incomplete)('%s: a page that says so in words and leads to the help desk', async (_name, provider, person, missing) => {
    upstream.person = person
    const away = await leaveFor(server, provider)
    const page = await returnFromSaml(server, upstream, away)
    expectWayOn(page, 403)
    const listed = [...page.html.matchAll(/<ul[^>]*id="missing">([\s\S]*?)<\/ul>/g)].flatMap(([list]) => [...list.matchAll(/<li>([^<]+)<\/li>/g)].map((match) => match[1] ?? ''))
    expect(listed).toHaveLength(missing.length)
    for (const words of missing) expect(listed.some((item) => item.startsWith(words))).toBe(true)
    await expectNobody(server, away.browser)
    const help = new URL((/id="institution-help" href="([^"]+)"/.exec(page.html)?.[1] ?? '').replaceAll('&amp;', '&').replaceAll('&#39;', "'"))
    const reference = /id="reference"[^>]*>([0-9A-Z-]+)</.exec(page.html)?.[1]
    expect(help.origin + help.pathname).toBe('https://help.idp.example/error')
    expect(Object.fromEntries(help.searchParams)).toMatchObject({ code: 'IDENTIFICATION_FAILURE', tid: reference, rp: `${server.issuer}/saml/metadata/${provider}` })
    expect(Math.abs(Number(help.searchParams.get('ts')) - Date.now() / 1000)).toBeLessThan(60)
    expect(help.href).not.toContain('ada@')
  })

  test('without an errorURL it is the address of its help', async () => {
    const own = upstream.metadata
    upstream.metadata = (xml) => xml.replace(/ errorURL="[^"]*"/, '')
    await introduce(server, upstream, 'plain')
    upstream.metadata = own
    upstream.person = { nameId: undefined, attributes: {} }
    const page = await returnFromSaml(server, upstream, await leaveFor(server, 'plain'))
    expect(page.html).toContain('id="institution-help" href="mailto:help@idp.example"')
  })
})

describe('the identifier that the declaration names', () => {
  test('is the person, whatever the name is; another one is another person', async () => {
    const one = await signIn('principal', { nameId: { format: TRANSIENT, value: '_1' }, attributes: { [EPPN]: ['ada@idp.example'] } })
    const again = await signIn('principal', { nameId: { format: TRANSIENT, value: '_2' }, attributes: { [EPPN]: ['ada@idp.example'] } })
    const other = await signIn('principal', { nameId: { format: PERSISTENT, value: 'p' }, attributes: { [EPPN]: ['eve@idp.example'] } })
    expect([again['sub'] === one['sub'], other['sub'] === one['sub']]).toEqual([true, false])
  })

  test('of one provider is not that of another', async () => {
    const attributes = { [EPPN]: ['ada@idp.example'], [SUBJECT_ID]: ['ada@idp.example'] }
    const [principal, general] = [await signIn('principal', { nameId: undefined, attributes }), await signIn('general', { nameId: undefined, attributes })]
    expect(principal['sub']).not.toBe(general['sub'])
  })
})

describe('attributes', () => {
  test('by their formal names, by names of the declaration, and by friendly names', async () => {
    upstream.answer = { friendlyNames: { 'urn:x:teams': 'teams' } }
    const claims = await signIn('general', {
      nameId: undefined,
      attributes: { [SUBJECT_ID]: ['ada@idp.example'], 'urn:oid:2.5.4.42': ['Ada'], 'urn:oid:2.5.4.4': ['Lovelace'], 'urn:oid:2.5.4.3': ['Ada L'], 'urn:example:nick': ['ace'], 'urn:x:teams': ['red', 'blue'], ...MAIL },
    })
    expect(claims).toMatchObject({ name: 'Ada L', given_name: 'Ada', family_name: 'Lovelace', nickname: 'ace', groups: ['fc:org:ntu.example', 'red', 'blue'], email: 'ada@idp.example' })
  })

  test('a friendly name is no formal one: it takes the place of no attribute that is there', async () => {
    upstream.answer = { friendlyNames: { 'urn:x:other': 'mail' } }
    const claims = await signIn('general', { nameId: undefined, attributes: { 'urn:x:other': ['eve@evil.example'], [SUBJECT_ID]: ['ada@idp.example'], ...MAIL } })
    expect(claims['email']).toBe('ada@idp.example')
    // Nor does it add a value to one.
    upstream.answer = { friendlyNames: { 'urn:x:other': 'teams' } }
    const member = await signIn('general', { nameId: undefined, attributes: { 'urn:x:other': ['admins'], teams: ['readers'], [SUBJECT_ID]: ['ada@idp.example'], ...MAIL } })
    expect(member['groups']).toEqual(['fc:org:ntu.example', 'readers'])
  })

  test('that are no claims are left out; nothing says that an address is verified', async () => {
    const claims = await signIn('general', { nameId: undefined, attributes: { [SUBJECT_ID]: ['ada@idp.example'], 'urn:oid:0.9.2342.19200300.100.1.3': ['no address'], email_verified: ['true'], sub: ['x'], ...NAME } })
    expect(claims).toMatchObject({ name: 'Ada Institution' })
    expect(claims['email']).toBeUndefined()
    const other = await signIn('general', { nameId: undefined, attributes: { [SUBJECT_ID]: ['ada@idp.example'], email_verified: ['true'], ...MAIL } })
    expect(other['email_verified']).toBe(false)
  })
})

import { createPublicKey, X509Certificate } from 'node:crypto'
import { SignedXml } from 'xml-crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { rotateSamlKeys } from '../../src/upstream/saml-keys.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { forms, newBrowser, pageName } from '../support/browser.ts'
import { authorizationUrl, newPkce } from '../support/relying-party.ts'
import type { SamlAnswer } from '../support/saml-response.ts'
import { certificatesIn, startSamlUpstream, type UpstreamSaml } from '../support/upstream-saml.ts'
import { claimsOf, leaveFor } from './journey.ts'
import { comeBack, introduce, post, returnFromSaml } from './saml-journey.ts'

// Sign-in at a SAML institution, as it should be.

let server: TestServer
let upstream: UpstreamSaml
let posting: UpstreamSaml

beforeAll(async () => {
  ;[upstream, posting] = await Promise.all([startSamlUpstream(), startSamlUpstream()])
  posting.bindings = ['post']
  server = await startTestServer({ env: { PORTNER_TEST_FETCH: '1' } })
  await introduce(server, upstream, 'uni')
  await introduce(server, posting, 'posting')
})
afterAll(async () => {
  await server.close()
  await Promise.all([upstream.close(), posting.close()])
})
beforeEach(() => {
  upstream.answer = {}
  upstream.asked.length = 0
  posting.asked.length = 0
})

const SCOPE = { scope: 'openid profile email groups userid' }
const usual = { name: 'Ada Institution', email: 'ada@idp.example', email_verified: false, preferred_username: 'ada@idp.example', groups: ['fc:org:ntu.example', 'staff', 'physics'] }

describe('a person of the institution', () => {
  test('signs in: signed request by redirect, signed assertion by POST, attributes as claims', async () => {
    const away = await leaveFor(server, 'uni', SCOPE)
    const claims = await claimsOf(server, await returnFromSaml(server, upstream, away), away)
    expect(upstream.asked[0]).toMatchObject({ binding: 'redirect', isSigned: true, forceAuthn: false, contexts: [], acs: `${server.issuer}/signin/callback/uni`, issuer: `${server.issuer}/saml/metadata/uni`, nameIdFormat: 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent' })
    expect(Buffer.byteLength(upstream.asked[0]?.relayState ?? '')).toBeLessThanOrEqual(80)
    expect(claims).toMatchObject(usual)
    expect(claims['acr']).toBe('urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport')
    expect(claims['amr']).toEqual(['pwd'])
    expect(Math.abs(Number(claims['auth_time']) - Date.now() / 1000)).toBeLessThan(60)
  })

  test.each<readonly [string, SamlAnswer]>([
    ['the response is signed, not the assertion', { sign: 'response' }],
    ['both are signed', { sign: 'both' }],
    ['the certificate stands in the signature', { bringsKey: true, sign: 'both' }],
    ['with SHA-512', { signatureAlgorithm: 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha512', digestAlgorithm: 'http://www.w3.org/2001/04/xmlenc#sha512' }],
    ['the assertion is encrypted', { encrypt: {} }],
    ['the assertion is encrypted, and only the response is signed', { encrypt: {}, sign: 'response' }],
    ['the assertion is encrypted, everything is signed', { encrypt: {}, sign: 'both' }],
    ['encrypted as many institutions still do', { encrypt: { data: 'http://www.w3.org/2001/04/xmlenc#aes256-cbc' } }],
    ['the response names no destination', { destination: null }],
    ['a clock that is a minute behind', { issuedIn: -60, notBefore: -65, signedInAt: -60 }],
    ['a clock that is a minute ahead', { issuedIn: 60, notBefore: 55, signedInAt: 60 }],
    ['line breaks of another system in the response', { after: (xml) => `<?xml version="1.0" encoding="UTF-8"?>\r\n${xml}\r\n` }],
  ])('signs in: %s', async (_name, answer) => {
    const away = await leaveFor(server, 'uni', SCOPE)
    upstream.answer = answer
    expect(await claimsOf(server, await returnFromSaml(server, upstream, away), away)).toMatchObject(usual)
  })

  test('is the same person next time, and another one with another identifier', async () => {
    const ids: unknown[] = []
    const [own, other] = [upstream.person, { ...upstream.person, nameId: { format: upstream.person.nameId?.format ?? '', value: 'somebody-else' } }]
    for (const person of [own, own, other]) {
      upstream.person = person
      const away = await leaveFor(server, 'uni', SCOPE)
      ids.push((await claimsOf(server, await returnFromSaml(server, upstream, away), away))['sub'])
    }
    upstream.person = own
    expect(ids[0]).toBe(ids[1])
    expect(ids[2]).not.toBe(ids[0])
  })

  test('leaves by a form where the institution wants one: a button that works without script, signed XML, to nowhere else', async () => {
    const browser = newBrowser(server.issuer)
    const pkce = newPkce()
    const discovery = await browser.open(authorizationUrl(server.issuer, pkce, SCOPE))
    const page = await browser.open(`${new URL(discovery.url).pathname.replace(/[^/]*$/, 'login')}?provider=posting`)
    expect(pageName(page)).toBe('form-post')
    const form = forms(page)[0]
    expect(form?.method).toBe('POST')
    expect(page.html).toContain('id="form-post-submit"')
    const answer = await posting.visitByPost(form?.fields ?? {})
    expect(posting.asked[0]).toMatchObject({ binding: 'post', isSigned: true, destination: form?.action })
    expect(await claimsOf(server, await comeBack(server, answer, browser), { browser, pkce, departure: new URL(page.url) })).toMatchObject({ name: 'Ada Institution' })
  })

  test('is asked again where the application says so, and the institution is told how strongly', async () => {
    await leaveFor(server, 'uni', { prompt: 'login', acr_values: 'https://refeds.org/profile/mfa urn:portner:acr:password' }).then(({ departure }) => upstream.visit(departure.href))
    await leaveFor(server, 'uni', { max_age: '60' }).then(({ departure }) => upstream.visit(departure.href))
    expect(upstream.asked).toMatchObject([{ forceAuthn: true, contexts: ['https://refeds.org/profile/mfa'] }, { forceAuthn: true, contexts: [] }])
  })

  test('two-factor sign-in there is passed on', async () => {
    const away = await leaveFor(server, 'uni', SCOPE)
    upstream.answer = { acr: 'https://refeds.org/profile/mfa' }
    expect(await claimsOf(server, await returnFromSaml(server, upstream, away), away)).toMatchObject({ acr: 'https://refeds.org/profile/mfa', amr: ['mfa'] })
  })
})

describe('the answer that a page of the institution posts', () => {
  test('is not in the address of the request that follows', async () => {
    const away = await leaveFor(server, 'uni', SCOPE)
    const response = await post(server, await upstream.visit(away.departure.href))
    const location = new URL(response.headers.get('location') ?? '', server.issuer)
    expect(response.status).toBe(303)
    expect([...location.searchParams.keys()].toSorted()).toEqual(['posted', 'state'])
    expect(location.href.length).toBeLessThan(300)
    expect(await claimsOf(server, await away.browser.open(location.href), away)).toMatchObject(usual)
  })

  test('may be as large as real ones', async () => {
    const away = await leaveFor(server, 'uni', SCOPE)
    const own = upstream.person
    upstream.person = { ...own, attributes: { ...own.attributes, 'urn:oid:1.3.6.1.4.1.5923.1.5.1.1': Array.from({ length: 1500 }, (_, i) => `urn:mace:idp.example:group:number:${i}:members`) } }
    const answer = await upstream.visit(away.departure.href)
    upstream.person = own
    expect(answer.fields['SAMLResponse']?.length).toBeGreaterThan(150_000)
    const claims = await claimsOf(server, await comeBack(server, answer, away.browser), away)
    expect(claims['groups']).toHaveLength(501)
  })
})

describe('our metadata', () => {
  test('are signed, and say who we are, where answers come to, and for which key to encrypt', async () => {
    const response = await fetch(`${server.issuer}/saml/metadata/uni`)
    const xml = await response.text()
    expect(response.headers.get('content-type')).toContain('application/samlmetadata+xml')
    expect(xml).toContain(`entityID="${server.issuer}/saml/metadata/uni"`)
    expect(xml).toContain(`<md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="${server.issuer}/signin/callback/uni" index="0" isDefault="true"/>`)
    expect(xml).toContain('FriendlyName="mail"')
    const [signing] = certificatesIn(xml, 'signing')
    const certificate = new X509Certificate(Buffer.from(signing ?? '', 'base64'))
    expect(certificate.verify(createPublicKey(certificate.toString()))).toBe(true)
    const signed = new SignedXml({ publicCert: certificate.toString() })
    signed.loadSignature(/<ds:Signature[\s\S]*?<\/ds:Signature>/.exec(xml)?.[0] ?? '')
    expect(signed.checkSignature(xml)).toBe(true)
  })

  test('exist for SAML providers only', async () => {
    expect((await fetch(`${server.issuer}/saml/metadata/ntu`)).status).toBe(404)
    expect((await fetch(`${server.issuer}/saml/metadata/nobody`)).status).toBe(404)
  })

  test('show new keys at once; until the institution has read them, the old ones sign and open', async () => {
    const before = upstream.trusted
    await rotateSamlKeys(server.ctx)
    const after = await (await fetch(`${server.issuer}/saml/metadata/uni`)).text()
    expect(certificatesIn(after, 'signing')).toEqual([...certificatesIn(before, 'signing'), expect.any(String)])
    expect(certificatesIn(after, 'encryption')).not.toEqual(certificatesIn(before, 'encryption'))
    for (const trusted of [before, after]) {
      upstream.trusted = trusted
      upstream.answer = { encrypt: {} }
      upstream.asked.length = 0
      const away = await leaveFor(server, 'uni', SCOPE)
      expect(await claimsOf(server, await returnFromSaml(server, upstream, away), away)).toMatchObject(usual)
      expect(upstream.asked[0]?.isSigned).toBe(true)
    }
    await server.advance(31 * 86_400)
    try {
      expect(certificatesIn(await (await fetch(`${server.issuer}/saml/metadata/uni`)).text(), 'signing')).toEqual([certificatesIn(after, 'signing')[1]])
    } finally {
      await server.advance(-31 * 86_400)
    }
  })
})

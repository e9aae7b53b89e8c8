import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../support/app.ts'
import { wrappings } from '../support/saml-attacks.ts'
import type { SamlAnswer } from '../support/saml-response.ts'
import { startSamlUpstream, type UpstreamSaml } from '../support/upstream-saml.ts'
import { claimsOf, expectNobody, leaveFor } from './journey.ts'
import { comeBack, expectWayOn, introduce, returnFromSaml, wayOn } from './saml-journey.ts'

// Every answer of a SAML provider that must not be believed: nobody is signed in, the journey lives, the operator is told why.

let server: TestServer
let upstream: UpstreamSaml

beforeAll(async () => {
  upstream = await startSamlUpstream()
  server = await startTestServer({ env: { PORTNER_TEST_FETCH: '1' } })
  await introduce(server, upstream, 'uni')
})
afterAll(async () => {
  await server.close()
  await upstream.close()
})
beforeEach(() => {
  upstream.answer = {}
})

const VICTIM = 'the-victim'

interface Logged {
  readonly event?: string
  readonly detail?: string
  readonly entityId?: string
  readonly skewSeconds?: number
  readonly fix?: string
}

function lastFailure(): Logged {
  const lines = server.logged().trimEnd().split('\n').map((line) => JSON.parse(line) as Logged)
  return lines.findLast(({ event }) => event === 'upstream.failed') ?? {}
}

function put(xml: string): (response: string) => string {
  return (response) => xml + response
}

const rsa1 = 'http://www.w3.org/2000/09/xmldsig#rsa-sha1'
const BOMB = '<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>'

const wrong: readonly (readonly [string, SamlAnswer, string])[] = [
  ...wrappings.map(({ name, signs, attack }): readonly [string, SamlAnswer, string] => [name, { sign: signs, after: (xml) => attack(xml, VICTIM) }, 'shape']),
  ['a comment in the identifier', { nameIdXml: `${VICTIM}<!-- x -->.somebody.else` }, 'not plain xml'],
  ['a processing instruction in the identifier', { after: (xml) => xml.replace(/(<saml:NameID[^>]*>)/, '$1<?x y?>') }, 'not plain xml'],
  ['two signed assertions', { after: (xml) => xml.replace(/<saml:Assertion[\s\S]*<\/saml:Assertion>/, (one) => one + one.replaceAll(/_a[0-9a-f]{32}/g, '_another')) }, 'shape'],
  ['the same assertion twice', { after: (xml) => xml.replace(/<saml:Assertion[\s\S]*<\/saml:Assertion>/, (one) => one + one) }, 'shape'],
  ['an id twice', { responseId: '_same', assertionId: '_same' }, 'shape'],
  ['an id twice in another spelling', { after: (xml) => xml.replace('<samlp:Status>', (tag) => tag.replace('>', ` Id="${/<saml:Assertion[^>]* ID="([^"]+)"/.exec(xml)?.[1] ?? ''}">`)) }, 'shape'],
  ['two signatures of the assertion', { after: (xml) => xml.replace(/<ds:Signature[\s\S]*?<\/ds:Signature>/, (one) => one + one) }, 'shape'],
  ['a signature among the attributes', { after: (xml) => xml.replace(/<ds:Signature[\s\S]*?<\/ds:Signature>/, '').replace('<saml:AttributeStatement>', (tag) => `${tag}${/<ds:Signature[\s\S]*?<\/ds:Signature>/.exec(xml)?.[0] ?? ''}`) }, 'shape'],
  ['no assertion', { after: (xml) => xml.replace(/<saml:Assertion[\s\S]*<\/saml:Assertion>/, '') }, 'shape'],
  ['no signature', { sign: 'nothing' }, 'signature'],
  ['signed with another key', { key: 'other' }, 'signature'],
  ['signed with another key that it brings along', { key: 'other', bringsKey: true }, 'signature'],
  ['signed whole with another key that it brings along', { key: 'other', bringsKey: true, sign: 'both' }, 'signature'],
  ['signed whole with another key', { key: 'other', sign: 'both' }, 'signature'],
  ['encrypted, but not signed', { encrypt: {}, sign: 'nothing' }, 'signature'],
  ['encrypted, signed with another key', { encrypt: {}, key: 'other' }, 'signature'],
  ['an attribute changed after it was signed', { after: (xml) => xml.replace('Ada Institution', 'Eve Institution') }, 'signature'],
  ['the identifier changed after it was signed', { sign: 'response', after: (xml) => xml.replace(/(<saml:NameID[^>]*>)[^<]*/, `$1${VICTIM}`) }, 'signature'],
  ['a signature with SHA-1', { signatureAlgorithm: rsa1 }, 'algorithm'],
  ['a digest with SHA-1', { digestAlgorithm: 'http://www.w3.org/2000/09/xmldsig#sha1' }, 'algorithm'],
  ['SHA-1 inside of the encryption', { encrypt: {}, signatureAlgorithm: rsa1 }, 'algorithm'],
  ['a signature that is no signature', { after: (xml) => xml.replace('http://www.w3.org/2001/04/xmldsig-more#rsa-sha256', 'http://www.w3.org/2000/09/xmldsig#hmac-sha1') }, 'algorithm'],
  ['a transform that leaves things out', { after: (xml) => xml.replace('<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>', '<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"/>') }, 'algorithm'],
  ['encryption with RSA 1.5', { encrypt: { key: 'http://www.w3.org/2001/04/xmlenc#rsa-1_5' } }, 'algorithm'],
  ['encryption with triple DES', { encrypt: { data: 'http://www.w3.org/2001/04/xmlenc#tripledes-cbc' } }, 'algorithm'],
  ['a cipher text that was changed', { encrypt: {}, after: (xml) => xml.replace(/(<e:CipherValue>|<xenc:CipherValue>)([A-Za-z0-9+/]{8})/, '$1AAAAAAAA') }, 'decryption'],
  ['a document type', { after: put('<!DOCTYPE samlp:Response>') }, 'not plain xml'],
  ['an entity bomb', { after: put(BOMB) }, 'not plain xml'],
  ['a document type inside of the encryption', { encrypt: {}, sign: 'response', before: put('<!DOCTYPE saml:Assertion>') }, 'not plain xml'],
  ['two assertions inside of the encryption', { encrypt: {}, sign: 'response', before: (xml) => xml.replace('</saml:Assertion>', `${xml.replace(/ID="[^"]+"/, 'ID="_second"')}</saml:Assertion>`) }, 'shape'],
  ['a comment inside of the encryption', { encrypt: {}, nameIdXml: `${VICTIM}<!-- -->x` }, 'not plain xml'],
  ['no XML', { after: () => 'Hello' }, 'unreadable'],
  ['half of it', { after: (xml) => xml.slice(0, xml.length / 2) }, 'unreadable'],
  ['an entity that nobody knows', { after: (xml) => xml.replace('Ada Institution', '&ada;') }, 'unreadable'],
  ['elements in elements in elements', { after: (xml) => xml.replace('<samlp:Status>', `${'<samlp:Extensions>'.repeat(100)}${'</samlp:Extensions>'.repeat(100)}<samlp:Status>`) }, 'unreadable'],
  ['another kind of message', { after: (xml) => xml.replaceAll('samlp:Response', 'samlp:LogoutResponse') }, 'shape'],
  ['another version', { after: (xml) => xml.replace('Version="2.0"', 'Version="1.1"') }, 'shape'],
  ['more elements than anybody needs', { after: (xml) => xml.replace('<samlp:Status>', `<samlp:Extensions>${'<x/>'.repeat(2600)}</samlp:Extensions><samlp:Status>`) }, 'too large'],
  ['270 kB', { after: (xml) => xml + ' '.repeat(270_000) }, 'too large'],
  ['from another institution', { issuer: 'https://another.example/idp' }, 'issuer'],
  ['in the name of another institution', { responseIssuer: 'https://another.example/idp' }, 'issuer'],
  ['for another service', { audience: 'https://another.example/sp' }, 'audience'],
  ['for nobody in particular', { audience: null }, 'audience'],
  ['for us and only for another one too', { conditions: '<saml:AudienceRestriction><saml:Audience>https://another.example/sp</saml:Audience></saml:AudienceRestriction>' }, 'audience'],
  ['under a condition of nobody', { conditions: '<saml:Condition xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="x"/>' }, 'condition'],
  ['for another address', { recipient: 'https://another.example/acs' }, 'recipient'],
  ['not for the bearer', { method: 'urn:oasis:names:tc:SAML:2.0:cm:holder-of-key' }, 'recipient'],
  ['sent to another address', { destination: 'https://another.example/acs' }, 'destination'],
  ['an answer to another request', { inResponseTo: '_another', confirmationInResponseTo: '_another' }, 'in response to'],
  ['an answer to no request', { inResponseTo: null, confirmationInResponseTo: null }, 'in response to'],
  ['an assertion that answers another request', { confirmationInResponseTo: '_another' }, 'in response to'],
  ['an assertion that answers no request', { confirmationInResponseTo: null }, 'in response to'],
  ['expired', { notOnOrAfter: -180, notBefore: -600, issuedIn: -300, signedInAt: -300 }, 'expired'],
  ['confirmed until a while ago', { confirmedUntil: -180 }, 'expired'],
  ['confirmed for ever', { confirmedUntil: null }, 'no times'],
  ['with an end that is no time', { before: (xml) => xml.replace(/(<saml:Conditions[^>]* NotOnOrAfter=")[^"]+/, '$1tomorrow') }, 'no times'],
  ['of an hour ago', { issuedIn: -3600 }, 'expired'],
  ['a session that is over', { sessionUntil: -600 }, 'expired'],
  ['not yet valid', { notBefore: 600 }, 'not yet valid'],
  ['of the future', { issuedIn: 600 }, 'not yet valid'],
  ['a sign-in in the future', { signedInAt: 600 }, 'not yet valid'],
]

describe('an answer that is not believed', () => {
  test.each(wrong)('%s', async (_name, answer, cause) => {
    const away = await leaveFor(server, 'uni')
    upstream.answer = answer
    const page = await returnFromSaml(server, upstream, away)
    expectWayOn(page, 400)
    expect(page.html).not.toContain(VICTIM)
    expect(lastFailure()).toMatchObject({ detail: cause, entityId: upstream.entityId, fix: expect.any(String) })
    expect(JSON.stringify(lastFailure())).not.toContain(VICTIM)
    await expectNobody(server, away.browser)
  })

  test('the journey lives: "try again" asks the person anew, and ends well', async () => {
    const away = await leaveFor(server, 'uni')
    upstream.answer = { key: 'other' }
    const page = await returnFromSaml(server, upstream, away)
    upstream.answer = {}
    const departure = new URL((await away.browser.open(wayOn(page))).url)
    upstream.asked.length = 0
    expect(await claimsOf(server, await returnFromSaml(server, upstream, { ...away, departure }), away)).toMatchObject({ name: 'Ada Institution' })
    expect(upstream.asked[0]?.forceAuthn).toBe(true)
  })

  test('who was to be asked again and was not', async () => {
    const away = await leaveFor(server, 'uni', { prompt: 'login' })
    upstream.answer = { signedInAt: -3600 }
    expectWayOn(await returnFromSaml(server, upstream, away), 400)
    expect(lastFailure().detail).toBe('sign-in too old')
  })

  test('the operator reads how far the clocks are apart', async () => {
    const away = await leaveFor(server, 'uni')
    upstream.answer = { issuedIn: -900, notBefore: -905, notOnOrAfter: -600 }
    await returnFromSaml(server, upstream, away)
    expect(Math.abs((lastFailure().skewSeconds ?? 0) + 900)).toBeLessThan(30)
    const metrics = await server.ctx.metrics.registry.metrics()
    expect(metrics).toMatch(/portner_upstream_failures_total\{protocol="saml",cause="expired"\} \d/)
    expect(metrics).toMatch(/portner_upstream_clock_skew_seconds_count \d/)
  })

  test.each([
    ['not base64', { SAMLResponse: '<samlp:Response/>' }],
    ['base64 of no text', { SAMLResponse: Buffer.from([0xff, 0xfe, 0x3c, 0x00]).toString('base64') }],
    ['nothing', {}],
    ['a code, as other protocols have it', { code: 'abc' }],
  ])('%s', async (_name, fields) => {
    const away = await leaveFor(server, 'uni')
    const answer = await upstream.visit(away.departure.href)
    expectWayOn(await comeBack(server, { action: answer.action, fields: { ...fields, RelayState: answer.fields['RelayState'] ?? '' } }, away.browser), 400)
    await expectNobody(server, away.browser)
  })
})

describe('an answer that is believed, and is no', () => {
  test.each<readonly [string, readonly string[]]>([
    ['the person gave up', ['Responder', 'AuthnFailed']],
    ['not allowed', ['Requester', 'RequestDenied']],
    ['not so strongly', ['Responder', 'NoAuthnContext']],
    ['no word of why', ['Responder']],
  ])('%s', async (_name, status) => {
    const away = await leaveFor(server, 'uni')
    upstream.answer = { status }
    const page = await returnFromSaml(server, upstream, away)
    expectWayOn(page, 403)
    expect(page.html).toContain('did not sign you in')
    expect(lastFailure().detail).toBe(status.at(-1))
    await expectNobody(server, away.browser)
  })
})

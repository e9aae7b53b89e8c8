import { createPrivateKey, createPublicKey, randomBytes } from 'node:crypto'
import { SignedXml } from 'xml-crypto'
import xmlEncryption, { type EncryptionAlgorithm, type EncryptOptions, type KeyEncryptionAlgorithm } from 'xml-encryption'
import { selfSignedCertificate } from '../../src/lib/self-signed-certificate.ts'

// Responses of a SAML identity provider, built as text and really signed and encrypted: the way that institutions' software does it, and
// every way in which it should not.

export interface SamlPerson {
  readonly nameId: { readonly format: string; readonly value: string } | undefined
  /** Values by attribute name. */
  readonly attributes: Readonly<Record<string, readonly string[]>>
}

/** How an answer differs from the usual one: a signed assertion in a response without a signature. Times in seconds from now. */
export interface SamlAnswer {
  readonly sign?: 'assertion' | 'response' | 'both' | 'nothing'
  readonly key?: 'other'
  /** The certificate stands in the signature. */
  readonly bringsKey?: boolean
  readonly signatureAlgorithm?: string
  readonly digestAlgorithm?: string
  readonly encrypt?: { readonly data?: EncryptionAlgorithm; readonly key?: KeyEncryptionAlgorithm }
  readonly status?: readonly string[]
  readonly destination?: string | null
  readonly issuer?: string
  readonly responseIssuer?: string
  readonly inResponseTo?: string | null
  readonly confirmationInResponseTo?: string | null
  readonly recipient?: string
  readonly audience?: string | null
  readonly method?: string
  readonly issuedIn?: number
  readonly notBefore?: number
  readonly notOnOrAfter?: number
  readonly confirmedUntil?: number | null
  readonly signedInAt?: number
  readonly sessionUntil?: number
  readonly acr?: string
  readonly assertionId?: string
  readonly responseId?: string
  readonly friendlyNames?: Readonly<Record<string, string>>
  /** More conditions, in XML. */
  readonly conditions?: string
  /** The content of the NameID, in XML. */
  readonly nameIdXml?: string
  /** Changes the assertion before it is signed, or encrypted. */
  readonly before?: (assertion: string) => string
  /** Changes the whole response after everything. */
  readonly after?: (response: string) => string
}

export interface Asked {
  readonly id: string
  readonly acs: string
  readonly issuer: string
  readonly entityId: string
  readonly key: string
  readonly otherKey: string
  readonly person: SamlPerson
  readonly encryptFor: string | undefined
}

export interface Built {
  readonly xml: string
  /** The signed assertion, before it was encrypted. */
  readonly assertion: string
}

const NAMESPACES = 'xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"'
const C14N = 'http://www.w3.org/2001/10/xml-exc-c14n#'
export const SHA256 = { signatureAlgorithm: 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256', digestAlgorithm: 'http://www.w3.org/2001/04/xmlenc#sha256' }

export function xmlText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}

interface Algorithms {
  readonly signatureAlgorithm: string
  readonly digestAlgorithm: string
}

function at(seconds: number): string {
  return new Date(Date.now() + seconds * 1000).toISOString()
}

function maybe(name: string, value: string | null): string {
  return value === null ? '' : ` ${name}="${xmlText(value)}"`
}

/** Signs the element with that id, as its own child after the Issuer. */
export function signElement(xml: string, id: string, privateKey: string, { signatureAlgorithm, digestAlgorithm }: Algorithms = SHA256, certificate?: string): string {
  const content = certificate === undefined ? null : `<ds:X509Data><ds:X509Certificate>${certificate}</ds:X509Certificate></ds:X509Data>`
  const signed = new SignedXml({ privateKey, signatureAlgorithm, canonicalizationAlgorithm: C14N, getKeyInfoContent: () => content })
  signed.addReference({ xpath: `//*[@ID='${id}']`, transforms: ['http://www.w3.org/2000/09/xmldsig#enveloped-signature', C14N], digestAlgorithm })
  signed.computeSignature(xml, { prefix: 'ds', location: { reference: `//*[@ID='${id}']/*[local-name()='Issuer']`, action: 'after' } })
  return signed.getSignedXml()
}

function assertionOf({ id, acs, issuer, entityId, person }: Asked, answer: SamlAnswer, assertionId: string): string {
  const { nameId, attributes } = person
  const name = nameId === undefined ? '' : `<saml:NameID Format="${nameId.format}">${answer.nameIdXml ?? xmlText(nameId.value)}</saml:NameID>`
  const confirmedUntil = answer.confirmedUntil === null ? null : at(answer.confirmedUntil ?? 300)
  const audience = answer.audience === null ? '' : `<saml:AudienceRestriction><saml:Audience>${xmlText(answer.audience ?? issuer)}</saml:Audience></saml:AudienceRestriction>`
  const statements = Object.entries(attributes).map(([attribute, values]) => `<saml:Attribute Name="${xmlText(attribute)}" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:uri"${maybe('FriendlyName', answer.friendlyNames?.[attribute] ?? null)}>${values.map((value) => `<saml:AttributeValue>${xmlText(value)}</saml:AttributeValue>`).join('')}</saml:Attribute>`)
  return `<saml:Assertion ${NAMESPACES} ID="${assertionId}" Version="2.0" IssueInstant="${at(answer.issuedIn ?? 0)}"><saml:Issuer>${xmlText(answer.issuer ?? entityId)}</saml:Issuer>`
    + `<saml:Subject>${name}<saml:SubjectConfirmation Method="${answer.method ?? 'urn:oasis:names:tc:SAML:2.0:cm:bearer'}"><saml:SubjectConfirmationData${maybe('InResponseTo', answer.confirmationInResponseTo === undefined ? id : answer.confirmationInResponseTo)} Recipient="${xmlText(answer.recipient ?? acs)}"${maybe('NotOnOrAfter', confirmedUntil)}/></saml:SubjectConfirmation></saml:Subject>`
    + `<saml:Conditions NotBefore="${at(answer.notBefore ?? -5)}" NotOnOrAfter="${at(answer.notOnOrAfter ?? 300)}">${audience}${answer.conditions ?? ''}</saml:Conditions>`
    + `<saml:AuthnStatement AuthnInstant="${at(answer.signedInAt ?? 0)}" SessionIndex="s1"${maybe('SessionNotOnOrAfter', answer.sessionUntil === undefined ? null : at(answer.sessionUntil))}><saml:AuthnContext><saml:AuthnContextClassRef>${xmlText(answer.acr ?? 'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport')}</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>`
    + (statements.length === 0 ? '' : `<saml:AttributeStatement>${statements.join('')}</saml:AttributeStatement>`)
    + '</saml:Assertion>'
}

/** Encrypts an assertion for whoever has the certificate. */
export function encryptAssertion(assertion: string, certificate: string, { data, key }: NonNullable<SamlAnswer['encrypt']>): Promise<string> {
  const options: EncryptOptions = {
    rsa_pub: createPublicKey(certificate).export({ type: 'spki', format: 'pem' }).toString(),
    pem: certificate,
    encryptionAlgorithm: data ?? 'http://www.w3.org/2009/xmlenc11#aes256-gcm',
    keyEncryptionAlgorithm: key ?? 'http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p',
    warnInsecureAlgorithm: false,
  }
  return new Promise((resolve, reject) => {
    xmlEncryption.encrypt(assertion, options, (error, result) => (error === null || error === undefined ? resolve(`<saml:EncryptedAssertion ${NAMESPACES}>${result}</saml:EncryptedAssertion>`) : reject(error)))
  })
}

function statusOf(codes: readonly string[]): string {
  const [first, ...rest] = codes
  return first === undefined ? '' : `<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:${first}">${statusOf(rest)}</samlp:StatusCode>`
}

/** The response to a request. */
export async function buildResponse(asked: Asked, answer: SamlAnswer): Promise<Built> {
  const [assertionId, responseId] = [answer.assertionId ?? `_a${randomBytes(16).toString('hex')}`, answer.responseId ?? `_r${randomBytes(16).toString('hex')}`]
  const signs = answer.sign ?? 'assertion'
  const brought = answer.bringsKey === true ? selfSignedCertificate(createPrivateKey(answer.key === 'other' ? asked.otherKey : asked.key), 'brought', Date.now()) : undefined
  const key = answer.key === 'other' ? asked.otherKey : asked.key
  const algorithms = { signatureAlgorithm: answer.signatureAlgorithm ?? SHA256.signatureAlgorithm, digestAlgorithm: answer.digestAlgorithm ?? SHA256.digestAlgorithm }
  const unsigned = (answer.before ?? ((xml: string) => xml))(assertionOf(asked, answer, assertionId))
  const assertion = signs === 'assertion' || signs === 'both' ? signElement(unsigned, assertionId, key, algorithms, brought) : unsigned
  const status = answer.status ?? ['Success']
  const carried = status[0] !== 'Success' ? '' : answer.encrypt === undefined ? assertion : await encryptAssertion(assertion, asked.encryptFor ?? '', answer.encrypt)
  const inResponseTo = answer.inResponseTo === undefined ? asked.id : answer.inResponseTo
  const whole = `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ${NAMESPACES} ID="${responseId}" Version="2.0" IssueInstant="${at(answer.issuedIn ?? 0)}"${maybe('Destination', answer.destination === undefined ? asked.acs : answer.destination)}${maybe('InResponseTo', inResponseTo)}>`
    + `<saml:Issuer>${xmlText(answer.responseIssuer ?? asked.entityId)}</saml:Issuer><samlp:Status>${statusOf(status)}</samlp:Status>${carried}</samlp:Response>`
  const response = signs === 'response' || signs === 'both' ? signElement(whole, responseId, key, algorithms, brought) : whole
  return { xml: (answer.after ?? ((xml: string) => xml))(response), assertion }
}

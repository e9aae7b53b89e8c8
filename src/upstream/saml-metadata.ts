import { X509Certificate } from 'node:crypto'
import { canParseUrl } from '../lib/can-parse-url.ts'
import { childrenOf, parseXml, type XmlElement } from '../lib/xml.ts'
import type { SamlEntityFacts, SamlSignOn } from './saml-entities.ts'
import { DSIG, POST_BINDING, PROTOCOL, REDIRECT_BINDING } from './saml-names.ts'

// Owns what is read out of SAML metadata (SAML 2.0 Metadata; shibmd:Scope): an entity as plain facts, each checked and bounded, once, when
// the metadata came. Does not own where metadata comes from, nor whether the document is trusted: its reader has checked that.

export const METADATA = 'urn:oasis:names:tc:SAML:2.0:metadata'
const SHIBMD = 'urn:mace:shibboleth:metadata:1.0'
const BINDINGS: Readonly<Record<string, SamlSignOn['binding']>> = {
  [REDIRECT_BINDING]: 'redirect',
  [POST_BINDING]: 'post',
}

const LONGEST_ENTITY_ID = 1024
const LONGEST_ADDRESS = 2048
const MOST_CERTIFICATES = 10
const MOST_SCOPES = 200
const LEAST_MODULUS_BITS = 2048
const LONGEST_METADATA = 1024 * 1024

/** Why metadata was not taken, in words for the operator. */
export class SamlMetadataFault extends Error {}

export interface ReadMetadataOptions {
  /** Addresses on this machine may be http: only with the test switch. */
  readonly loopback: boolean
}

/** What a metadata document says of one identity provider. */
export interface ReadSamlEntity {
  readonly facts: SamlEntityFacts
  readonly validUntil: Date | undefined
  /** Seconds. */
  readonly cacheSeconds: number | undefined
}

function isAddress(text: string | undefined, { loopback }: ReadMetadataOptions): text is string {
  if (text === undefined || text.length > LONGEST_ADDRESS || !canParseUrl(text)) return false
  const { protocol, hostname, username, hash } = new URL(text)
  return username === '' && hash === '' && (protocol === 'https:' || (loopback && protocol === 'http:' && (hostname === '127.0.0.1' || hostname === 'localhost')))
}

/** A signing certificate that can be used: base64 of DER. Nothing for one that cannot be read or whose key is weak. */
function usableCertificate(text: string): string | undefined {
  const base64 = text.replaceAll(/\s+/g, '')
  if (base64.length > 16_384 || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return undefined
  try {
    const { asymmetricKeyType, asymmetricKeyDetails } = new X509Certificate(Buffer.from(base64, 'base64')).publicKey
    return asymmetricKeyType === 'rsa' && (asymmetricKeyDetails?.modulusLength ?? 0) >= LEAST_MODULUS_BITS ? base64 : undefined
  } catch {
    return undefined
  }
}

/** The signing certificates of a role: those for signing, and those whose use is not said (SAML 2.0 Metadata §2.4.1.1). */
function certificatesOf(role: XmlElement): readonly string[] {
  const keys = childrenOf(role, METADATA, 'KeyDescriptor').filter((key) => (key.attributes.get('use') ?? 'signing') === 'signing')
  const texts = keys.flatMap((key) => childrenOf(key, DSIG, 'KeyInfo').flatMap((info) => childrenOf(info, DSIG, 'X509Data').flatMap((data) => childrenOf(data, DSIG, 'X509Certificate').map((certificate) => certificate.text))))
  return [...new Set(texts.map(usableCertificate).filter((certificate) => certificate !== undefined))].slice(0, MOST_CERTIFICATES)
}

function signOnOf(role: XmlElement, options: ReadMetadataOptions): readonly SamlSignOn[] {
  return childrenOf(role, METADATA, 'SingleSignOnService').flatMap(({ attributes }) => {
    const binding = BINDINGS[attributes.get('Binding') ?? '']
    const location = attributes.get('Location')
    return binding !== undefined && isAddress(location, options) ? [{ binding, location }] : []
  })
}

function scopesOf(elements: readonly XmlElement[]): readonly string[] {
  const extensions = elements.flatMap((element) => childrenOf(element, METADATA, 'Extensions'))
  const scopes = extensions.flatMap((extension) => childrenOf(extension, SHIBMD, 'Scope')).filter((scope) => !['true', '1'].includes(scope.attributes.get('regexp') ?? ''))
  return [...new Set(scopes.map((scope) => scope.text.trim().toLowerCase()).filter((scope) => /^[a-z0-9.-]{1,253}$/.test(scope)))].slice(0, MOST_SCOPES)
}

function supportOf(entity: XmlElement, options: ReadMetadataOptions): string | undefined {
  const contacts = childrenOf(entity, METADATA, 'ContactPerson').filter((contact) => contact.attributes.get('contactType') === 'support')
  const mails = contacts.flatMap((contact) => childrenOf(contact, METADATA, 'EmailAddress')).map(({ text }) => `mailto:${text.trim().replace(/^mailto:/i, '')}`)
  const pages = childrenOf(entity, METADATA, 'Organization').flatMap((organization) => childrenOf(organization, METADATA, 'OrganizationURL')).map(({ text }) => text.trim())
  return mails.find((mail) => /^mailto:[^\s@?&]{1,64}@[a-z0-9.-]{1,253}$/i.test(mail)) ?? pages.find((page) => isAddress(page, options))
}

function isErrorAddress(text: string | undefined, options: ReadMetadataOptions): text is string {
  return isAddress(text?.replaceAll(/ERRORURL_[A-Z]+/g, 'x'), options)
}

const DURATION = /^P(?:(\d{1,4})Y)?(?:(\d{1,4})M)?(?:(\d{1,5})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,9})(?:\.\d+)?S)?)?$/

/** Seconds of an xs:duration; nothing for what is none. */
export function durationSeconds(text: string | undefined): number | undefined {
  const parts = text === undefined ? null : DURATION.exec(text)
  if (parts === null) return undefined
  const [years = 0, months = 0, days = 0, hours = 0, minutes = 0, seconds = 0] = parts.slice(1).map((part) => Number(part ?? 0))
  return (years * 365 + months * 30 + days) * 86_400 + hours * 3600 + minutes * 60 + seconds
}

/** The earliest end of validity of elements around and in each other; an unreadable one is over already. */
export function validUntilOf(elements: readonly Pick<XmlElement, 'attributes'>[]): Date | undefined {
  const times = elements.map(({ attributes }) => attributes.get('validUntil')).filter((text) => text !== undefined)
  return times.length === 0 ? undefined : new Date(Math.min(...times.map((text) => Date.parse(text) || 0)))
}

/** The facts of an EntityDescriptor; nothing when it is no SAML 2.0 identity provider. Throws SamlMetadataFault when it cannot be used. */
export function readSamlEntity(entity: XmlElement, options: ReadMetadataOptions): SamlEntityFacts | undefined {
  const role = childrenOf(entity, METADATA, 'IDPSSODescriptor').find(({ attributes }) => (attributes.get('protocolSupportEnumeration') ?? '').split(/\s+/).includes(PROTOCOL))
  if (entity.uri !== METADATA || entity.local !== 'EntityDescriptor' || role === undefined) return undefined
  const entityId = entity.attributes.get('entityID') ?? ''
  if (entityId === '' || entityId.length > LONGEST_ENTITY_ID) throw new SamlMetadataFault('the entity has no usable entityID')
  const signOn = signOnOf(role, options)
  if (signOn.length === 0) throw new SamlMetadataFault('the entity has no https SingleSignOnService with the redirect or the POST binding')
  const certificates = certificatesOf(role)
  if (certificates.length === 0) throw new SamlMetadataFault(`the entity has no signing certificate with an RSA key of ${LEAST_MODULUS_BITS} bits or more`)
  const errorUrl = role.attributes.get('errorURL')
  const support = supportOf(entity, options)
  return {
    entity_id: entityId,
    sign_on: signOn.slice(0, 10),
    certificates,
    name_id_formats: childrenOf(role, METADATA, 'NameIDFormat').map(({ text }) => text.trim()).filter((format) => format.length <= 200).slice(0, 20),
    want_authn_requests_signed: ['true', '1'].includes(role.attributes.get('WantAuthnRequestsSigned') ?? ''),
    scopes: scopesOf([entity, role]),
    ...(isErrorAddress(errorUrl, options) ? { error_url: errorUrl } : {}),
    ...(support === undefined ? {} : { support_url: support }),
  }
}

/**
 * Reads a metadata document of one identity provider, or of several of which `entityId` names one. Throws XmlFault or SamlMetadataFault.
 */
export function readSamlMetadata(text: string, entityId: string | undefined, options: ReadMetadataOptions): ReadSamlEntity {
  const root = parseXml(text, { longest: LONGEST_METADATA })
  const entities = root.local === 'EntitiesDescriptor' && root.uri === METADATA ? childrenOf(root, METADATA, 'EntityDescriptor') : [root]
  const wanted = entityId === undefined ? entities : entities.filter((entity) => entity.attributes.get('entityID') === entityId)
  const [entity, another] = wanted
  if (entity === undefined) throw new SamlMetadataFault('the metadata does not have that entity')
  if (another !== undefined) throw new SamlMetadataFault('the metadata has several entities: entity_id must name one')
  const facts = readSamlEntity(entity, options)
  if (facts === undefined) throw new SamlMetadataFault('the metadata is not that of a SAML 2.0 identity provider')
  const role = childrenOf(entity, METADATA, 'IDPSSODescriptor')
  const cache = [root, entity].map(({ attributes }) => durationSeconds(attributes.get('cacheDuration'))).filter((seconds) => seconds !== undefined)
  return { facts, validUntil: validUntilOf([root, entity, ...role]), cacheSeconds: cache.length === 0 ? undefined : Math.min(...cache) }
}

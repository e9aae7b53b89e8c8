import { SignedXml } from 'xml-crypto'
import type { Context } from '../context.ts'
import { escapeHtml } from '../lib/escape-html.ts'
import { randomBytes } from '../lib/random.ts'
import { ATTRIBUTE_NAMES } from './saml-attributes.ts'
import { listSamlKeys, type SamlKey } from './saml-keys.ts'
import { METADATA } from './saml-metadata.ts'
import { DSIG, ENVELOPED, EXCLUSIVE_C14N, PERSISTENT, POST_BINDING, PROTOCOL } from './saml-names.ts'
import { entityIdOf, type SamlSettings, serviceOf } from './saml-service.ts'

// Owns what we tell SAML providers of ourselves: who we are there, our keys, where answers come to, and what we ask of a person. Signed with
// our own key: whoever has it already sees that new metadata are from us.

/** What the encryption of an assertion for us may be done with, the best first. */
const ENCRYPTION = ['http://www.w3.org/2009/xmlenc11#aes256-gcm', 'http://www.w3.org/2009/xmlenc11#aes128-gcm', 'http://www.w3.org/2001/04/xmlenc#aes256-cbc', 'http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p']
/** How often the other side reads it again: a key's successor stands there for 30 days. */
const CACHE_DURATION = 'PT24H'

/** What a claim of ours is asked for by. */
const ASKED: Readonly<Record<string, string>> = { name: 'displayName', given_name: 'givenName', family_name: 'sn', email: 'mail', preferred_username: 'eduPersonPrincipalName', groups: 'isMemberOf' }

function keyDescriptor({ purpose, certificate }: SamlKey): string {
  const methods = purpose === 'encryption' ? ENCRYPTION.map((algorithm) => `<md:EncryptionMethod Algorithm="${algorithm}"/>`).join('') : ''
  return `<md:KeyDescriptor use="${purpose}"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>${certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>${methods}</md:KeyDescriptor>`
}

function requestedAttributes({ subject, required }: SamlSettings): string {
  const subjectName = subject === 'persistent' ? undefined : subject
  const names = [...(subjectName === undefined ? [] : [{ name: subjectName, isRequired: true }]), ...Object.entries(ASKED).map(([claim, name]) => ({ name, isRequired: required.some((one) => one === claim) }))]
  return names
    .map(({ name, isRequired }) => `<md:RequestedAttribute Name="${escapeHtml(ATTRIBUTE_NAMES[name] ?? name)}" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:uri" FriendlyName="${escapeHtml(name)}" isRequired="${isRequired}"/>`)
    .join('')
}

function sign(xml: string, { privateKey }: SamlKey): string {
  const signed = new SignedXml({ privateKey, signatureAlgorithm: 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256', canonicalizationAlgorithm: EXCLUSIVE_C14N })
  signed.addReference({ xpath: '/*', transforms: [ENVELOPED, EXCLUSIVE_C14N], digestAlgorithm: 'http://www.w3.org/2001/04/xmlenc#sha256' })
  signed.computeSignature(xml, { prefix: 'ds', location: { reference: '/*', action: 'prepend' } })
  return signed.getSignedXml()
}

/** Our metadata for one service. `acs`: where answers come to. */
export async function ownSamlMetadata(ctx: Context, settings: SamlSettings, acs: string): Promise<string> {
  const [signing, encryption] = await Promise.all([listSamlKeys(ctx, 'signing'), listSamlKeys(ctx, 'encryption')])
  const [signer, newest] = [signing[0], encryption.at(-1)]
  if (signer === undefined || newest === undefined) throw new Error('there are no SAML keys')
  const nameIdFormat = settings.subject === 'persistent' ? `<md:NameIDFormat>${PERSISTENT}</md:NameIDFormat>` : ''
  const xml = `<md:EntityDescriptor xmlns:md="${METADATA}" xmlns:ds="${DSIG}" ID="_${randomBytes(16).toString('hex')}" entityID="${escapeHtml(entityIdOf(ctx, serviceOf(settings)))}" cacheDuration="${CACHE_DURATION}">`
    + `<md:SPSSODescriptor protocolSupportEnumeration="${PROTOCOL}" AuthnRequestsSigned="true" WantAssertionsSigned="true">`
    + [...signing, newest].map(keyDescriptor).join('')
    + nameIdFormat
    + `<md:AssertionConsumerService Binding="${POST_BINDING}" Location="${escapeHtml(acs)}" index="0" isDefault="true"/>`
    + `<md:AttributeConsumingService index="0"><md:ServiceName xml:lang="en">${escapeHtml(new URL(ctx.config.issuer).hostname)}</md:ServiceName>${requestedAttributes(settings)}</md:AttributeConsumingService>`
    + '</md:SPSSODescriptor></md:EntityDescriptor>'
  return sign(xml, signer)
}

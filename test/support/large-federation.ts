import { createHash, sign } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { open, rm } from 'node:fs/promises'
import { once } from 'node:events'
import type { Signer } from './signed-metadata.ts'

// A federation's list of any size, written and signed as it goes. The text is canonical as it is written (exclusive canonicalisation: every
// namespace where it is used, attributes in order, no empty-element tags), so that no canonicaliser has to be believed to sign it.

const MD = 'urn:oasis:names:tc:SAML:2.0:metadata'
const DS = 'http://www.w3.org/2000/09/xmldsig#'
const UI = 'urn:oasis:names:tc:SAML:metadata:ui'
const LANGUAGES = ['en', 'no', 'de', 'fr', 'es', 'it'] as const

/** About 16 KB: as large as an entity of eduGAIN is, with two certificates, names and descriptions in six languages, and contacts. */
function entity(i: number, certificate: string, change: string): string {
  const host = `idp${i}.uni${i}.example`
  const lines = certificate.match(/.{1,64}/g)?.join('\n') ?? ''
  const key = (use: string): string => `<md:KeyDescriptor use="${use}">\n<ds:KeyInfo xmlns:ds="${DS}"><ds:X509Data><ds:X509Certificate>\n${lines}\n</ds:X509Certificate></ds:X509Data></ds:KeyInfo>\n</md:KeyDescriptor>\n`
  const texts = (name: string, text: (language: string) => string): string => LANGUAGES.map((language) => `<mdui:${name} xml:lang="${language}">${text(language)}</mdui:${name}>\n`).join('')
  const services = ['HTTP-Redirect', 'HTTP-POST', 'SOAP', 'HTTP-POST-SimpleSign'].map((binding) => `<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:${binding}" Location="https://${host}/idp/profile/SAML2/${binding}/SSO"></md:SingleSignOnService>\n`).join('')
  const contact = (type: string): string => `<md:ContactPerson contactType="${type}">\n<md:GivenName>Service desk of university ${i}</md:GivenName>\n<md:EmailAddress>mailto:${type}@${host}</md:EmailAddress>\n</md:ContactPerson>\n`
  const attributes = Array.from({ length: 10 }, (_value, n) => `<saml:AttributeValue>https://federation.example/category/number-${n}-of-those-that-an-entity-may-have</saml:AttributeValue>\n`).join('')
  return `<md:EntityDescriptor entityID="https://${host}/idp/shibboleth">
<md:Extensions>
<mdrpi:RegistrationInfo xmlns:mdrpi="urn:oasis:names:tc:SAML:metadata:rpi" registrationAuthority="https://federation.${['no', 'de', 'fr', 'fi', 'se'][i % 5]}" registrationInstant="2020-01-01T00:00:00Z"></mdrpi:RegistrationInfo>
<mdattr:EntityAttributes xmlns:mdattr="urn:oasis:names:tc:SAML:metadata:attribute">
<saml:Attribute xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" Name="http://macedir.org/entity-category-support" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:uri">
${attributes}</saml:Attribute>
</mdattr:EntityAttributes>
</md:Extensions>
<md:IDPSSODescriptor errorURL="https://${host}/error?code=ERRORURL_CODE" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
<md:Extensions>
<shibmd:Scope xmlns:shibmd="urn:mace:shibboleth:metadata:1.0" regexp="false">uni${i}.example</shibmd:Scope>
<mdui:UIInfo xmlns:mdui="${UI}">
${texts('DisplayName', (language) => `University number ${i}${change} of the town in ${language}`)}${texts('Description', (language) => `A text in ${language} that says what university ${i} is, as long as such texts are in the metadata of federations. `.repeat(3))}${texts('PrivacyStatementURL', (language) => `https://www.uni${i}.example/${language}/privacy`)}<mdui:Logo height="64" width="64">https://static.federation.example/logos/uni${i}.png</mdui:Logo>
</mdui:UIInfo>
</md:Extensions>
${key('signing')}${key('encryption')}<md:NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:transient</md:NameIDFormat>
${services}</md:IDPSSODescriptor>
<md:AttributeAuthorityDescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
${key('signing')}<md:AttributeService Binding="urn:oasis:names:tc:SAML:2.0:bindings:SOAP" Location="https://${host}/idp/profile/SAML2/SOAP/AttributeQuery"></md:AttributeService>
</md:AttributeAuthorityDescriptor>
<md:Organization>
${LANGUAGES.map((language) => `<md:OrganizationDisplayName xml:lang="${language}">University ${i}</md:OrganizationDisplayName>\n`).join('')}</md:Organization>
${['technical', 'support', 'administrative'].map(contact).join('')}</md:EntityDescriptor>
`
}

export interface LargeFederation {
  readonly file: string
  readonly entities: number
  readonly signer: Signer
  readonly validUntil: Date
  /** Entities with these numbers are called differently. */
  readonly changed?: ReadonlySet<number>
}

/** Writes a signed list of so many identity providers. Returns its size in bytes. */
export async function writeLargeFederation({ file, entities, signer, validUntil, changed }: LargeFederation): Promise<number> {
  const hash = createHash('sha256')
  const start = `<md:EntitiesDescriptor xmlns:md="${MD}" ID="_list" Name="https://federation.example" cacheDuration="PT6H" validUntil="${validUntil.toISOString()}">`
  hash.update(start)
  // The signature stands in front of what it signs: the rest waits in a file of its own.
  const body = createWriteStream(`${file}.body`)
  for (let i = 0; i < entities; i++) {
    const text = entity(i, signer.base64, changed?.has(i) === true ? ' (new)' : '')
    hash.update(text)
    if (!body.write(text)) await once(body, 'drain')
  }
  const end = '</md:EntitiesDescriptor>'
  hash.update(end)
  body.end(end)
  await once(body, 'close')
  const reference = `<ds:Reference URI="#_list"><ds:Transforms><ds:Transform Algorithm="${DS}enveloped-signature"></ds:Transform><ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"></ds:Transform></ds:Transforms><ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></ds:DigestMethod><ds:DigestValue>${hash.digest('base64')}</ds:DigestValue></ds:Reference>`
  const signedInfo = `<ds:SignedInfo xmlns:ds="${DS}"><ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"></ds:CanonicalizationMethod><ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"></ds:SignatureMethod>${reference}</ds:SignedInfo>`
  const signature = `<ds:Signature xmlns:ds="${DS}">${signedInfo.replace(` xmlns:ds="${DS}"`, '')}<ds:SignatureValue>${sign('sha256', Buffer.from(signedInfo), signer.privateKey).toString('base64')}</ds:SignatureValue></ds:Signature>`
  return join(file, `<?xml version="1.0" encoding="UTF-8"?>\n${start}${signature}`)
}

async function join(file: string, head: string): Promise<number> {
  await rm(file, { force: true })
  const [to, from] = [await open(file, 'w'), await open(`${file}.body`)]
  let size = (await to.write(head)).bytesWritten
  for await (const chunk of from.createReadStream()) size += (await to.write(chunk as Uint8Array)).bytesWritten
  await to.close()
  await rm(`${file}.body`)
  return size
}

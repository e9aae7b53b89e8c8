import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createSigner, signDocument, type Signer, type SigningOptions } from './signed-metadata.ts'

// A federation, as far as a service sees one: an address with signed metadata of its institutions.

export interface Institution {
  readonly entityId: string
  /** By language. */
  readonly names?: Readonly<Record<string, string>>
  readonly organizationNames?: Readonly<Record<string, string>>
  readonly keywords?: string
  readonly scopes?: readonly string[]
  readonly domainHints?: readonly string[]
  readonly registrar?: string
  readonly location?: string
  readonly errorUrl?: string
  readonly hidden?: boolean
  readonly logos?: readonly { readonly url: string; readonly width: number; readonly height: number }[]
  readonly validUntil?: string
  /** DER in base64. */
  readonly certificate?: string
  /** Instead of an identity provider. */
  readonly service?: true
}

const keyholder = createSigner()

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}

function inLanguages(element: string, texts: Readonly<Record<string, string>> = {}): string {
  return Object.entries(texts).map(([language, text]) => `<${element} xml:lang="${language}">${escape(text)}</${element}>`).join('')
}

function entityAttributes(hidden: boolean): string {
  if (!hidden) return ''
  return `<mdattr:EntityAttributes xmlns:mdattr="urn:oasis:names:tc:SAML:metadata:attribute"><saml:Attribute xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" Name="http://macedir.org/entity-category" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:uri"><saml:AttributeValue>http://refeds.org/category/hide-from-discovery</saml:AttributeValue></saml:Attribute></mdattr:EntityAttributes>`
}

function roleOf(institution: Institution): string {
  const { entityId, names, keywords, scopes = [], domainHints = [], logos = [], errorUrl } = institution
  if (institution.service === true) return `<md:SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="${escape(entityId)}/acs" index="0"/></md:SPSSODescriptor>`
  const logo = logos.map(({ url, width, height }) => `<mdui:Logo width="${width}" height="${height}">${escape(url)}</mdui:Logo>`).join('')
  const words = keywords === undefined ? '' : `<mdui:Keywords xml:lang="en">${escape(keywords)}</mdui:Keywords>`
  const hints = domainHints.length === 0 ? '' : `<mdui:DiscoHints xmlns:mdui="urn:oasis:names:tc:SAML:metadata:ui">${domainHints.map((hint) => `<mdui:DomainHint>${hint}</mdui:DomainHint>`).join('')}</mdui:DiscoHints>`
  return `<md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"${errorUrl === undefined ? '' : ` errorURL="${escape(errorUrl)}"`}>
    <md:Extensions>${scopes.map((scope) => `<shibmd:Scope xmlns:shibmd="urn:mace:shibboleth:metadata:1.0" regexp="false">${scope}</shibmd:Scope>`).join('')}<mdui:UIInfo xmlns:mdui="urn:oasis:names:tc:SAML:metadata:ui">${inLanguages('mdui:DisplayName', names)}${words}${logo}</mdui:UIInfo>${hints}</md:Extensions>
    <md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>${institution.certificate ?? keyholder.base64}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>
    <md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="${escape(institution.location ?? `${entityId}/sso`)}"/>
  </md:IDPSSODescriptor>`
}

/** An institution as an EntityDescriptor. */
export function entityXml(institution: Institution): string {
  const { entityId, registrar = 'https://federation.example', hidden = false, organizationNames, validUntil } = institution
  const organization = organizationNames === undefined ? '' : `<md:Organization>${inLanguages('md:OrganizationName', organizationNames)}${inLanguages('md:OrganizationDisplayName', organizationNames)}<md:OrganizationURL xml:lang="en">https://www.example</md:OrganizationURL></md:Organization>`
  return `<md:EntityDescriptor entityID="${escape(entityId)}"${validUntil === undefined ? '' : ` validUntil="${validUntil}"`}>
  <md:Extensions><mdrpi:RegistrationInfo xmlns:mdrpi="urn:oasis:names:tc:SAML:metadata:rpi" registrationAuthority="${escape(registrar)}"/>${entityAttributes(hidden)}</md:Extensions>
  ${roleOf(institution)}
  ${organization}
</md:EntityDescriptor>`
}

export interface Publication {
  readonly validUntil?: string | undefined
  readonly cacheDuration?: string
  /** When the operator made it (mdrpi:PublicationInfo). */
  readonly published?: string
}

/** The list, not signed. */
export function aggregateXml(entities: readonly string[], { validUntil, cacheDuration = 'PT6H', published }: Publication): string {
  const extensions = published === undefined ? '' : `<md:Extensions><mdrpi:PublicationInfo xmlns:mdrpi="urn:oasis:names:tc:SAML:metadata:rpi" publisher="https://federation.example" creationInstant="${published}"/></md:Extensions>`
  return `<?xml version="1.0" encoding="UTF-8"?>
<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" ID="_list"${validUntil === undefined ? '' : ` validUntil="${validUntil}"`} cacheDuration="${cacheDuration}" Name="https://federation.example">${extensions}
${entities.join('\n')}
</md:EntitiesDescriptor>`
}

export interface FederationServer {
  readonly url: string
  readonly signer: Signer
  /** Requests for the metadata, in order. */
  readonly requests: IncomingMessage['headers'][]
  /** What is answered from now on. */
  publish(xml: string): void
  /** Signs a list of institutions and answers with it. */
  publishList(institutions: readonly Institution[], publication: Publication, options?: SigningOptions): void
  /** Answers so, whatever is asked. */
  answer(status: number, body?: string, headers?: Readonly<Record<string, string>>): void
  close(): Promise<void>
}

/** A federation at an address of this machine. */
export async function startFederation(): Promise<FederationServer> {
  const signer = createSigner()
  const requests: IncomingMessage['headers'][] = []
  let answer: { status: number; body: string; headers: Readonly<Record<string, string>> } = { status: 404, body: '', headers: {} }
  let version = 0
  const server: Server = createServer((request, response) => {
    requests.push(request.headers)
    const { etag } = answer.headers
    if (etag !== undefined && request.headers['if-none-match'] === etag) return response.writeHead(304, answer.headers).end()
    return response.writeHead(answer.status, answer.headers).end(answer.body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const publish = (xml: string): void => {
    answer = { status: 200, body: xml, headers: { 'content-type': 'application/samlmetadata+xml', etag: `"v${++version}"` } }
  }
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/metadata.xml`,
    signer,
    requests,
    publish,
    publishList: (institutions, publication, options) => publish(signDocument(aggregateXml(institutions.map(entityXml), publication), signer, options)),
    answer: (status, body = '', headers = {}) => void (answer = { status, body, headers }),
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** The declaration of a federation that is served so. */
export function federationYaml(federation: FederationServer, more = ''): string {
  return `kind: provider
provider_id: testfed
protocol: saml_federation
name: { en: Test Federation }
metadata_url: ${federation.url}
signing_certificate: |
${federation.signer.certificate.trim().split('\n').map((line) => `  ${line}`).join('\n')}
${more}`
}

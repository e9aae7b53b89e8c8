import { createPrivateKey, createPublicKey, createVerify, generateKeyPairSync, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { inflateRawSync } from 'node:zlib'
import { SignedXml } from 'xml-crypto'
import { selfSignedCertificate } from '../../src/lib/self-signed-certificate.ts'
import { type Built, buildResponse, type SamlAnswer, type SamlPerson } from './saml-response.ts'

// A SAML identity provider of the other side, small and real: metadata, single sign-on by redirect and by POST, answers by POST, over HTTP.
// It checks the signatures of requests, asks nobody anything (who signs in is set by the test), and can be told to answer in every wrong way.

export interface SamlRequest {
  readonly id: string
  readonly acs: string
  readonly issuer: string
  readonly destination: string
  readonly forceAuthn: boolean
  readonly contexts: readonly string[]
  readonly nameIdFormat: string | undefined
  readonly binding: 'redirect' | 'post'
  readonly relayState: string
  /** The signature verifies with the key of our metadata. */
  readonly isSigned: boolean
}

/** What the provider's page posts, and where. */
export interface PostedAnswer {
  readonly action: string
  readonly fields: Readonly<Record<string, string>>
}

export interface UpstreamSaml {
  readonly entityId: string
  readonly metadataUrl: string
  person: SamlPerson
  /** How the next answers are. */
  answer: SamlAnswer
  /** Changes the text of the metadata. */
  metadata: (xml: string) => string
  /** The metadata never come, or with this status. */
  metadataFault: 'hang' | number | undefined
  bindings: readonly ('redirect' | 'post')[]
  /** Its page stands at another origin than the one that requests go to. */
  elsewhere: boolean
  /** Our metadata, as it knows us by. */
  trusted: string
  readonly asked: SamlRequest[]
  /** Fetches for the metadata. */
  hits: number
  /** The answer to a browser that was sent here by redirect. */
  visit(url: string): Promise<PostedAnswer>
  /** The answer to a browser that posted a form of ours here. */
  visitByPost(fields: Readonly<Record<string, string>>): Promise<PostedAnswer>
  /** An answer to a request of anybody's making. */
  answerTo(request: Pick<SamlRequest, 'id' | 'acs' | 'issuer'>, changes?: SamlAnswer): Promise<Built>
  close(): Promise<void>
}

interface KeyMaterial {
  readonly privateKey: string
  readonly certificate: string
}

let made: { readonly own: KeyMaterial; readonly other: KeyMaterial } | undefined

function newKey(name: string): KeyMaterial {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  return { privateKey: pem, certificate: selfSignedCertificate(createPrivateKey(pem), name, Date.now()) }
}

function pemOf(certificate: string): string {
  return `-----BEGIN CERTIFICATE-----\n${certificate.replaceAll(/(.{64})/g, '$1\n')}\n-----END CERTIFICATE-----\n`
}

function attribute(xml: string, name: string): string {
  return new RegExp(`\\s${name}="([^"]*)"`).exec(xml)?.[1] ?? ''
}

async function bodyOf(request: IncomingMessage): Promise<URLSearchParams> {
  let text = ''
  for await (const chunk of request) text += String(chunk)
  return new URLSearchParams(text)
}

/** The certificates of a use in metadata of ours. */
export function certificatesIn(metadata: string, use: 'signing' | 'encryption'): readonly string[] {
  return [...metadata.matchAll(/<md:KeyDescriptor use="(\w+)">[\s\S]*?<ds:X509Certificate>([^<]+)</g)].filter((match) => match[1] === use).map((match) => match[2] ?? '')
}

function isQuerySigned(url: URL, metadata: string): boolean {
  const part = (name: string): string => (url.search.slice(1).split('&').find((pair) => pair.startsWith(`${name}=`)) ?? '')
  const signed = [part('SAMLRequest'), part('RelayState'), part('SigAlg')].join('&')
  const signature = Buffer.from(url.searchParams.get('Signature') ?? '', 'base64')
  if (url.searchParams.get('SigAlg') !== 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256') return false
  return certificatesIn(metadata, 'signing').some((certificate) => createVerify('RSA-SHA256').update(signed).verify(createPublicKey(pemOf(certificate)), signature))
}

function isXmlSigned(xml: string, metadata: string): boolean {
  const signature = /<(?:ds:)?Signature[\s>][\s\S]*<\/(?:ds:)?Signature>/.exec(xml)?.[0]
  return signature !== undefined && certificatesIn(metadata, 'signing').some((certificate) => {
    const signed = new SignedXml({ publicCert: pemOf(certificate) })
    signed.loadSignature(signature)
    return signed.checkSignature(xml) && signed.getSignedReferences().length === 1
  })
}

function html(response: ServerResponse, { action, fields }: PostedAnswer): void {
  const inputs = Object.entries(fields).map(([name, value]) => `<input type="hidden" name="${name}" value="${value}">`).join('')
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(`<!doctype html><html lang="en"><title>The institution</title><link rel="icon" href="data:,"><h1>Signed in at the institution</h1><form method="post" action="${action}">${inputs}<button id="go-on">Go on</button></form>`)
}

/** The declaration of such a provider. */
export function samlYaml(upstream: UpstreamSaml, id: string, more = ''): string {
  return `
kind: provider
provider_id: ${id}
protocol: saml
name: { en: University of ${id} }
organization: ntu
metadata_url: ${upstream.metadataUrl}
${more}
`
}

export async function startSamlUpstream(): Promise<UpstreamSaml> {
  made ??= { own: newKey('idp.example'), other: newKey('idp.example') }
  const { own, other } = made
  const server = createServer((request, response) => {
    void serve(request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve))
  const address = server.address()
  const origin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
  let waiting: PostedAnswer | undefined
  const entityId = `https://idp-${origin.slice(-5)}.example/idp`

  function metadata(): string {
    const services = upstream.bindings.map((binding) => `<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-${binding === 'post' ? 'POST' : 'Redirect'}" Location="${origin}/sso"/>`).join('')
    return `<?xml version="1.0" encoding="UTF-8"?>
<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="${entityId}"><!-- of a test -->
<md:IDPSSODescriptor WantAuthnRequestsSigned="true" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol" errorURL="https://help.idp.example/error?code=ERRORURL_CODE&amp;ts=ERRORURL_TS&amp;rp=ERRORURL_RP&amp;tid=ERRORURL_TID&amp;ctx=ERRORURL_CTX">
<md:Extensions><shibmd:Scope xmlns:shibmd="urn:mace:shibboleth:metadata:1.0" regexp="false">idp.example</shibmd:Scope></md:Extensions>
<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>
${own.certificate.replaceAll(/(.{64})/g, '$1\n')}
</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>
${services}
</md:IDPSSODescriptor>
<md:ContactPerson contactType="support"><md:EmailAddress>mailto:help@idp.example</md:EmailAddress></md:ContactPerson>
</md:EntityDescriptor>`
  }

  function answerTo(request: Pick<SamlRequest, 'id' | 'acs' | 'issuer'>, changes: SamlAnswer = {}): Promise<Built> {
    const [encryptFor] = certificatesIn(upstream.trusted, 'encryption').slice(-1)
    return buildResponse({ ...request, entityId, key: own.privateKey, otherKey: other.privateKey, person: upstream.person, encryptFor: encryptFor === undefined ? undefined : pemOf(encryptFor) }, { ...upstream.answer, ...changes })
  }

  async function receive(xml: string, relayState: string, binding: SamlRequest['binding'], isSigned: boolean): Promise<PostedAnswer> {
    const request: SamlRequest = {
      id: attribute(xml, 'ID'),
      acs: attribute(xml, 'AssertionConsumerServiceURL'),
      issuer: /<(?:saml:)?Issuer[^>]*>([^<]+)</.exec(xml)?.[1] ?? '',
      destination: attribute(xml, 'Destination'),
      forceAuthn: attribute(xml, 'ForceAuthn') === 'true',
      contexts: [...xml.matchAll(/AuthnContextClassRef[^>]*>([^<]+)</g)].map((match) => match[1] ?? ''),
      nameIdFormat: /<samlp:NameIDPolicy[^>]*\sFormat="([^"]+)"/.exec(xml)?.[1],
      binding,
      relayState,
      isSigned,
    }
    upstream.asked.push(request)
    const { xml: answer } = await answerTo(request)
    return { action: request.acs, fields: { SAMLResponse: Buffer.from(answer).toString('base64'), RelayState: relayState } }
  }

  function receiveRedirect(url: URL): Promise<PostedAnswer> {
    const xml = inflateRawSync(Buffer.from(url.searchParams.get('SAMLRequest') ?? '', 'base64')).toString('utf8')
    return receive(xml, url.searchParams.get('RelayState') ?? '', 'redirect', isQuerySigned(url, upstream.trusted))
  }

  function receivePost(form: URLSearchParams): Promise<PostedAnswer> {
    const xml = Buffer.from(form.get('SAMLRequest') ?? '', 'base64').toString('utf8')
    return receive(xml, form.get('RelayState') ?? '', 'post', isXmlSigned(xml, upstream.trusted))
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', origin)
    if (url.pathname === '/metadata') {
      upstream.hits++
      if (upstream.metadataFault === 'hang') return
      const body = upstream.metadata(metadata())
      const tag = `"${Buffer.from(body).length}-${body.includes(own.certificate.slice(0, 40))}"`
      if (upstream.metadataFault === undefined && request.headers['if-none-match'] === tag) return void response.writeHead(304).end()
      return void response.writeHead(upstream.metadataFault ?? 200, { 'content-type': 'application/samlmetadata+xml', etag: tag }).end(body)
    }
    if (url.pathname === '/sso') {
      const answer = await (request.method === 'POST' ? receivePost(await bodyOf(request)) : receiveRedirect(url))
      if (!upstream.elsewhere) return html(response, answer)
      waiting = answer
      return void response.writeHead(303, { location: `${origin.replace('127.0.0.1', '127.0.0.2')}/page` }).end()
    }
    if (url.pathname === '/page' && waiting !== undefined) return html(response, waiting)
    response.writeHead(404).end()
  }

  const upstream: UpstreamSaml = {
    entityId,
    metadataUrl: `${origin}/metadata`,
    person: {
      nameId: { format: 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent', value: `p-${randomBytes(8).toString('hex')}` },
      attributes: {
        'urn:oid:2.16.840.1.113730.3.1.241': ['Ada Institution'],
        'urn:oid:0.9.2342.19200300.100.1.3': ['ada@idp.example'],
        'urn:oid:1.3.6.1.4.1.5923.1.1.1.6': ['ada@idp.example'],
        'urn:oid:1.3.6.1.4.1.5923.1.5.1.1': ['staff', 'physics'],
      },
    },
    answer: {},
    metadata: (xml) => xml,
    metadataFault: undefined,
    bindings: ['post', 'redirect'],
    elsewhere: false,
    trusted: '',
    asked: [],
    hits: 0,
    visit: (url) => receiveRedirect(new URL(url)),
    visitByPost: (fields) => receivePost(new URLSearchParams(fields)),
    answerTo,
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return upstream
}

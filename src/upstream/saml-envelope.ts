import { childrenOf, everyElement, parseXml, type XmlElement, XmlFault } from '../lib/xml.ts'
import { DATA_ENCRYPTION, KEY_ENCRYPTION } from './saml-decryption.ts'
import { samlFailure } from './saml-failure.ts'
import { ASSERTION, DSIG, ENVELOPED, EXCLUSIVE_C14N, PROTOCOL, XMLENC } from './saml-names.ts'

// Owns what a response must look like before anything of it is verified, decrypted or believed: plain XML, one assertion, each id once,
// signatures only where they belong and of what they stand in, algorithms that hold. Nearly every attack on SAML needs a second place for
// something of which there is one; here there is none. It says nothing of who signed (saml-response.ts) nor of what is said.

/** Decoded. Real responses have a tenth of it. */
const LARGEST_BYTES = 256 * 1024
/** The libraries take time with the square of it, on the thread that answers everybody. A person in a thousand groups has 1,100. */
const MOST_ELEMENTS = 2500
const LARGEST_BASE64 = Math.ceil(LARGEST_BYTES / 3) * 4

const C14N = new Set([EXCLUSIVE_C14N, 'http://www.w3.org/TR/2001/REC-xml-c14n-20010315'])
const SIGNATURE_METHODS = new Set(['http://www.w3.org/2001/04/xmldsig-more#rsa-sha256', 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha512', 'http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1'])
const DIGEST_METHODS = new Set(['http://www.w3.org/2001/04/xmlenc#sha256', 'http://www.w3.org/2001/04/xmlenc#sha512'])
/** Of OAEP: where none is named it is this one. It hashes nothing that anybody chooses. */
const OAEP_DIGEST = 'http://www.w3.org/2000/09/xmldsig#sha1'
const ID_NAMES = ['ID', 'Id', 'id', '{http://www.w3.org/XML/1998/namespace}id']

const NOT_PLAIN: ReadonlySet<string> = new Set(['document type', 'comment', 'processing instruction', 'encoding'])

/** What came, as text: base64 of UTF-8 and nothing else. Throws UpstreamFailure. */
export function decodeResponse(base64: string): string {
  const compact = base64.replaceAll(/[\r\n\t ]/g, '')
  if (compact.length > LARGEST_BASE64) throw samlFailure('too large')
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(compact)) throw samlFailure('unreadable')
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(compact, 'base64'))
  } catch {
    throw samlFailure('unreadable')
  }
}

/** Reads text that a signature may count for. Throws UpstreamFailure. */
export function readPlain(text: string): XmlElement {
  try {
    return parseXml(text, { longest: LARGEST_BYTES, plain: true, most: MOST_ELEMENTS })
  } catch (error) {
    if (error instanceof XmlFault) throw samlFailure(NOT_PLAIN.has(error.message) ? 'not plain xml' : error.message === 'too many elements' ? 'too large' : 'unreadable')
    throw error
  }
}

function algorithmOf(element: XmlElement | undefined): string {
  return element?.attributes.get('Algorithm') ?? ''
}

/** The one child of that name. */
function only(element: XmlElement, uri: string, local: string): XmlElement {
  const [child, another] = childrenOf(element, uri, local)
  if (child === undefined || another !== undefined) throw samlFailure('shape')
  return child
}

// A signature of the element that it stands in, whole, and of nothing else.
function requireSignatureOf(parent: XmlElement, signature: XmlElement): void {
  if (childrenOf(signature, DSIG, 'Object').length > 0) throw samlFailure('shape')
  const info = only(signature, DSIG, 'SignedInfo')
  const reference = only(info, DSIG, 'Reference')
  const id = parent.attributes.get('ID') ?? ''
  if (id === '' || reference.attributes.get('URI') !== `#${id}`) throw samlFailure('shape')
  const transforms = childrenOf(only(reference, DSIG, 'Transforms'), DSIG, 'Transform').map(algorithmOf)
  if (transforms.filter((transform) => transform === ENVELOPED).length !== 1 || transforms.some((transform) => transform !== ENVELOPED && !C14N.has(transform))) throw samlFailure('algorithm')
  const isStrong = C14N.has(algorithmOf(only(info, DSIG, 'CanonicalizationMethod'))) && SIGNATURE_METHODS.has(algorithmOf(only(info, DSIG, 'SignatureMethod'))) && DIGEST_METHODS.has(algorithmOf(only(reference, DSIG, 'DigestMethod')))
  if (!isStrong) throw samlFailure('algorithm')
}

function requireIdsOnce(all: readonly XmlElement[]): void {
  const ids = all.flatMap((element) => ID_NAMES.map((name) => element.attributes.get(name)).filter((id) => id !== undefined))
  if (new Set(ids).size !== ids.length) throw samlFailure('shape')
}

// Counted everywhere, found only in the places there are for them.
function requireSignaturesInPlace(all: readonly XmlElement[], places: readonly XmlElement[]): void {
  const found = places.flatMap((place) => {
    const [signature, another] = childrenOf(place, DSIG, 'Signature')
    if (another !== undefined) throw samlFailure('shape')
    return signature === undefined ? [] : [{ place, signature }]
  })
  if (all.filter(({ local }) => local === 'Signature').length !== found.length) throw samlFailure('shape')
  for (const { place, signature } of found) requireSignatureOf(place, signature)
}

function requireStrongEncryption(all: readonly XmlElement[]): void {
  const [data, otherData] = all.filter(({ uri, local }) => uri === XMLENC && local === 'EncryptedData')
  const [key, otherKey] = all.filter(({ uri, local }) => uri === XMLENC && local === 'EncryptedKey')
  if (data === undefined || key === undefined || otherData !== undefined || otherKey !== undefined) throw samlFailure('shape')
  const keyMethod = only(key, XMLENC, 'EncryptionMethod')
  const isKnown = DATA_ENCRYPTION.has(algorithmOf(only(data, XMLENC, 'EncryptionMethod'))) && algorithmOf(keyMethod) === KEY_ENCRYPTION
  if (!isKnown || childrenOf(keyMethod, DSIG, 'DigestMethod').some((digest) => algorithmOf(digest) !== OAEP_DIGEST)) throw samlFailure('algorithm')
}

function isAssertion({ local }: XmlElement): boolean {
  return local === 'Assertion' || local === 'EncryptedAssertion'
}

/** A response of the right shape; returns its assertion if that is encrypted. Throws UpstreamFailure. */
export function requireResponseShape(response: XmlElement): XmlElement | undefined {
  const all = [...everyElement(response)]
  if (response.uri !== PROTOCOL || response.local !== 'Response' || response.attributes.get('Version') !== '2.0') throw samlFailure('shape')
  requireIdsOnce(all)
  const [plain, encrypted] = [childrenOf(response, ASSERTION, 'Assertion'), childrenOf(response, ASSERTION, 'EncryptedAssertion')]
  if (all.filter(isAssertion).length !== 1 || plain.length + encrypted.length !== 1) throw samlFailure('shape')
  requireSignaturesInPlace(all, [response, ...plain])
  if (encrypted.length === 1) requireStrongEncryption(all)
  return encrypted[0]
}

/** An assertion of the right shape, as it came out of its encryption. Throws UpstreamFailure. */
export function requireAssertionShape(assertion: XmlElement): void {
  const all = [...everyElement(assertion)]
  if (assertion.uri !== ASSERTION || assertion.local !== 'Assertion' || all.filter(isAssertion).length !== 1) throw samlFailure('shape')
  requireIdsOnce(all)
  requireSignaturesInPlace(all, [assertion])
}

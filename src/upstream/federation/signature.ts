import { type KeyObject, verify } from 'node:crypto'
import type { SaxesTagNS } from 'saxes'
import { canonicaliser, type Canonicaliser } from './canonical.ts'
import { MetadataRefused } from './refusal.ts'

// Owns what an XML signature over a whole document may look like (XML-DSig core §4): one reference, to the document element; the
// transforms enveloped-signature and exclusive canonicalisation without comments; SHA-256 or better. All else is refused, also where the
// specification allows it: every freedom of a signature is one of a forger.

export const SIGNATURE_NAMESPACE = 'http://www.w3.org/2000/09/xmldsig#'
const EXCLUSIVE = 'http://www.w3.org/2001/10/xml-exc-c14n#'
const ENVELOPED = `${SIGNATURE_NAMESPACE}enveloped-signature`

const DIGESTS: ReadonlyMap<string, string> = new Map([
  ['http://www.w3.org/2001/04/xmlenc#sha256', 'sha256'],
  ['http://www.w3.org/2001/04/xmldsig-more#sha384', 'sha384'],
  ['http://www.w3.org/2001/04/xmlenc#sha512', 'sha512'],
])

const SIGNATURES: ReadonlyMap<string, { readonly key: 'rsa' | 'ec'; readonly hash: string }> = new Map(
  (['rsa', 'ec'] as const).flatMap((key) =>
    ['sha256', 'sha384', 'sha512'].map((hash) => [`http://www.w3.org/2001/04/xmldsig-more#${key === 'ec' ? 'ecdsa' : key}-${hash}`, { key, hash }] as const),
  ),
)

/** A small part of a document as a tree. */
export interface XmlElement {
  readonly tag: SaxesTagNS
  readonly children: (XmlElement | string)[]
}

/** What a valid signature says of the document that it covers. */
export interface CoveredDocument {
  /** For node:crypto. */
  readonly hash: string
  readonly digest: Buffer
  /** The InclusiveNamespaces list of its canonicalisation. */
  readonly inclusive: readonly string[]
}

function refuse(what: string): never {
  throw new MetadataRefused(`the signature ${what}`)
}

function elements(parent: XmlElement, names: readonly string[]): readonly XmlElement[] {
  const found: XmlElement[] = []
  for (const child of parent.children) {
    if (typeof child !== 'string') found.push(child)
    else if (child.trim() !== '') refuse('has text where none belongs')
  }
  if (found.length !== names.length || found.some(({ tag }, i) => tag.uri !== SIGNATURE_NAMESPACE || tag.local !== names[i])) refuse(`is not made of ${names.join(', ')}`)
  return found
}

function algorithm({ tag }: XmlElement): string {
  return tag.attributes['Algorithm']?.value ?? ''
}

function bytes(element: XmlElement | undefined): Buffer {
  const text = element?.children.map((child) => (typeof child === 'string' ? child : refuse('has elements where none belong'))).join('').replaceAll(/\s/g, '') ?? ''
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) refuse('has a value that is not base64')
  return Buffer.from(text, 'base64')
}

// Exclusive canonicalisation, and nothing within it but a list of prefixes.
function inclusivePrefixes(method: XmlElement): readonly string[] {
  if (algorithm(method) !== EXCLUSIVE) refuse('uses another canonicalisation than the exclusive one without comments')
  const lists = method.children.filter((child) => typeof child !== 'string')
  const [list] = lists
  if (list === undefined) return []
  if (lists.length > 1 || list.tag.uri !== EXCLUSIVE || list.tag.local !== 'InclusiveNamespaces') refuse('has something odd in its canonicalisation')
  const prefixes = (list.tag.attributes['PrefixList']?.value ?? '').split(/\s+/).filter((prefix) => prefix !== '')
  return prefixes.map((prefix) => (prefix === '#default' ? '' : prefix))
}

function canonical(element: XmlElement, to: Canonicaliser): string {
  let text = to.start(element.tag)
  for (const child of element.children) text += typeof child === 'string' ? to.text(child) : canonical(child, to)
  return text + to.end(element.tag.name)
}

function isSignedBy(keys: readonly KeyObject[], method: string, signed: string, signature: Buffer): boolean {
  const known = SIGNATURES.get(method) ?? refuse('uses an algorithm that is not RSA or ECDSA with SHA-256 or better')
  return keys.some((key) => key.asymmetricKeyType === known.key && verify(known.hash, Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }, signature))
}

function readReference(reference: XmlElement, rootId: string | undefined): CoveredDocument {
  const uri = reference.tag.attributes['URI']?.value
  if (uri !== '' && (rootId === undefined || rootId === '' || uri !== `#${rootId}`)) refuse('does not cover the whole document')
  const [transforms, digestMethod, digestValue] = elements(reference, ['Transforms', 'DigestMethod', 'DigestValue'])
  const [enveloped, exclusive] = elements(transforms ?? refuse('has no transforms'), ['Transform', 'Transform'])
  if (enveloped === undefined || algorithm(enveloped) !== ENVELOPED) refuse('is transformed in another way than enveloped and canonical')
  const hash = DIGESTS.get(algorithm(digestMethod ?? refuse('has no digest'))) ?? refuse('uses a digest that is not SHA-256 or better')
  return { hash, digest: bytes(digestValue), inclusive: inclusivePrefixes(exclusive ?? refuse('has no canonicalisation')) }
}

/**
 * Checks a ds:Signature element that stands in the document element, with one of the keys. Returns what the rest of the document must hash
 * to. Throws MetadataRefused.
 */
export function checkSignature(signature: XmlElement, keys: readonly KeyObject[], root: SaxesTagNS): CoveredDocument {
  const withoutKeyInfo = { tag: signature.tag, children: signature.children.filter((child) => typeof child === 'string' || child.tag.local !== 'KeyInfo' || child.tag.uri !== SIGNATURE_NAMESPACE) }
  const [signedInfo, value] = elements(withoutKeyInfo, ['SignedInfo', 'SignatureValue'])
  if (signedInfo === undefined) return refuse('has no SignedInfo')
  const [canonicalisation, method, reference] = elements(signedInfo, ['CanonicalizationMethod', 'SignatureMethod', 'Reference'])
  if (canonicalisation === undefined || method === undefined || reference === undefined) return refuse('is incomplete')
  const around = { ...root.ns, ...signature.tag.ns }
  const signed = canonical(signedInfo, canonicaliser(inclusivePrefixes(canonicalisation), around))
  const covered = readReference(reference, root.attributes['ID']?.value)
  if (!isSignedBy(keys, algorithm(method), signed, bytes(value))) refuse('is not by the declared certificate')
  return covered
}

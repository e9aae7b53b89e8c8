import { generateKeyPairSync, type KeyObject, sign, X509Certificate } from 'node:crypto'
import { SignedXml } from 'xml-crypto'

// An operator of a federation, as far as tests need one: signs metadata with xml-crypto, a signer that shares no code with ours.

export const EXCLUSIVE = 'http://www.w3.org/2001/10/xml-exc-c14n#'
export const ENVELOPED = 'http://www.w3.org/2000/09/xmldsig#enveloped-signature'
export const RSA_SHA256 = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256'
export const SHA256 = 'http://www.w3.org/2001/04/xmlenc#sha256'

function derLength(length: number): Buffer {
  if (length < 128) return Buffer.from([length])
  const bytes = Buffer.from(length.toString(16).padStart(length > 0xff ? 4 : 2, '0'), 'hex')
  return Buffer.concat([Buffer.from([0x80 | bytes.length]), bytes])
}

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts)
  return Buffer.concat([Buffer.from([tag]), derLength(body.length), body])
}

const SHA256_WITH_RSA = der(0x30, der(0x06, Buffer.from('2a864886f70d01010b', 'hex')), der(0x05))

/** A self-signed certificate of an RSA key (RFC 5280 §4.1), DER. */
export function selfSigned(privateKey: KeyObject, publicKey: KeyObject, name = 'federation.example'): Buffer {
  const issuer = der(0x30, der(0x31, der(0x30, der(0x06, Buffer.from('550403', 'hex')), der(0x0c, Buffer.from(name)))))
  const validity = der(0x30, der(0x17, Buffer.from('250101000000Z')), der(0x17, Buffer.from('450101000000Z')))
  const tbs = der(0x30, der(0xa0, der(0x02, Buffer.from([2]))), der(0x02, Buffer.from([1])), SHA256_WITH_RSA, issuer, validity, issuer, publicKey.export({ type: 'spki', format: 'der' }))
  return der(0x30, tbs, SHA256_WITH_RSA, der(0x03, Buffer.from([0]), sign('sha256', tbs, privateKey)))
}

export interface Signer {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
  /** PEM. */
  readonly certificate: string
  /** DER in base64, as metadata has it. */
  readonly base64: string
}

export function createSigner(): Signer {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const raw = selfSigned(privateKey, publicKey)
  return { privateKey, publicKey, certificate: new X509Certificate(raw).toString(), base64: raw.toString('base64') }
}

export interface SigningOptions {
  readonly signatureAlgorithm?: string
  readonly digestAlgorithm?: string
  readonly canonicalisation?: string
  readonly transforms?: readonly string[]
  readonly inclusive?: readonly string[]
  /** Another element than the document element. */
  readonly reference?: string
  /** `URI=""` instead of the ID of the element. */
  readonly emptyUri?: boolean
  /** Where the signature is put: in the document element, first, unless it says so. */
  readonly location?: { readonly reference: string; readonly action: 'append' | 'prepend' | 'before' | 'after' }
}

/** A document with an enveloped signature as its first child. */
export function signDocument(xml: string, signer: Pick<Signer, 'privateKey'>, options: SigningOptions = {}): string {
  const signed = new SignedXml({
    privateKey: signer.privateKey.export({ type: 'pkcs8', format: 'pem' }),
    signatureAlgorithm: options.signatureAlgorithm ?? RSA_SHA256,
    canonicalizationAlgorithm: options.canonicalisation ?? EXCLUSIVE,
  })
  signed.addReference({
    xpath: options.reference ?? '/*',
    digestAlgorithm: options.digestAlgorithm ?? SHA256,
    transforms: [...(options.transforms ?? [ENVELOPED, EXCLUSIVE])],
    ...(options.emptyUri === true ? { isEmptyUri: true } : {}),
    ...(options.inclusive === undefined ? {} : { inclusiveNamespacesPrefixList: [...options.inclusive] }),
  })
  signed.computeSignature(xml, { prefix: 'ds', location: options.location ?? { reference: '/*', action: 'prepend' } })
  return signed.getSignedXml()
}

import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign, X509Certificate } from 'node:crypto'

// Certificates of clients, good and bad, in whatever order of names and dates a story needs. They are written here and read by OpenSSL,
// in the handshake and by Node.

const SEQUENCE = 0x30
const SET = 0x31
const UTF8 = 0x0c
const ECDSA_WITH_SHA256 = Buffer.from('06082a8648ce3d040302', 'hex')
const OIDS = { CN: '0603550403', C: '0603550406', L: '0603550407', O: '060355040a', OU: '060355040b' } as const
const EXTENSIONS = { alternative: '0603551d11', constraints: '0603551d13', purposes: '0603551d25' } as const
export const PURPOSES = { client: '06082b06010505070302', server: '06082b06010505070301' } as const
const NAME_TAGS = { email: 0x81, dns: 0x82, uri: 0x86, ip: 0x87 } as const

function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts)
  const length = body.length < 128 ? [body.length] : body.length < 256 ? [0x81, body.length] : [0x82, body.length >> 8, body.length & 255]
  return Buffer.concat([Buffer.from([tag, ...length]), body])
}

export type NamePart = readonly [type: keyof typeof OIDS, value: string, tag?: number]

/** A Name, in the order of its encoding: the country first, the common name last. */
function nameOf(parts: readonly NamePart[]): Buffer {
  return der(SEQUENCE, ...parts.map(([type, value, tag = UTF8]) => der(SET, der(SEQUENCE, Buffer.from(OIDS[type], 'hex'), der(tag, tag === 0x1e ? Buffer.from(value, 'utf16le').swap16() : Buffer.from(value))))))
}

function time(date: Date): Buffer {
  return der(0x18, Buffer.from(`${date.toISOString().replaceAll(/\D/g, '').slice(0, 14)}Z`))
}

export interface KeyPair {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

export function newCertificateKey(): KeyPair {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' })
}

export interface TestCertificate {
  readonly certificate: X509Certificate
  readonly der: Buffer
  readonly pem: string
  readonly keys: KeyPair
  readonly keyPem: string
  readonly subject: readonly NamePart[]
  /** SHA-256 of the bytes, as `cnf` has it. */
  readonly thumbprint: string
}

export interface CertificateOptions {
  readonly subject?: readonly NamePart[]
  readonly names?: readonly (readonly [kind: keyof typeof NAME_TAGS, value: string])[]
  readonly keys?: KeyPair
  /** Who signs it; itself where nobody is named. */
  readonly issuer?: TestCertificate
  readonly authority?: boolean
  readonly purpose?: keyof typeof PURPOSES
  /** Days from now. */
  readonly from?: number
  readonly until?: number
}

function extension(type: string, value: Buffer): Buffer {
  return der(SEQUENCE, Buffer.from(type, 'hex'), der(0x04, value))
}

function extensionsOf({ names = [], authority = false, purpose }: CertificateOptions): readonly Buffer[] {
  const encoded = names.map(([kind, value]) => der(NAME_TAGS[kind], kind === 'ip' ? Buffer.from(value.split('.').map(Number)) : Buffer.from(value)))
  return [
    ...(authority ? [extension(EXTENSIONS.constraints, der(SEQUENCE, der(0x01, Buffer.from([0xff]))))] : []),
    ...(encoded.length > 0 ? [extension(EXTENSIONS.alternative, der(SEQUENCE, ...encoded))] : []),
    ...(purpose === undefined ? [] : [extension(EXTENSIONS.purposes, der(SEQUENCE, Buffer.from(PURPOSES[purpose], 'hex')))]),
  ]
}

const DAY = 86_400_000

/** Makes a certificate. */
export function newCertificate(options: CertificateOptions = {}): TestCertificate {
  const { subject = [['CN', 'a client']], keys = newCertificateKey(), issuer, from = -1, until = 30 } = options
  const algorithm = der(SEQUENCE, ECDSA_WITH_SHA256)
  const extensions = extensionsOf(options)
  const body = der(
    SEQUENCE,
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.concat([Buffer.from([0x41]), randomBytes(12)])),
    algorithm,
    nameOf(issuer?.subject ?? subject),
    der(SEQUENCE, time(new Date(Date.now() + from * DAY)), time(new Date(Date.now() + until * DAY))),
    nameOf(subject),
    createPublicKey(keys.publicKey.export({ type: 'spki', format: 'pem' })).export({ type: 'spki', format: 'der' }),
    ...(extensions.length > 0 ? [der(0xa3, der(SEQUENCE, ...extensions))] : []),
  )
  const signature = sign('sha256', body, (issuer?.keys ?? keys).privateKey)
  const bytes = der(SEQUENCE, body, algorithm, der(0x03, Buffer.from([0]), signature))
  const certificate = new X509Certificate(bytes)
  const thumbprint = Buffer.from(certificate.fingerprint256.replaceAll(':', ''), 'hex').toString('base64url')
  return { certificate, der: bytes, pem: certificate.toString(), keys, keyPem: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), subject, thumbprint }
}

/** An authority that issues certificates of clients. */
export function newClientAuthority(name = 'Authority of clients'): TestCertificate {
  return newCertificate({ subject: [['C', 'NO'], ['O', 'Example'], ['CN', name]], authority: true })
}

/** The environment of a server that a proxy on this machine hands certificates to. */
export function behindProxy(authority: TestCertificate, header = 'client-cert'): Readonly<Record<string, string>> {
  return { PORTNER_TRUST_PROXY: '127.0.0.1,::1', PORTNER_CLIENT_CERTIFICATE_HEADER: header, PORTNER_CLIENT_CERTIFICATE_CA: authority.pem }
}

/** What such a proxy sends (RFC 9440 §2.1). */
export function certificateHeader({ der: bytes }: Pick<TestCertificate, 'der'>): Readonly<Record<string, string>> {
  return { 'client-cert': `:${bytes.toString('base64')}:` }
}

import { createHash, createSign, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto'

// An authenticator in software (WebAuthn Level 3 §6), for what a real one would never do: sign for another origin, lie about the counter,
// hand over somebody else's credential.

export interface Authenticator {
  readonly credentialId: string
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
  counter: number
}

export interface Signing {
  readonly challenge: string
  readonly origin: string
  readonly rpId?: string
  readonly userVerified?: boolean
  readonly userPresent?: boolean
  readonly counter?: number
  readonly userHandle?: string
  readonly type?: string
  readonly crossOrigin?: boolean
}

export function newAuthenticator(): Authenticator {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { credentialId: randomBytes(32).toString('base64url'), privateKey, publicKey, counter: 0 }
}

function clientData(type: string, { challenge, origin, crossOrigin = false }: Signing): Buffer {
  return Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin }))
}

function sha256(bytes: Uint8Array | string): Buffer {
  return createHash('sha256').update(bytes).digest()
}

const UP = 0x01
const UV = 0x04
const AT = 0x40

function authenticatorData({ rpId = 'localhost', userVerified = true, userPresent = true }: Signing, counter: number, attested?: Buffer): Buffer {
  const flags = (userPresent ? UP : 0) | (userVerified ? UV : 0) | (attested === undefined ? 0 : AT)
  const tail = Buffer.alloc(5)
  tail.writeUInt8(flags, 0)
  tail.writeUInt32BE(counter, 1)
  return Buffer.concat([sha256(rpId), tail, attested ?? Buffer.alloc(0)])
}

/** CBOR (RFC 8949) of a byte string or text shorter than 64 KiB. */
function cbor(value: Buffer | string): Buffer {
  const bytes = Buffer.from(value)
  const major = typeof value === 'string' ? 0x60 : 0x40
  if (bytes.length < 24) return Buffer.concat([Buffer.from([major | bytes.length]), bytes])
  if (bytes.length < 256) return Buffer.concat([Buffer.from([major | 24, bytes.length]), bytes])
  const head = Buffer.alloc(3)
  head.writeUInt8(major | 25, 0)
  head.writeUInt16BE(bytes.length, 1)
  return Buffer.concat([head, bytes])
}

/** The public key as COSE: EC2, ES256, P-256 (RFC 9053 §2.1). */
function coseKey(publicKey: KeyObject): Buffer {
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' })
  return Buffer.concat([Buffer.from([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21]), cbor(Buffer.from(x, 'base64url')), Buffer.from([0x22]), cbor(Buffer.from(y, 'base64url'))])
}

/** What a browser hands over after making a credential. */
export function attest(authenticator: Authenticator, signing: Signing): string {
  const id = Buffer.from(authenticator.credentialId, 'base64url')
  const length = Buffer.alloc(2)
  length.writeUInt16BE(id.length)
  const authData = authenticatorData(signing, authenticator.counter, Buffer.concat([Buffer.alloc(16), length, id, coseKey(authenticator.publicKey)]))
  const attestationObject = Buffer.concat([Buffer.from([0xa3]), cbor('fmt'), cbor('none'), cbor('attStmt'), Buffer.from([0xa0]), cbor('authData'), cbor(authData)])
  const response = { clientDataJSON: clientData(signing.type ?? 'webauthn.create', signing).toString('base64url'), attestationObject: attestationObject.toString('base64url'), transports: ['internal'] }
  return JSON.stringify({ id: authenticator.credentialId, rawId: authenticator.credentialId, type: 'public-key', response, clientExtensionResults: {} })
}

/** What a browser hands over after signing. */
export function assertion(authenticator: Authenticator, signing: Signing): string {
  const client = clientData(signing.type ?? 'webauthn.get', signing)
  authenticator.counter = signing.counter ?? authenticator.counter + 1
  const authData = authenticatorData(signing, authenticator.counter)
  const signature = createSign('sha256').update(Buffer.concat([authData, sha256(client)])).sign(authenticator.privateKey)
  const response = { clientDataJSON: client.toString('base64url'), authenticatorData: authData.toString('base64url'), signature: signature.toString('base64url'), ...(signing.userHandle === undefined ? {} : { userHandle: signing.userHandle }) }
  return JSON.stringify({ id: authenticator.credentialId, rawId: authenticator.credentialId, type: 'public-key', response, clientExtensionResults: {} })
}

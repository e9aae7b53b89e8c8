import { createPublicKey, type KeyObject, sign } from 'node:crypto'
import { randomBytes } from './random.ts'

// X.509 as SAML uses it: an envelope for a public key, signed by that key. Nobody checks its names or dates; the key is what is pinned.
// Only what such a certificate needs of DER (X.690) is written here.

const SEQUENCE = 0x30
const SET = 0x31
const INTEGER = 0x02
const BIT_STRING = 0x03
const UTF8_STRING = 0x0c
const GENERALIZED_TIME = 0x18
const EXPLICIT_0 = 0xa0
const NULL = Buffer.from([0x05, 0x00])
const COMMON_NAME = Buffer.from('0603550403', 'hex')
const SHA256_WITH_RSA = Buffer.from('06092a864886f70d01010b', 'hex')

const YEAR_MILLISECONDS = 365 * 86_400_000
const YEARS = 20

function lengthOf(size: number): Buffer {
  if (size < 0x80) return Buffer.from([size])
  const hex = size.toString(16)
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')
  return Buffer.concat([Buffer.from([0x80 | bytes.length]), bytes])
}

function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts)
  return Buffer.concat([Buffer.from([tag]), lengthOf(body.length), body])
}

function time(milliseconds: number): Buffer {
  return der(GENERALIZED_TIME, Buffer.from(`${new Date(milliseconds).toISOString().replaceAll(/\D/g, '').slice(0, 14)}Z`))
}

/** A certificate of an RSA key by itself (RFC 5280 §4.1): base64 of DER, good from a day ago for twenty years. `now` in milliseconds. */
export function selfSignedCertificate(privateKey: KeyObject, commonName: string, now: number): string {
  const algorithm = der(SEQUENCE, SHA256_WITH_RSA, NULL)
  const name = der(SEQUENCE, der(SET, der(SEQUENCE, COMMON_NAME, der(UTF8_STRING, Buffer.from(commonName.slice(0, 64))))))
  // A positive number: the first bit is clear, and the first byte is not zero.
  const serial = randomBytes(16)
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40
  const body = der(
    SEQUENCE,
    der(EXPLICIT_0, der(INTEGER, Buffer.from([2]))),
    der(INTEGER, serial),
    algorithm,
    name,
    der(SEQUENCE, time(now - 86_400_000), time(now + YEARS * YEAR_MILLISECONDS)),
    name,
    createPublicKey(privateKey).export({ type: 'spki', format: 'der' }),
  )
  return der(SEQUENCE, body, algorithm, der(BIT_STRING, Buffer.from([0]), sign('sha256', body, privateKey))).toString('base64')
}

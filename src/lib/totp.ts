import { createHmac } from 'node:crypto'

// Time-based one-time passwords (RFC 6238 over RFC 4226), as every authenticator app speaks them: SHA-1, six digits, thirty seconds.

export const TOTP_STEP_SECONDS = 30
const DIGITS = 6
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** The code of one step, with leading zeros. `digits` differs in the vectors of RFC 6238 appendix B only. */
export function totpCode(secret: Uint8Array, step: number, digits: number = DIGITS): string {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(step))
  const mac = createHmac('sha1', secret).update(counter).digest()
  const offset = mac.readUInt8(mac.length - 1) & 0x0f
  const number = mac.readUInt32BE(offset) & 0x7fffffff
  return String(number % 10 ** digits).padStart(digits, '0')
}

/** Base32 without padding (RFC 4648 §6), as a secret is typed into an app. */
export function toBase32(bytes: Uint8Array): string {
  let text = ''
  let bits = 0
  let value = 0
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0xffff
    bits += 8
    while (bits >= 5) {
      bits -= 5
      text += BASE32.charAt((value >> bits) & 31)
    }
  }
  return bits === 0 ? text : text + BASE32.charAt((value << (5 - bits)) & 31)
}

/** Reads base32 with or without padding, in either case; nothing when it is not. */
export function fromBase32(text: string): Buffer | undefined {
  const digits = text.toUpperCase().replace(/=+$/, '')
  const bytes: number[] = []
  let bits = 0
  let value = 0
  for (const digit of digits) {
    const at = BASE32.indexOf(digit)
    if (at < 0) return undefined
    value = ((value << 5) | at) & 0xfff
    bits += 5
    if (bits < 8) continue
    bits -= 8
    bytes.push((value >> bits) & 0xff)
  }
  const leftover = value & ((1 << bits) - 1)
  return bits >= 5 || leftover !== 0 ? undefined : Buffer.from(bytes)
}

/** The address that an app reads from a picture (the Key URI format): who it is for, and the secret. */
export function otpauthAddress(service: string, account: string, secret: Uint8Array): string {
  const name = (text: string): string => encodeURIComponent(text.replaceAll(':', ' '))
  return `otpauth://totp/${name(service)}:${name(account)}?secret=${toBase32(secret)}&issuer=${name(service)}&algorithm=SHA1&digits=${DIGITS}&period=${TOTP_STEP_SECONDS}`
}

import { randomFillSync } from 'node:crypto'

const pool = Buffer.allocUnsafe(8192)
let used = pool.length

/** Random bytes, drawn from a pooled block because one system call a token is dearer than the hash of it. */
export function randomBytes(size: number): Buffer {
  if (used + size > pool.length) {
    randomFillSync(pool)
    used = 0
  }
  const bytes = Buffer.from(pool.subarray(used, used + size))
  pool.fill(0, used, used + size)
  used += size
  return bytes
}

/** A random whole number from 0 to below `most`, for what is spread and no secret. */
export function randomBelow(most: number): number {
  return randomBytes(4).readUInt32BE(0) % most
}

/** A UUID version 7 (RFC 9562 §5.7) as 16 bytes: 48 bits of milliseconds, then 74 random bits. Rows with such keys are written at one edge of their index. */
export function timeOrderedId(nowMilliseconds: number): Buffer {
  const id = randomBytes(16)
  id.writeUIntBE(Math.max(0, Math.trunc(nowMilliseconds)), 0, 6)
  id.writeUInt8((id.readUInt8(6) & 0x0f) | 0x70, 6)
  id.writeUInt8((id.readUInt8(8) & 0x3f) | 0x80, 8)
  return id
}

/** The text form of a 16-byte UUID. */
export function uuidText(id: Buffer): string {
  const hex = id.toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

/** A new time-ordered row id in text form. */
export function newRowId(nowMilliseconds: number): string {
  return uuidText(timeOrderedId(nowMilliseconds))
}

const ROW_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** Whether a text could be the id of a row: anything else is not looked up. */
export function isRowId(text: string): boolean {
  return ROW_ID.test(text)
}

/** The smallest time-ordered id of a moment: every row drawn before it sorts below. */
export function firstIdAt(nowMilliseconds: number): string {
  const id = Buffer.alloc(16)
  id.writeUIntBE(Math.max(0, Math.trunc(nowMilliseconds)), 0, 6)
  return uuidText(id)
}

/** When a time-ordered id was drawn. Milliseconds since the epoch. */
export function timeOfId(id: string): number {
  return Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16)
}

const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** The 8-character reference of a refusal, `7F3K-92QD`: 40 random bits, no look-alike letters, easy to read out on the telephone. */
export function newReference(): string {
  const bytes = randomBytes(8)
  let text = ''
  for (const byte of bytes) text += CROCKFORD.charAt(byte & 31)
  return `${text.slice(0, 4)}-${text.slice(4)}`
}

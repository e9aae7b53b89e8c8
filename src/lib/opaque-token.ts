import { crc32 } from 'node:zlib'
import { sha256 } from './digest.ts'
import { randomBytes, timeOrderedId, uuidText } from './random.ts'

// Owns the shape of everything we hand out as a secret: prefix ‖ base64url(row id ‖ 256 random bits) ‖ checksum. The row id finds the row
// and carries the time; the secret is kept as its SHA-256 only. The prefix and the checksum let a secret scanner recognise a leaked
// token without asking us. It does not own what a kind of token means.

export type TokenKind = 'at' | 'rt' | 'ac' | 'bs' | 'dv' | 'cs' | 'rl' | 'ea' | 'ru' | 'ra' | 'ri' | 'dc' | 'cr' | 'gi'

export interface DrawnToken {
  readonly id: string
  readonly hash: Buffer
  readonly secret: Buffer
  readonly text: string
}

export interface PresentedToken {
  readonly id: string
  readonly hash: Buffer
  readonly secret: Buffer
}

const ID = 16
const SECRET = 32
const BODY = ((ID + SECRET) * 4) / 3
const CHECKSUM = 6
const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

function checksum(text: string): string {
  let rest = crc32(text)
  let digits = ''
  for (let i = 0; i < CHECKSUM; i++) {
    digits = BASE62.charAt(rest % 62) + digits
    rest = Math.floor(rest / 62)
  }
  return digits
}

function write(kind: TokenKind, id: Uint8Array, secret: Uint8Array): string {
  const text = `ptr_${kind}_${Buffer.concat([id, secret]).toString('base64url')}`
  return text + checksum(text)
}

function uuidBytes(text: string): Buffer {
  return Buffer.from(text.replaceAll('-', ''), 'hex')
}

/** 256 random bits and their hash, for a token whose row id is not known yet. */
export function drawSecret(): { readonly secret: Buffer; readonly hash: Buffer } {
  const secret = randomBytes(SECRET)
  return { secret, hash: sha256(secret) }
}

/** The text of a token of a row. */
export function tokenText(kind: TokenKind, rowId: string, secret: Uint8Array): string {
  return write(kind, uuidBytes(rowId), secret)
}

/** Draws a token of a kind. With `rowId` the token belongs to a row that exists already. */
export function drawToken(kind: TokenKind, nowMilliseconds: number, rowId?: string): DrawnToken {
  const id = rowId === undefined ? timeOrderedId(nowMilliseconds) : uuidBytes(rowId)
  const { secret, hash } = drawSecret()
  return { id: rowId ?? uuidText(id), hash, secret, text: write(kind, id, secret) }
}

/** A text without the secrets of tokens in it: somebody may have pasted one where a name belongs. */
export function maskTokens(text: string): string {
  return text.includes('ptr_') ? text.replaceAll(/(ptr_[a-z]{2}_)[\w-]+/g, '$1…') : text
}

/** Reads a presented token of one kind; nothing when it is not one of ours, to the letter. */
export function readToken(kind: TokenKind, text: string): PresentedToken | undefined {
  const prefix = `ptr_${kind}_`
  if (text.length !== prefix.length + BODY + CHECKSUM || !text.startsWith(prefix)) return undefined
  const body = text.slice(prefix.length, prefix.length + BODY)
  const bytes = Buffer.from(body, 'base64url')
  if (bytes.length !== ID + SECRET || bytes.toString('base64url') !== body) return undefined
  if (checksum(prefix + body) !== text.slice(prefix.length + BODY)) return undefined
  const secret = bytes.subarray(ID)
  return { id: uuidText(bytes.subarray(0, ID)), hash: sha256(secret), secret }
}

import { z } from 'zod'
import type { Context } from '../context.ts'
import { hmacSha256, sameDigest } from '../lib/digest.ts'
import { invalid } from './failure.ts'

// Owns where a list goes on: after a key, not after a number, so that what is made meanwhile moves nothing. Signed, and good for the list it
// came from: nobody is to build one and try keys with it.

const MAC = 16
const MOST = 100

export const pageQuery = {
  cursor: z.string().max(1000).optional(),
  limit: z.coerce.number().int().min(1).max(MOST).default(50),
}

function macOf(ctx: Context, list: string, after: string): Buffer {
  return hmacSha256(ctx.sealing.macKey('list-cursor'), JSON.stringify([list, after])).subarray(0, MAC)
}

export function writeCursor(ctx: Context, list: string, after: string): string {
  return Buffer.concat([macOf(ctx, list, after), Buffer.from(after)]).toString('base64url')
}

/** The key after which a list goes on. Throws `invalid_request` for a cursor that is not this list's. */
export function readCursor(ctx: Context, list: string, cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined
  const bytes = Buffer.from(cursor, 'base64url')
  const after = bytes.subarray(MAC).toString('utf8')
  if (bytes.length <= MAC || !sameDigest(bytes.subarray(0, MAC), macOf(ctx, list, after))) throw invalid([{ path: 'cursor', message: 'cursor is not one of this list' }])
  return after
}

export interface Page<T> {
  readonly items: readonly T[]
  /** Absent on the last page. */
  readonly next_cursor?: string
}

/** A page out of one row more than it holds: the one more says that there is another. */
export function toPage<R, T>(ctx: Context, list: string, rows: readonly R[], limit: number, keyOf: (row: R) => string, show: (row: R) => T): Page<T> {
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  return { items: shown.map(show), ...(rows.length > limit && last !== undefined ? { next_cursor: writeCursor(ctx, list, keyOf(last)) } : {}) }
}

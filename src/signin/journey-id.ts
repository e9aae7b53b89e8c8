import type { Context } from '../context.ts'
import { hmacSha256, sameDigest } from '../lib/digest.ts'
import { isRowId, timeOrderedId, uuidText } from '../lib/random.ts'

// Owns the ids of journeys: time-ordered ids whose end says which client the journey is for. A bookmark of a sign-in page outlives the row of
// its journey by years; its address alone then has to tell where to begin anew (pages.md G-16). It is told to whoever has the address and to
// nobody else: the keys of clients are small numbers, so they are masked and signed, or counting would list the names of all clients. No
// journey is proven by its id: the browser's cookie does that.

const PURPOSE = 'journey-id'
/** Bytes: the time and what is random, then the client, then the signature. */
const FRONT = 10
const END = 13
const MOST_KEYS = 2 ** 24

function mask(secret: Buffer, front: Uint8Array): number {
  return hmacSha256(secret, Buffer.concat([Buffer.from('mask'), front])).readUIntBE(0, END - FRONT)
}

function signature(secret: Buffer, signed: Uint8Array): Buffer {
  return hmacSha256(secret, Buffer.concat([Buffer.from('sign'), signed])).subarray(0, 16 - END)
}

/** A new id for a journey of a client. Beyond sixteen million clients it says nothing. */
export function newJourneyId(ctx: Context, clientKey: string): string {
  const id = timeOrderedId(ctx.clock.now())
  const key = Number(clientKey)
  const secret = ctx.sealing.macKey(PURPOSE)
  if (key >= MOST_KEYS) return uuidText(id)
  id.writeUIntBE((key ^ mask(secret, id.subarray(0, FRONT))) >>> 0, FRONT, END - FRONT)
  signature(secret, id.subarray(0, END)).copy(id, END)
  return uuidText(id)
}

/** The key of the client that an id was made for, nothing when it is not one of ours. */
export function clientKeyOf(ctx: Context, id: string): string | undefined {
  if (!isRowId(id)) return undefined
  const bytes = Buffer.from(id.replaceAll('-', ''), 'hex')
  const secret = ctx.sealing.macKeys(PURPOSE).find((one) => sameDigest(signature(one, bytes.subarray(0, END)), bytes.subarray(END)))
  return secret === undefined ? undefined : String((bytes.readUIntBE(FRONT, END - FRONT) ^ mask(secret, bytes.subarray(0, FRONT))) >>> 0)
}

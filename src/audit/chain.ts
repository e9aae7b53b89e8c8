import { hmacSha256 } from '../lib/digest.ts'
import { storable } from '../lib/fit-text.ts'

// Owns what holds the events together: the digest of an event is keyed and covers the event, its number and the digest of the one before. Who
// can write to the database but has not the key can change, take or add nothing without it showing. It does not own the tables.

/** An event as it is kept. */
export interface EventRow {
  readonly id: string
  readonly at: Date
  readonly event: string
  readonly clientId: string | undefined
  readonly userId: string | undefined
  /** Who did it, where that is somebody else than the person it is about: a user id, or what an operator's tool calls itself. */
  readonly actor: string | undefined
  readonly reference: string | undefined
  readonly details: Readonly<Record<string, unknown>>
}

/** One end of the chain: the number and the digest of an event. */
export interface ChainEnd {
  readonly seq: number
  readonly digest: Buffer
}

export type EndName = 'head' | 'anchor'

/** What stands before the first event. */
export const GENESIS = Buffer.alloc(32)

/** A value of JSON that reads back from the database as it is: text that can be kept (one other would keep all events behind it from being written), members in one order. */
export function canonical(value: unknown): unknown {
  if (typeof value === 'string') return storable(value)
  if (Array.isArray(value)) return value.map(canonical)
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  return Object.fromEntries(members.map(([name, member]) => [storable(name), canonical(member)] as const).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

/** The digest of an event in its place. */
export function digestOf(key: Uint8Array, before: Uint8Array, seq: number, row: EventRow): Buffer {
  const { id, at, event, clientId, userId, actor, reference, details } = row
  const text = JSON.stringify([seq, id, at.getTime(), event, clientId ?? null, userId ?? null, actor ?? null, reference ?? null, canonical(details)])
  return hmacSha256(key, Buffer.concat([Buffer.from('event\0'), before, Buffer.from(text)]))
}

/** What proves that an end was set by a server with the key: a chain that was cut has no such proof for its new end. */
export function sealOf(key: Uint8Array, name: EndName, { seq, digest }: ChainEnd): Buffer {
  return hmacSha256(key, Buffer.concat([Buffer.from(`${name}\0${seq}\0`), digest]))
}

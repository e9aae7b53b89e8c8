import type { Kysely } from 'kysely'
import type { Database } from '../database/schema.ts'
import { sameDigest } from '../lib/digest.ts'
import { type ChainEnd, digestOf, type EndName, sealOf } from './chain.ts'
import { type ChainEnds, readEnds, type SealedEnd } from './chain-store.ts'
import { type ChainedEvent, digestFor, listChained } from './store.ts'

// Owns the verification of the chain, page by page, over one moment of the database: writers go on meanwhile. It names where the chain first
// does not hold, and goes on from there as well as it can. What it cannot tell by itself: that the whole database was put back to an older
// state; for that, keep a head from an earlier run elsewhere and give it to the next one.

export type ChainFault =
  /** The event is not the one that was written in this place: changed, swapped or put there. */
  | { readonly kind: 'changed'; readonly seq: number; readonly id: string; readonly event: string; readonly at: Date }
  /** Events from `seq` to `to` were written and are not there. */
  | { readonly kind: 'missing'; readonly seq: number; readonly to: number }
  /** The event stands behind the end of the chain: no server of ours wrote it. */
  | { readonly kind: 'added'; readonly seq: number; readonly id: string; readonly event: string; readonly at: Date }
  /** An end of the chain was not set by a server with the key. */
  | { readonly kind: 'end'; readonly end: EndName; readonly seq: number }
  /** The chain does not lead over the head that was kept. */
  | { readonly kind: 'other'; readonly seq: number }

/** An end that an earlier run told; the digest in hexadecimal. */
export interface KeptHead {
  readonly seq: number
  readonly digest: string
}

export interface Verdict {
  readonly events: number
  /** Of them, from before there was a chain: nothing proves them. */
  readonly unproven: number
  readonly head: ChainEnd
  readonly anchor: ChainEnd
  /** In the order of the chain, at most MOST_FAULTS. */
  readonly faults: readonly ChainFault[]
  /** How far a part went that is not the last one. */
  readonly rest?: ChainEnd
}

/** What to walk along: the whole chain when left out. */
export interface ChainPart {
  /** A head that an earlier run told. */
  readonly kept?: KeptHead | undefined
  /** How far the part before went. */
  readonly from?: ChainEnd | undefined
  /** How many events are looked at, about. */
  readonly most?: number
}

const HEAD = /^(\d{1,15}):([0-9a-f]{64})$/

/** An end as it is told and kept elsewhere: a number, a colon and 64 hexadecimal digits. */
export function headText({ seq, digest }: ChainEnd): string {
  return `${seq}:${digest.toString('hex')}`
}

/** The same read back; nothing for any other text. */
export function readHead(text: string): KeptHead | undefined {
  const [, seq, digest] = HEAD.exec(text) ?? []
  return seq === undefined || digest === undefined ? undefined : { seq: Number(seq), digest }
}

const MOST_FAULTS = 20
const PAGE = 1000

interface Walk {
  end: ChainEnd
  events: number
  unproven: number
  readonly faults: ChainFault[]
  isWhole: boolean
}

function checkEnd(key: Buffer, name: EndName, end: SealedEnd, faults: ChainFault[]): void {
  if (!sameDigest(sealOf(key, name, end), end.seal)) faults.push({ kind: 'end', end: name, seq: end.seq })
}

function checkEvent(key: Buffer, walk: Walk, head: ChainEnd, row: ChainedEvent): void {
  const { seq, id, event, at } = row
  const named = { seq, id, event, at }
  if (seq > head.seq) return void walk.faults.push({ kind: 'added', ...named })
  // What was built on an event that is gone cannot be told any more; from the next one on it can.
  const whole = seq === walk.end.seq + 1
  if (!whole) walk.faults.push({ kind: 'missing', seq: walk.end.seq + 1, to: seq - 1 })
  if (seq > 0 && whole && (row.digest === undefined || !sameDigest(digestOf(key, walk.end.digest, seq, row), row.digest))) walk.faults.push({ kind: 'changed', ...named })
  walk.events++
  if (seq <= 0) walk.unproven++
  walk.end = { seq, digest: digestFor(row) }
}

function checkTail({ end, faults }: Walk, head: ChainEnd): void {
  if (end.seq < head.seq) faults.push({ kind: 'missing', seq: end.seq + 1, to: head.seq })
  else if (!sameDigest(end.digest, head.digest)) faults.push({ kind: 'end', end: 'head', seq: head.seq })
}

async function walkAlong(db: Kysely<Database>, key: Buffer, ends: ChainEnds, { kept, from, most = Number.POSITIVE_INFINITY }: ChainPart): Promise<Walk> {
  // What was forgotten since the part before needs no walk any more.
  const start = from !== undefined && from.seq > ends.anchor.seq ? from : ends.anchor
  const size = Math.min(PAGE, most)
  const walk: Walk = { end: start, events: 0, unproven: 0, faults: [], isWhole: true }
  checkEnd(key, 'anchor', ends.anchor, walk.faults)
  checkEnd(key, 'head', ends.head, walk.faults)
  // Behind the anchor nothing should be left, but a server that was killed while it forgot is no crime: what is there is not looked at.
  for (let after = start.seq; walk.faults.length < MOST_FAULTS; ) {
    const page = await listChained(db, after, size)
    for (const row of page) {
      checkEvent(key, walk, ends.head, row)
      if (row.seq === kept?.seq && digestFor(row).toString('hex') !== kept.digest) walk.faults.push({ kind: 'other', seq: row.seq })
    }
    const last = page.at(-1)
    if (last === undefined || page.length < size) break
    if (walk.events >= most) return { ...walk, isWhole: false }
    after = last.seq
  }
  checkTail(walk, ends.head)
  if (kept !== undefined && kept.seq > ends.head.seq) walk.faults.push({ kind: 'other', seq: kept.seq })
  return walk
}

/** Walks along the chain, or a part of it. */
export async function verifyChain(db: Kysely<Database>, key: Buffer, part: ChainPart = {}): Promise<Verdict> {
  return db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (trx) => {
      const ends = await readEnds(trx)
      if (ends === undefined) throw new Error('there is no audit chain')
      const { end, events, unproven, faults, isWhole } = await walkAlong(trx, key, ends, part)
      return { events, unproven, head: ends.head, anchor: ends.anchor, faults: faults.slice(0, MOST_FAULTS), ...(isWhole ? {} : { rest: end }) }
    })
}

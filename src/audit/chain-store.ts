import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { Database } from '../database/schema.ts'
import type { Sealing } from '../keys/sealing.ts'
import { SealedKeyError } from '../keys/store.ts'
import { randomBytes } from '../lib/random.ts'
import { type ChainEnd, type EndName, GENESIS, sealOf } from './chain.ts'

// Owns audit_chain: the one row of the key of the chain, sealed, and of its two ends. The key is drawn once and stays; replacing
// PORTNER_SECRET_KEY only seals it anew.

const KEY_BYTES = 32
const CONTEXT = 'audit-chain'

/** An end with what proves that it is ours. */
export interface SealedEnd extends ChainEnd {
  readonly seal: Buffer
}

export type ChainEnds = Readonly<Record<EndName, SealedEnd>>

/** The key of the chain of this database, drawn at the first call of all processes; `oldest` is the number before the first event. Throws SealedKeyError when the secret key does not fit. */
export async function readChainKey(db: Kysely<Database>, sealing: Sealing, oldest: () => Promise<number>): Promise<Buffer> {
  const { rows } = await sql<{ sealed: Buffer }>`select sealed_key as sealed from audit_chain`.execute(db)
  const sealed = rows[0]?.sealed
  if (sealed === undefined) {
    await createChain(db, sealing, await oldest())
    return readChainKey(db, sealing, oldest)
  }
  const key = sealing.unseal(CONTEXT, sealed, CONTEXT)
  if (key === undefined) throw new SealedKeyError('PORTNER_SECRET_KEY does not open the key of the audit chain')
  if (!sealing.isCurrent(CONTEXT, sealed, CONTEXT)) await sql`update audit_chain set sealed_key = ${sealing.seal(CONTEXT, key, CONTEXT)} where sealed_key = ${sealed}`.execute(db)
  return key
}

// Of many that start at once one makes it, and all read that one.
async function createChain(db: Kysely<Database>, sealing: Sealing, oldest: number): Promise<void> {
  const key = randomBytes(KEY_BYTES)
  const head = { seq: 0, digest: GENESIS }
  const anchor = { seq: oldest, digest: GENESIS }
  await sql`insert into audit_chain (sealed_key, head_seq, head_digest, head_seal, anchor_seq, anchor_digest, anchor_seal)
    values (${sealing.seal(CONTEXT, key, CONTEXT)}, ${head.seq}, ${GENESIS}, ${sealOf(key, 'head', head)}, ${anchor.seq}, ${GENESIS}, ${sealOf(key, 'anchor', anchor)})
    on conflict do nothing`.execute(db)
}

interface Row {
  readonly head_seq: string
  readonly head_digest: Buffer
  readonly head_seal: Buffer
  readonly anchor_seq: string
  readonly anchor_digest: Buffer
  readonly anchor_seal: Buffer
}

export async function readEnds(db: Kysely<Database>): Promise<ChainEnds | undefined> {
  const { rows } = await sql<Row>`select head_seq, head_digest, head_seal, anchor_seq, anchor_digest, anchor_seal from audit_chain`.execute(db)
  const [row] = rows
  return row && { head: { seq: Number(row.head_seq), digest: row.head_digest, seal: row.head_seal }, anchor: { seq: Number(row.anchor_seq), digest: row.anchor_digest, seal: row.anchor_seal } }
}

/** The part of a statement that moves the head on, if it still is where the writer saw it: of two writers at once one moves it. Returns a row or nothing. */
export function moveHead(from: ChainEnd, to: SealedEnd): RawBuilder<unknown> {
  return sql`update audit_chain set head_seq = ${to.seq}, head_digest = ${to.digest}, head_seal = ${to.seal} where head_seq = ${from.seq} and head_digest = ${from.digest} returning head_seq`
}

/** Moves the anchor on, if it still is where it was seen. */
export async function moveAnchor(trx: Kysely<Database>, from: ChainEnd, to: SealedEnd): Promise<boolean> {
  const result = await sql`update audit_chain set anchor_seq = ${to.seq}, anchor_digest = ${to.digest}, anchor_seal = ${to.seal} where anchor_seq = ${from.seq}`.execute(trx)
  return (result.numAffectedRows ?? 0n) > 0n
}

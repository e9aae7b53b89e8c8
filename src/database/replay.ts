import { type Kysely, sql } from 'kysely'
import { sha256 } from '../lib/digest.ts'
import type { Database } from './schema.ts'

// Owns what counts once: ids of assertions, and whatever else must not be taken twice. One statement decides, also between processes; it
// does not own how long such a thing is good for, its protocol says that.

/**
 * Notes an id as seen until then (milliseconds since the epoch). False when it has been seen before: then it must not be taken.
 * Kept by its digest, whatever its length.
 */
export async function isSeenFirst(db: Kysely<Database>, kind: string, id: string, until: number): Promise<boolean> {
  const result = await sql`insert into seen_ids (kind, id_hash, until) values (${kind}, ${sha256(id)}, ${new Date(until)}) on conflict do nothing`.execute(db)
  return (result.numAffectedRows ?? 0n) > 0n
}

/** Deletes at most `limit` ids that nothing can be good with any more. Returns how many. */
export async function deleteExpiredSeenIds(db: Kysely<Database>, limit: number): Promise<number> {
  const result = await sql`delete from seen_ids where (kind, id_hash) in (select kind, id_hash from seen_ids where until < clock_now() limit ${limit} for update skip locked)`.execute(db)
  return Number(result.numAffectedRows ?? 0n)
}

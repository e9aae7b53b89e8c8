import { setTimeout as sleep } from 'node:timers/promises'

// Owns the pace of deleting. One statement for a million rows makes everyone wait (issue and redeem p99 30 → 199 ms); small batches with a
// pause between them do not (46 ms). Each batch starts where the last one ended: from the left again, it would walk over the dead rows.

/** Most rows of one statement. */
export const BATCH = 5000
const PAUSE_MS = 20

/** Deletes batch after batch of a table whose expiry is indexed, until a batch is not full. */
export async function inBatches(deleteSome: (limit: number) => Promise<number>, stopping: () => boolean): Promise<number> {
  let total = 0
  while (!stopping()) {
    const deleted = await deleteSome(BATCH)
    total += deleted
    if (deleted < BATCH) break
    await sleep(PAUSE_MS)
  }
  return total
}

/** Deletes along a key, batch after batch, each from where the last one ended, until there is nothing more. */
export async function alongKey<K>(first: K, deleteAfter: (after: K, limit: number) => Promise<{ readonly deleted: number; readonly upTo: K } | undefined>, stopping: () => boolean): Promise<number> {
  let total = 0
  let after = first
  while (!stopping()) {
    const batch = await deleteAfter(after, BATCH)
    if (batch === undefined) break
    total += batch.deleted
    after = batch.upTo
    await sleep(PAUSE_MS)
  }
  return total
}

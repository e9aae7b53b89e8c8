import type { Kysely, Transaction } from 'kysely'
import { noteCommit } from './cache-versions.ts'
import type { Database } from './schema.ts'
import { isLockTimeout, isRetryable } from './unavailable.ts'

const TRIES = 3

/** Runs `work` in one transaction, once. */
export async function inOneTransaction<T>(db: Kysely<Database>, work: (trx: Transaction<Database>) => Promise<T>): Promise<T> {
  const since = performance.now()
  const result = await db.transaction().execute(work)
  noteCommit(since)
  return result
}

/** Runs `work` in one transaction, again after a serialization failure, a deadlock or too long a wait for a lock. `work` must have no effect outside the transaction. */
export async function inTransaction<T>(db: Kysely<Database>, work: (trx: Transaction<Database>) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await inOneTransaction(db, work)
    } catch (error) {
      if (attempt >= TRIES || !(isRetryable(error) || isLockTimeout(error))) throw error
    }
  }
}

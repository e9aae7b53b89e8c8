import type { Transaction } from 'kysely'
import { type CacheName, raiseCacheVersion } from '../database/cache-versions.ts'
import type { Database } from '../database/schema.ts'

const NAMES: readonly CacheName[] = ['organizations', 'providers', 'scopes', 'apis', 'clients']

/**
 * Lets one at a time change what is declared, whether by a file, the API or a page: the second looks again at what the first has written.
 * The rows of the cache counters are the lock, so that whoever writes to one of these tables alone waits, too.
 */
export async function lockDeclarations(trx: Transaction<Database>): Promise<void> {
  for (const name of NAMES) await raiseCacheVersion(trx, name)
}

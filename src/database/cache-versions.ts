import { type Kysely, sql } from 'kysely'
import { LRUCache } from 'lru-cache'
import { nextFlight } from '../lib/next-flight.ts'
import type { Database } from './schema.ts'

// Owns cache_versions: one counter a kind of thing that may be cached. A writer raises it in its own transaction; a reader asks for the
// counters when its last answer is older than STALENESS_MS. Hence no process uses anything older, with or without NOTIFY. A process that has
// raised one asks each time for as long: who changes something and looks at once sees what they did.

export type CacheName = 'clients' | 'apis' | 'scopes' | 'providers' | 'organizations' | 'signing_keys' | 'trusted_issuers' | 'scope_approvals'

/** How old a cached client, API, scope, provider or organization may be, in milliseconds. */
export const STALENESS_MS = 800

let raised = -Infinity

/** To be called in the transaction that changes something of this kind. In this process the change is seen at once when transaction.ts ran the transaction, else when it was committed within STALENESS_MS. */
export async function raiseCacheVersion(trx: Kysely<Database>, name: CacheName): Promise<void> {
  raised = performance.now()
  await trx.updateTable('cache_versions').set({ version: sql`version + 1` }).where('name', '=', name).execute()
}

/** A transaction that began at `since` (performance.now()) is committed: if anything was raised meanwhile, whoever asks from now on asks anew. */
export function noteCommit(since: number): void {
  if (raised >= since) raised = performance.now()
}

export type CurrentVersions = () => Promise<ReadonlyMap<string, string>>

function isRecent(at: number): boolean {
  return performance.now() - at < STALENESS_MS
}

/** The counters, at most STALENESS_MS old, asked once for all who wait. */
export function watchCacheVersions(db: Kysely<Database>): CurrentVersions {
  let asked = -Infinity
  let versions: ReadonlyMap<string, string> = new Map()
  const ask = nextFlight(async () => {
    const at = performance.now()
    const rows = await db.selectFrom('cache_versions').select(['name', 'version']).execute()
    versions = new Map(rows.map((row) => [row.name, row.version]))
    asked = at
    return versions
  })
  return async () => (isRecent(asked) && !isRecent(raised) ? versions : ask())
}

export interface Cached<K extends string, V> {
  get(key: K): Promise<V | undefined>
}

/** A cache by key over `load`, emptied when the counter moves. Also remembers, in bounds, that a key has nothing. */
export function createCache<K extends string, V extends object>(options: {
  readonly name: CacheName
  readonly versions: CurrentVersions
  readonly load: (key: K) => Promise<V | undefined>
  readonly max: number
  /** Milliseconds after which an answer is asked for anew, for what no counter speaks of. */
  readonly ttl?: number
}): Cached<K, V> {
  const nothing = {}
  let version: string | undefined
  const bounds = { max: options.max, ...(options.ttl === undefined ? {} : { ttl: options.ttl }) }
  let entries = new LRUCache<string, Promise<V | object>>(bounds)
  return {
    get: async (key) => {
      const current = (await options.versions()).get(options.name)
      if (current !== version) {
        version = current
        entries = new LRUCache(bounds)
      }
      const known = entries
      let entry = known.get(key)
      if (entry === undefined) {
        entry = options.load(key).then((value) => value ?? nothing)
        known.set(key, entry)
        entry.catch(() => known.delete(key))
      }
      const value = await entry
      return value === nothing ? undefined : (value as V)
    },
  }
}

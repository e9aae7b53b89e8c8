import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import { type HotRow, type HotStatement, runHot } from './hot-query.ts'
import { createNames, planOnce } from './planned-statements.ts'
import type { Database } from './schema.ts'

// Owns the connections: a pool for everything that is asked now and then, and one for the batched statements of the hot paths, so that
// a slow page can never take the token endpoint's connections. It does not own any table.

export interface Connection {
  readonly connectionString?: string
  readonly host?: string
  readonly port?: number
  readonly user?: string
  readonly database?: string
  readonly password?: string
  /** False for the embedded server's socket, whatever PGSSLMODE says. */
  readonly ssl?: boolean
}

export interface DatabaseSettings {
  readonly connection: Connection
  /** Most connections of the ordinary pool. */
  readonly pool: number
  readonly prepare: boolean
  readonly onError: (error: Error) => void
}

export interface DatabaseHandle {
  readonly db: Kysely<Database>
  /** Runs a hot statement on its own connections and returns its rows as arrays. */
  readonly hot: (statement: HotStatement, values: readonly unknown[]) => Promise<readonly HotRow[]>
  readonly close: () => Promise<void>
}

const LIMITS = {
  connectionTimeoutMillis: 1000,
  statement_timeout: 3000,
  query_timeout: 4000,
  lock_timeout: 2000,
  idle_in_transaction_session_timeout: 5000,
  keepAlive: true,
} as const
const HOT_CONNECTIONS = 3
// Hot statements reach every row by its key, whatever the values: planning each of them again cost as much as running it, and a plan made
// while a table was empty must not read it from end to end when it is full.
const PLANNED_ONCE = { options: '-c plan_cache_mode=force_generic_plan -c enable_seqscan=off' }

function openPool(settings: DatabaseSettings, max: number, application: string, planner: pg.PoolConfig = {}): pg.Pool {
  const pool = new pg.Pool({ ...settings.connection, ...LIMITS, ...planner, max, idleTimeoutMillis: 30_000, application_name: application })
  pool.on('error', settings.onError)
  // The pool listens to idle connections only: one that is lost between two statements of a transaction would end the process.
  pool.on('connect', (client) => client.on('error', settings.onError))
  return pool
}

/** Opens the pools lazily: nothing is connected until the first question. */
export function openDatabase(settings: DatabaseSettings): DatabaseHandle {
  const pool = openPool(settings, settings.pool, 'portner')
  const names = createNames()
  if (settings.prepare) pool.on('connect', (client) => planOnce(client, names))
  const hotPool = openPool(settings, HOT_CONNECTIONS, 'portner-hot', PLANNED_ONCE)
  const db = new Kysely<Database>({ dialect: new PostgresDialect({ pool }) })
  return {
    db,
    hot: (statement, values) => runHot(hotPool, statement, values, settings.prepare),
    close: async () => {
      await Promise.all([db.destroy(), hotPool.end()])
    },
  }
}

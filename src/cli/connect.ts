import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import { createLog, type Log } from '../audit/log.ts'
import type { Config } from '../config.ts'
import type { Context } from '../context.ts'
import type { Connection } from '../database/connect.ts'
import { startEmbeddedPostgres } from '../database/embedded/embedded-postgres.ts'
import { pendingMigrations } from '../database/migrate.ts'
import type { Database } from '../database/schema.ts'
import { openContext } from '../open-context.ts'
import type { Io } from './io.ts'
import { Failure, status } from './status.ts'

// Owns the way of a command to the database: the same one that the server takes. With an embedded database a command joins the one that
// runs, and the last to leave stops it.

export interface Reached {
  readonly connection: Connection
  /** Nothing when DATABASE_URL names one. */
  readonly embedded: { readonly adopted: boolean } | undefined
  readonly release: () => Promise<void>
}

/** Reaches the database of a configuration, starting the embedded one when there is no other. */
export async function reachDatabase(config: Config, log: Log): Promise<Reached> {
  if (config.databaseUrl !== undefined) return { connection: { connectionString: config.databaseUrl }, embedded: undefined, release: async () => {} }
  const started = await startEmbeddedPostgres({ dataDir: config.dataDir, log: (level, line) => log[level]({ from: 'postgres' }, line) })
  return { connection: started.connection, embedded: { adopted: started.adopted }, release: () => started.stop() }
}

/** A connection without the limits of requests, for migrations and for looking at a database in any state. */
export async function withPlainDatabase<T>(connection: Connection, work: (db: Kysely<Database>) => Promise<T>): Promise<T> {
  const pool = new pg.Pool({ ...connection, max: 2, connectionTimeoutMillis: 10_000, lock_timeout: 120_000, application_name: 'portner-tool' })
  pool.on('error', () => {})
  const db = new Kysely<Database>({ dialect: new PostgresDialect({ pool }) })
  try {
    return await work(db)
  } finally {
    await db.destroy()
  }
}

async function refusePending(connection: Connection): Promise<void> {
  const pending = await withPlainDatabase(connection, pendingMigrations)
  if (pending.length > 0) throw new Failure(`The database is not up to date: ${pending.length} migrations are pending, from ${pending[0]} on`, 'run: portner migrate up', status.notReady)
}

/** A tool speaks to people through its result; its log is for what goes wrong, on standard error. */
export function toolLog(config: Config, io: Io): Log {
  const asked = (io.env['LOG_LEVEL'] ?? '') !== '' || (io.env['LOG_LEVEL_FILE'] ?? '') !== ''
  return createLog(asked ? config.logLevel : 'error', { write: (line) => io.err(line) })
}

/** Runs `work` with the context of a tool, and takes everything down again whatever happens. */
export async function withContext<T>(config: Config, io: Io, work: (ctx: Context) => Promise<T>): Promise<T> {
  const log = toolLog(config, io)
  const reached = await reachDatabase(config, log)
  try {
    await refusePending(reached.connection)
    const opened = await openContext(config, { connection: reached.connection, log })
    try {
      return await work(opened.ctx)
    } finally {
      await opened.close()
    }
  } finally {
    await reached.release()
  }
}

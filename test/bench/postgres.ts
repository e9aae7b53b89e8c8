import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Kysely, PostgresDialect } from 'kysely'
import { Client, Pool } from 'pg'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/database/embedded/embedded-postgres.ts'
import { migrateToLatest } from '../../src/database/migrate.ts'

// Owns the PostgreSQL of one run: durable as in production (fsync, synchronous_commit and full_page_writes stay on), thrown away at the end.

export interface BenchPostgres {
  readonly connection: EmbeddedPostgres['connection']
  readonly url: string
  /** The process whose children the backends are. */
  readonly pid: number
  readonly version: string
  readonly client: Client
  stop(): Promise<void>
}

const SETTINGS = { shared_buffers: '512MB', max_wal_size: '4GB' }

function urlOf({ host, port, user, password, database }: EmbeddedPostgres['connection']): string {
  const login = password === undefined ? user : `${user}:${encodeURIComponent(password)}`
  return host.startsWith('/') ? `postgresql://${login}@localhost:${port}/${database}?host=${encodeURIComponent(host)}` : `postgresql://${login}@${host}:${port}/${database}`
}

async function migrate(connection: EmbeddedPostgres['connection']): Promise<void> {
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool: new Pool({ ...connection, max: 1 }) }) })
  try {
    await migrateToLatest(db)
  } finally {
    await db.destroy()
  }
}

async function postmasterOf(client: Client): Promise<number> {
  const { rows } = await client.query<{ path: string }>(`select current_setting('data_directory') as path`)
  return Number((await readFile(join(rows[0]?.path ?? '', 'postmaster.pid'), 'utf8')).split('\n')[0])
}

/** Starts it and applies the migrations. */
export async function startPostgres(): Promise<BenchPostgres> {
  const home = await mkdtemp(join(tmpdir(), 'portner-bench-'))
  const log = (level: string, line: string): void => void (level === 'error' && process.stderr.write(`postgres: ${line}\n`))
  const postgres = await startEmbeddedPostgres({ dataDir: home, log, settings: SETTINGS })
  const { connection } = postgres
  await migrate(connection)
  const client = new Client({ ...connection, application_name: 'bench' })
  await client.connect()
  const { rows } = await client.query<{ version: string }>(`select current_setting('server_version') as version`)
  return {
    connection,
    url: urlOf(connection),
    pid: await postmasterOf(client),
    version: rows[0]?.version ?? '',
    client,
    stop: async () => {
      await client.end()
      await postgres.stop()
      await rm(home, { recursive: true, force: true })
    },
  }
}

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Kysely, PostgresDialect } from 'kysely'
import { Client, Pool } from 'pg'
import type { TestProject } from 'vitest/node'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/database/embedded/embedded-postgres.ts'
import { migrateToLatest } from '../../src/database/migrate.ts'

// Owns the one database server of a test run, the migrated template that every test database is copied from, and a folder for what is made once.

const TEMPLATE = 'portner_template'

declare module 'vitest' {
  interface ProvidedContext {
    postgres: EmbeddedPostgres['connection']
    /** Name of the migrated template database. */
    template: string
    /** A folder that goes with the run. */
    scratch: string
  }
}

// The data is thrown away: here, and only here, it need not survive a power cut.
const THROW_AWAY = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', wal_level: 'minimal', max_wal_senders: '0', max_connections: '200' }

function complain(level: string, line: string): void {
  if (level === 'error') process.stderr.write(`postgres: ${line}\n`)
}

async function makeTemplate(connection: EmbeddedPostgres['connection']): Promise<void> {
  const client = new Client({ ...connection, ssl: false })
  await client.connect()
  await client.query(`CREATE DATABASE ${TEMPLATE}`)
  await client.end()
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool: new Pool({ ...connection, database: TEMPLATE, ssl: false }) }) })
  try {
    await migrateToLatest(db)
  } finally {
    await db.destroy()
  }
}

/** vitest's globalSetup: what it returns runs after the last test. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const [home, scratch] = await Promise.all([mkdtemp(join(tmpdir(), 'portner-test-')), mkdtemp(join(tmpdir(), 'portner-scratch-'))])
  const postgres = await startEmbeddedPostgres({ dataDir: home, log: complain, settings: THROW_AWAY })
  const teardown = async (): Promise<void> => {
    await postgres.stop()
    for (const folder of [home, scratch]) await rm(folder, { recursive: true, force: true })
  }
  try {
    await makeTemplate(postgres.connection)
  } catch (error) {
    await teardown()
    throw error
  }
  project.provide('postgres', postgres.connection)
  project.provide('template', TEMPLATE)
  project.provide('scratch', scratch)
  return teardown
}

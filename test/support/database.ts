import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { inject } from 'vitest'
import type { EmbeddedPostgres } from '../../src/database/embedded/embedded-postgres.ts'

export interface TestDatabase {
  /** What openDatabase and Client take. */
  readonly connection: EmbeddedPostgres['connection']
  /** The same as a URL, for DATABASE_URL. */
  readonly url: string
  /** Ends what is still connected and drops it. */
  drop(): Promise<void>
}

const IN_USE = '55006'
const TRIES = 50

async function ask(sql: string): Promise<void> {
  const client = new Client({ ...inject('postgres'), database: 'postgres', ssl: false })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}

// As files: the log of a test cluster is read by nobody. Copying needs the template to itself: another worker may be copying it just now.
async function copyTemplate(name: string, template: string, tries = TRIES): Promise<void> {
  try {
    await ask(`CREATE DATABASE ${name} TEMPLATE ${template} STRATEGY FILE_COPY`)
  } catch (error) {
    const inUse = error instanceof Error && 'code' in error && error.code === IN_USE
    if (!inUse || tries === 0) throw error
    await sleep(40)
    await copyTemplate(name, template, tries - 1)
  }
}

function urlOf(connection: EmbeddedPostgres['connection']): string {
  const { host, port, user, password, database } = connection
  const login = password === undefined ? user : `${user}:${encodeURIComponent(password)}`
  return host.startsWith('/') ? `postgresql://${login}@localhost:${port}/${database}?host=${encodeURIComponent(host)}` : `postgresql://${login}@${host}:${port}/${database}`
}

/** A database of its own, migrated to the latest: for one test file (or one test that needs a bare one); or a copy of another that nobody is in. */
export async function createTestDatabase(template = inject('template')): Promise<TestDatabase> {
  const name = `t_${process.env['VITEST_POOL_ID'] ?? '0'}_${randomBytes(6).toString('hex')}`
  await copyTemplate(name, template)
  const connection = { ...inject('postgres'), database: name }
  return { connection, url: urlOf(connection), drop: () => ask(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) }
}

import { randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { withPlainDatabase } from '../../src/cli/connect.ts'
import type { Connection } from '../../src/database/connect.ts'
import { migrateToLatest, pendingMigrations } from '../../src/database/migrate.ts'
import { migrations } from '../../migrations/index.ts'

const name = `bare_${randomBytes(6).toString('hex')}`

async function ask(statement: string): Promise<void> {
  const client = new Client({ ...inject('postgres'), database: 'postgres', ssl: false })
  await client.connect()
  await client.query(statement)
  await client.end()
}

beforeAll(() => ask(`create database ${name}`))
afterAll(() => ask(`drop database if exists ${name} with (force)`))

const connection = (): Connection => ({ ...inject('postgres'), database: name, ssl: false })

/** A process of its own, as the command and the server migrate. */
const migrate = () => withPlainDatabase(connection(), migrateToLatest)

test('two processes that start at once on an empty database migrate it once, and both can go on', async () => {
  const reports = await Promise.all([migrate(), migrate()])
  expect(reports.map(({ applied }) => applied.length).toSorted((a, b) => a - b)).toEqual([0, Object.keys(migrations).length])
  expect(await withPlainDatabase(connection(), pendingMigrations)).toEqual([])
  expect((await migrate()).applied).toEqual([])
})

test('another schema with migrations of its own is left alone', () =>
  withPlainDatabase(connection(), async (db) => {
    await sql`create schema neighbour`.execute(db)
    await sql`create table neighbour.kysely_migration (name text primary key, timestamp text)`.execute(db)
    expect((await migrateToLatest(db)).applied).toEqual([])
  }))

test('every index of the tables that tokens are written to is one that pays', () =>
  withPlainDatabase(connection(), async (db) => {
    const { rows } = await sql<{ tablename: string; indexname: string }>`select tablename, indexname from pg_indexes where schemaname = 'public' and tablename in ('access_tokens', 'authorization_codes')`.execute(db)
    expect(rows.map(({ indexname }) => indexname).toSorted()).toEqual(['access_tokens_pkey', 'authorization_codes_pkey'])
  }))

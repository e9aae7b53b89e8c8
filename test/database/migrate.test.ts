import { randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { openDatabase } from '../../src/database/connect.ts'
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

const open = () => openDatabase({ connection: { ...inject('postgres'), database: name, ssl: false }, pool: 2, prepare: true, onError: () => {} })

test('two processes that start at once on an empty database migrate it once, and both can go on', async () => {
  const [one, two] = [open(), open()]
  try {
    const reports = await Promise.all([migrateToLatest(one.db), migrateToLatest(two.db)])
    expect(reports.map(({ applied }) => applied.length).toSorted((a, b) => a - b)).toEqual([0, Object.keys(migrations).length])
    expect(await pendingMigrations(two.db)).toEqual([])
    expect((await migrateToLatest(one.db)).applied).toEqual([])
  } finally {
    await Promise.all([one.close(), two.close()])
  }
})

test('another schema with migrations of its own is left alone', async () => {
  const { db, close } = open()
  try {
    await sql`create schema neighbour`.execute(db)
    await sql`create table neighbour.kysely_migration (name text primary key, timestamp text)`.execute(db)
    expect((await migrateToLatest(db)).applied).toEqual([])
  } finally {
    await close()
  }
})

test('every index of the tables that tokens are written to is one that pays', async () => {
  const { db, close } = open()
  try {
    const { rows } = await sql<{ tablename: string; indexname: string }>`select tablename, indexname from pg_indexes where schemaname = 'public' and tablename in ('access_tokens', 'authorization_codes')`.execute(db)
    expect(rows.map(({ indexname }) => indexname).toSorted()).toEqual(['access_tokens_pkey', 'authorization_codes_pkey'])
  } finally {
    await close()
  }
})

import { Client } from 'pg'
import { expect, it } from 'vitest'
import { createTestDatabase } from '../support/database.ts'

async function count(options: string | object, sql: string): Promise<number> {
  const client = typeof options === 'string' ? new Client(options) : new Client({ ...options, ssl: false })
  await client.connect()
  try {
    return (await client.query(sql)).rows.length
  } finally {
    await client.end()
  }
}

it('gives every test a migrated database of its own', async () => {
  const databases = await Promise.all(Array.from({ length: 4 }, () => createTestDatabase()))
  const [one, two] = databases
  if (one === undefined || two === undefined) throw new Error('no database')
  await count(one.connection, 'CREATE TABLE mine AS SELECT 1 AS value')
  expect(await count(one.url, 'SELECT FROM mine')).toBe(1)
  expect(await count(two.url, `SELECT FROM pg_class WHERE relname = 'mine'`)).toBe(0)
  expect(await count(two.connection, 'SELECT FROM kysely_migration')).toBeGreaterThan(0)
  await Promise.all(databases.map((database) => database.drop()))
  await expect(count(one.url, 'SELECT 1')).rejects.toThrow(/does not exist/)
})

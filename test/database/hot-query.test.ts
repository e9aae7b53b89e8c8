import fc from 'fast-check'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runHot } from '../../src/database/hot-query.ts'
import { startTestServer, type TestServer } from '../support/app.ts'

// The statements of the hot paths are spoken without pg's own queries: what they are given and what they read must be the same.

let server: TestServer
let pool: pg.Pool
beforeAll(async () => {
  server = await startTestServer()
  // One connection: each statement finds what the last one left.
  pool = new pg.Pool({ connectionString: server.databaseUrl, max: 1, statement_timeout: 500 })
})
afterAll(async () => {
  await pool.end()
  await server.close()
})

const TYPES = `select $1::text as a, $2::bytea as b, $3::int8 as c, $4::timestamptz as d, $5::jsonb as e, $6::text[] as f, $7::bool as g, $8::uuid as h, $9::int as i, $10::bytea[] as j`

describe.each([true, false])('prepared: %s', (isPrepared) => {
  test('any value comes back as it does from a query of pg, at the first run and at the next', async () => {
    const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array))
    const text = fc.string({ unit: 'grapheme', maxLength: 40 }).map((one) => one.replaceAll('\0', ''))
    const optional = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(one)
    const json = fc.dictionary(text, fc.oneof(text, fc.integer(), fc.boolean(), fc.constant(null))).map((value) => JSON.stringify(value))
    const moment = fc.date({ min: new Date(0), max: new Date('2200-01-01'), noInvalidDate: true })
    const values = fc.tuple(optional(text), optional(bytes), optional(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })), optional(moment), optional(json), optional(fc.array(optional(text))), optional(fc.boolean()), optional(fc.uuid()), optional(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })), optional(fc.array(bytes)))
    await fc.assert(
      fc.asyncProperty(values, async (given) => {
        const { rows } = await pool.query({ text: TYPES, values: given, rowMode: 'array' })
        expect(await runHot(pool, { name: 'types', text: TYPES }, given, isPrepared)).toEqual(rows)
      }),
      { numRuns: 100 },
    )
  })

  test('no row, many rows, and a statement that gives none', async () => {
    const some = { name: 'some', text: 'select n, n::text from generate_series(1, $1::int) n' }
    const none = { name: 'none', text: `update clients set client_id = client_id where client_id = $1` }
    for (const count of [0, 3, 1000, 0]) expect(await runHot(pool, some, [count], isPrepared)).toEqual(Array.from({ length: count }, (_, i) => [i + 1, String(i + 1)]))
    for (let run = 0; run < 3; run++) expect(await runHot(pool, none, ['nobody'], isPrepared)).toEqual([])
  })

  test('one that fails says why, at whatever run, and the next one is answered', async () => {
    const divide = { name: 'divide', text: 'select 6 / $1::int' }
    const slow = { name: 'slow', text: 'select pg_sleep($1::float)' }
    await expect(runHot(pool, divide, [0], isPrepared)).rejects.toMatchObject({ code: '22012' })
    expect(await runHot(pool, divide, [2], isPrepared)).toEqual([[3]])
    await expect(runHot(pool, divide, [0], isPrepared)).rejects.toMatchObject({ code: '22012' })
    await expect(runHot(pool, divide, ['six'], isPrepared)).rejects.toMatchObject({ code: '22P02' })
    await expect(runHot(pool, { name: 'nonsense', text: 'selekt' }, [], isPrepared)).rejects.toMatchObject({ code: '42601' })
    await expect(runHot(pool, slow, [2], isPrepared)).rejects.toMatchObject({ code: '57014' })
    expect(await runHot(pool, divide, [3], isPrepared)).toEqual([[2]])
  })

  test('a hundred at once get their own', async () => {
    const echo = { name: 'echo', text: 'select $1::int' }
    const answers = await Promise.all(Array.from({ length: 100 }, (_, i) => runHot(pool, echo, [i], isPrepared)))
    expect(answers).toEqual(Array.from({ length: 100 }, (_, i) => [[i]]))
  })
})

test('two statements of one name are an error of ours, never the wrong rows', async () => {
  await runHot(pool, { name: 'twice', text: 'select 1' }, [], true)
  await expect(runHot(pool, { name: 'twice', text: 'select 2' }, [], true)).rejects.toThrow(/two hot statements/)
})

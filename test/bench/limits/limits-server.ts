import { generateKeyPairSync, sign } from 'node:crypto'
import formbody from '@fastify/formbody'
import { fastify } from 'fastify'
import { Client, Pool } from 'pg'
import { newRowId, randomBytes } from '../../../src/lib/random.ts'
import { naturalBatch } from './natural-batch.ts'

// What an answer costs when a server does nothing but the unavoidable: bare Fastify, the same driver, the same PostgreSQL. The routes of
// the product are measured against these in the same rounds.

const connection = JSON.parse(process.env['BENCH_CONNECTION'] ?? '{}') as object
const ANSWER = { access_token: 'ptr_at_AaEk2pN0d6qVnXyZ0000000000000000000000000000000000000000000000000000000', token_type: 'Bearer', expires_in: 3600, scope: 'gk_bench' }
const SCOPE = 'gk_bench'
const INPUT = Buffer.from('e'.repeat(400))
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })

const INSERT = `insert into limit_rows (id, expires_at, client_key, secret_hash, scope)`
const INSERT_ONE = { name: 'insert-one', text: `${INSERT} values ($1, now() + interval '1 hour', $2, $3, $4)` }
const INSERT_MANY = { name: 'insert-many', text: `${INSERT} select id, now() + interval '1 hour', client_key, secret_hash, scope from unnest($1::uuid[], $2::bigint[], $3::bytea[], $4::text[]) as t (id, client_key, secret_hash, scope)` }
const SELECT_ONE = { name: 'select-one', text: 'select id, scope from limit_rows where id = $1' }
const SELECT_MANY = { name: 'select-many', text: 'select r.id, r.scope from unnest($1::uuid[]) as t (id) join limit_rows r on r.id = t.id' }

interface Row {
  readonly id: string
  readonly hash: Buffer
}

const drawRow = (): Row => ({ id: newRowId(Date.now()), hash: randomBytes(32) })

const pool = new Pool({ ...connection, max: 8, idleTimeoutMillis: 0 })
const [writer, reader] = [new Client(connection), new Client(connection)]
await Promise.all([writer.connect(), reader.connect()])

const insert = naturalBatch<Row, true>(async (rows) => {
  await writer.query({ ...INSERT_MANY, values: [rows.map(({ id }) => id), rows.map(() => 1), rows.map(({ hash }) => hash), rows.map(() => SCOPE)] })
  return new Map(rows.map((row) => [row, true]))
})

const select = naturalBatch<string, string>(async (ids) => {
  const { rows } = await reader.query<[string, string]>({ ...SELECT_MANY, values: [ids], rowMode: 'array' } as never)
  return new Map(rows)
})

const app = fastify({ logger: false })
await app.register(formbody)
app.get('/constant', async () => ANSWER)
app.post('/constant', async () => ANSWER)
app.post('/sign', async () => ({ ...ANSWER, id_token: sign('sha256', INPUT, { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url') }))
app.post('/insert', async () => {
  const { id, hash } = drawRow()
  await pool.query({ ...INSERT_ONE, values: [id, 1, hash, SCOPE] })
  return ANSWER
})
app.post('/insert-batched', async () => {
  await insert(drawRow())
  return ANSWER
})
app.get<{ Params: { id: string } }>('/select/:id', async (request) => {
  const { rows } = await pool.query<{ scope: string }>({ ...SELECT_ONE, values: [request.params.id] })
  return { ...ANSWER, scope: rows[0]?.scope }
})
app.get<{ Params: { id: string } }>('/select-batched/:id', async (request) => ({ ...ANSWER, scope: await select(request.params.id) }))

await app.listen({ host: '127.0.0.1', port: 0 })
const address = app.server.address()
process.on('disconnect', () => process.exit(0))
process.send?.({ port: typeof address === 'object' ? address?.port : undefined })

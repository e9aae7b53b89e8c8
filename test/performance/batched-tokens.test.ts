import { sql } from 'kysely'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Context } from '../../src/context.ts'
import { drawSecret, drawToken, readToken } from '../../src/lib/opaque-token.ts'
import { mintClientToken } from '../../src/tokens/access-tokens.ts'
import { redeemCode } from '../../src/tokens/authorization-codes.ts'
import { rotateRefreshToken } from '../../src/tokens/grants.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { findPerson, newCode, newGrant, redemptionOf, rotationOf } from './hot-statements.ts'

// The same on the real database: what one statement for many does when some of the many are bad, or the same.

let server: TestServer

beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

/** The context of the server, and how many rows each hot statement was sent with. */
function counted(): { readonly ctx: Context; readonly rows: number[] } {
  const rows: number[] = []
  const { hot } = server.ctx
  const ctx: Context = {
    ...server.ctx,
    hot: (statement, values) => {
      rows.push((values[0] as readonly unknown[]).length)
      return hot(statement, values)
    },
  }
  return { ctx, rows }
}

it('a poisoned row fails alone; its neighbours are kept', async () => {
  const { ctx, rows } = counted()
  const { clientKey } = await findPerson(ctx, 'robot')
  const mint = (scope: string): Promise<boolean> => {
    const { id, hash } = drawToken('at', ctx.clock.now())
    return mintClientToken(ctx, { id, hash, clientKey, scope, audience: null, lifetime: 3600, confirmation: null, authorizationDetails: [] })
  }
  // PostgreSQL takes no NUL in text; the doors refuse it long before.
  const results = await Promise.allSettled([...Array.from({ length: 10 }, () => mint('good')), mint('bad\0'), mint('good')])
  expect(rows[0]).toBe(12)
  expect(results.map(({ status }) => status)).toEqual([...Array.from({ length: 10 }, () => 'fulfilled'), 'rejected', 'fulfilled'])
  expect(results.filter((result) => result.status === 'fulfilled' && result.value)).toHaveLength(11)
  const { rows: kept } = await sql`select from access_tokens where scope = 'good'`.execute(ctx.db)
  expect(kept).toHaveLength(11)
})

it('one code twice in one statement has one winner', async () => {
  const { ctx, rows } = counted()
  const person = await findPerson(ctx, 'planner')
  const code = readToken('ac', await newCode(ctx, person, ['openid']))
  if (code === undefined) throw new Error('no code')
  const redeemed = await Promise.all(Array.from({ length: 20 }, () => redeemCode(ctx, redemptionOf(ctx, person, code, drawSecret().hash))))
  expect(rows).toEqual([20])
  const [winner, ...more] = redeemed.filter((one) => one !== undefined)
  expect(more).toEqual([])
  const { rows: minted } = await sql`select from access_tokens where grant_id = ${winner?.grantId}`.execute(ctx.db)
  expect(minted).toHaveLength(1)
})

it('one refresh token twice in one statement has one winner, whose generation is the one kept', async () => {
  const { ctx, rows } = counted()
  const person = await findPerson(ctx, 'planner')
  const { grantId, refresh } = await newGrant(ctx, person, ['openid'])
  rows.length = 0
  const rotations = Array.from({ length: 20 }, () => rotationOf(ctx, person, grantId, refresh.hash))
  const rotated = await Promise.all(rotations.map((rotation) => rotateRefreshToken(ctx, rotation)))
  expect(rows).toEqual([20])
  const winners = rotations.filter((_, i) => rotated[i] !== undefined)
  expect(winners).toHaveLength(1)
  const { rows: kept } = await sql<{ refresh_hash: Buffer }>`select refresh_hash from grants where grant_id = ${grantId}`.execute(ctx.db)
  expect(kept[0]?.refresh_hash).toEqual(winners[0]?.nextHash)
  const { rows: minted } = await sql`select token_id from access_tokens where token_id = any(${rotations.map(({ tokenId }) => tokenId)}::uuid[])`.execute(ctx.db)
  expect(minted).toEqual([{ token_id: winners[0]?.tokenId }])
})

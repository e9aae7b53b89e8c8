import { z } from 'zod'
import type { Context } from '../../context.ts'
import { makeOperator, takeOperator } from '../../declarations/operators.ts'
import { isRowId } from '../../lib/random.ts'
import { can } from '../../organizations/can.ts'
import { findOperator, type Operator, pageOfOperators } from '../../organizations/operators.ts'
import type { Caller } from '../caller.ts'
import { pageQuery, readCursor, toPage } from '../cursor.ts'
import { forbidden, notFound } from '../failure.ts'
import { operation, param, type Resource } from '../operation.ts'

const COLLECTION = '/api/operators'
const ONE = `${COLLECTION}/{user_id}`
const LIST = 'operators'

const operator = z.strictObject({ user_id: z.uuid(), since: z.iso.datetime() })
const shown = { name: 'Operator', schema: operator }

function show({ userId, since }: Operator): z.output<typeof operator> {
  return { user_id: userId, since: since.toISOString() }
}

function mayRead({ actor }: Caller): boolean {
  return can(actor, 'read', { kind: 'operator', owner: {} })
}

async function requireOperator(ctx: Context, caller: Caller, userId: string): Promise<Operator> {
  const found = mayRead(caller) && isRowId(userId) ? await findOperator(ctx.db, userId) : undefined
  if (found === undefined) throw notFound()
  return found
}

/** The people who run this server. To everybody else there are none. */
export const operators: Resource = () => [
  operation({
    method: 'GET',
    path: COLLECTION,
    id: 'listOperators',
    summary: 'The people who run this server',
    scope: 'portner.operators.read',
    query: z.strictObject(pageQuery),
    answer: { status: 200, description: 'A page of them', schema: { name: 'OperatorList', schema: z.object({ items: z.array(operator), next_cursor: z.string().optional() }) } },
    run: async ({ ctx, caller, query: { cursor, limit } }) => {
      if (!mayRead(caller)) throw forbidden()
      const rows = await pageOfOperators(ctx.db, { after: readCursor(ctx, LIST, cursor), limit: limit + 1 })
      return { status: 200, body: toPage(ctx, LIST, rows, limit, ({ userId }) => userId, show) }
    },
  }),
  operation({
    method: 'POST',
    path: COLLECTION,
    id: 'addOperator',
    summary: 'Lets a person see and change everything',
    scope: 'portner.operators.write',
    body: { reads: z.strictObject({ user_id: z.uuid() }), example: { user_id: '00000000-0000-4000-8000-000000000000' } },
    answer: { status: 201, description: 'They are one', schema: shown, versioned: true },
    refusals: [409],
    needsRecentSignIn: true,
    run: async ({ ctx, caller, body }) => {
      const added = await requireOperator(ctx, caller, await makeOperator(ctx, caller, body.user_id))
      return { status: 201, body: show(added), version: added.version, location: `${COLLECTION}/${added.userId}` }
    },
  }),
  operation({
    method: 'GET',
    path: ONE,
    id: 'readOperator',
    summary: 'One of them',
    scope: 'portner.operators.read',
    answer: { status: 200, description: 'Since when', schema: shown, versioned: true },
    refusals: [404],
    run: async (call) => {
      const found = await requireOperator(call.ctx, call.caller, param(call, 'user_id'))
      return { status: 200, body: show(found), version: found.version }
    },
  }),
  operation({
    method: 'DELETE',
    path: ONE,
    id: 'removeOperator',
    summary: 'Takes that from a person, at their next request; never from the last one',
    scope: 'portner.operators.write',
    answer: { status: 204, description: 'They are none' },
    refusals: [404, 409],
    changes: true,
    needsRecentSignIn: true,
    run: async (call) => {
      const { userId } = await requireOperator(call.ctx, call.caller, param(call, 'user_id'))
      await takeOperator(call.ctx, call.caller, userId, call.expected)
      return { status: 204 }
    },
  }),
]

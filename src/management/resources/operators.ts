import { z } from 'zod'
import type { Context } from '../../context.ts'
import { inTransaction } from '../../database/transaction.ts'
import { isRowId } from '../../lib/random.ts'
import { type Action, can } from '../../organizations/can.ts'
import { addOperator, findOperator, type Operator, pageOfOperators, removeOperatorKeepingOne } from '../../organizations/operators.ts'
import { findUser } from '../../users/store.ts'
import type { Caller } from '../caller.ts'
import { pageQuery, readCursor, toPage } from '../cursor.ts'
import { conflict, forbidden, invalid, notFound, seenOther } from '../failure.ts'
import { operation, param, type Resource } from '../operation.ts'

const COLLECTION = '/api/operators'
const ONE = `${COLLECTION}/{user_id}`
const LIST = 'operators'

const operator = z.strictObject({ user_id: z.uuid(), since: z.iso.datetime() })
const shown = { name: 'Operator', schema: operator }

function show({ userId, since }: Operator): z.output<typeof operator> {
  return { user_id: userId, since: since.toISOString() }
}

function may({ actor }: Caller, action: Action): boolean {
  return can(actor, action, { kind: 'operator', owner: {} })
}

async function requireOperator(ctx: Context, caller: Caller, userId: string, action: 'read' | 'delete'): Promise<Operator> {
  const found = may(caller, action) && isRowId(userId) ? await findOperator(ctx.db, userId) : undefined
  if (found === undefined) throw notFound()
  return found
}

function record(ctx: Context, { actor }: Caller, userId: string, change: string): void {
  ctx.audit.record({ event: 'operator.changed', userId, change: `${change} by api`, actor: actor.userId })
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
      if (!may(caller, 'read')) throw forbidden()
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
      if (!may(caller, 'create')) throw forbidden()
      const user = await findUser(ctx.db, body.user_id)
      if (user === undefined) throw invalid([{ path: 'user_id', message: 'user_id: there is no such person' }])
      if (!(await addOperator(ctx.db, user.userId))) throw conflict('already_exists', 'They are one already')
      record(ctx, caller, user.userId, 'add')
      const added = await requireOperator(ctx, caller, user.userId, 'read')
      return { status: 201, body: show(added), version: added.version, location: `${COLLECTION}/${user.userId}` }
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
      const found = await requireOperator(call.ctx, call.caller, param(call, 'user_id'), 'read')
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
      const { ctx, caller, expected = '' } = call
      const { userId } = await requireOperator(ctx, caller, param(call, 'user_id'), 'delete')
      const outcome = await inTransaction(ctx.db, (trx) => removeOperatorKeepingOne(trx, userId, expected))
      if (outcome === 'other') throw seenOther()
      if (outcome === 'last') throw conflict('in_use', 'They are the last operator; make somebody else one first')
      record(ctx, caller, userId, 'remove')
      return { status: 204 }
    },
  }),
]

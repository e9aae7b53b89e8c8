import type { Context } from '../context.ts'
import { inTransaction } from '../database/transaction.ts'
import { can } from '../organizations/can.ts'
import { addOperator, findOperator, removeOperator, removeOperatorKeepingOne } from '../organizations/operators.ts'
import { findUser } from '../users/store.ts'
import type { Changer } from './changer.ts'
import { ChangeRefused } from './refused.ts'
import { actorOf, byWay } from './way.ts'

// Owns how somebody becomes one of those who run this server, and how they cease to be: by the API and by a command.

function record(ctx: Context, changer: Changer, userId: string, what: string): void {
  ctx.audit.record({ event: 'operator.changed', userId, change: byWay(changer, what), ...actorOf(changer) })
}

/** Lets a person see and change everything; gives the id that is theirs. Throws ChangeRefused: `exists` when they may already. */
export async function makeOperator(ctx: Context, changer: Changer, named: string): Promise<string> {
  if (!can(changer.actor, 'create', { kind: 'operator', owner: {} })) throw new ChangeRefused('forbidden')
  const userId = (await findUser(ctx.db, named))?.userId
  if (userId === undefined) throw new ChangeRefused('invalid', [{ path: 'user_id', message: 'user_id: there is no such person' }])
  if (!(await addOperator(ctx.db, userId))) throw new ChangeRefused('exists', [{ path: 'user_id', message: 'They are one already' }])
  record(ctx, changer, userId, 'add')
  return userId
}

// At the command line the last one may go, too: whoever stands there makes another.
async function remove(ctx: Context, { through }: Changer, userId: string, expected: string): Promise<'removed' | 'last' | 'other'> {
  if (through !== 'command') return inTransaction(ctx.db, (trx) => removeOperatorKeepingOne(trx, userId, expected))
  return (await removeOperator(ctx.db, userId)) ? 'removed' : 'other'
}

/** Takes that from a person, at their next request. Throws ChangeRefused: `in_use` for the last one. */
export async function takeOperator(ctx: Context, changer: Changer, userId: string, expected?: string): Promise<void> {
  const found = can(changer.actor, 'delete', { kind: 'operator', owner: {} }) ? await findOperator(ctx.db, userId) : undefined
  if (found === undefined) throw new ChangeRefused('not_found')
  const outcome = await remove(ctx, changer, userId, expected ?? found.version)
  if (outcome === 'other') throw new ChangeRefused('stale')
  if (outcome === 'last') throw new ChangeRefused('in_use', [{ path: 'user_id', message: 'They are the last operator; make somebody else one first' }])
  record(ctx, changer, userId, 'remove')
}

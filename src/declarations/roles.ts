import type { Context } from '../context.ts'
import { inTransaction } from '../database/transaction.ts'
import { type Action, can, type Role } from '../organizations/can.ts'
import { addMember, holdMember, type Member, removeMember, removeMemberKeepingAdmin, setMember, setMemberKeepingAdmin } from '../organizations/members.ts'
import { readOrganization } from '../organizations/store.ts'
import { findUser } from '../users/store.ts'
import type { Changer } from './changer.ts'
import { ChangeRefused } from './refused.ts'
import { actorOf, byWay } from './way.ts'
import { writeTurn } from './write-turn.ts'

// Owns how somebody gets a role in an organization, another one, or loses it: by the API, by a page, by a command. Of what one may not read
// there is nothing; and an organization that has an administrator keeps one.

/** Somebody in an organization. */
export interface Place {
  readonly organization: string
  readonly userId: string
}

/** Whoever stands at the command line can always make somebody else one: an organization that is emptied there is meant to be empty. */
function mayLeaveNone({ through }: Pick<Changer, 'through'>): boolean {
  return through === 'command'
}

async function requireMay(ctx: Context, { actor }: Changer, action: Action, { organization, userId }: Place): Promise<void> {
  const isThere = (await readOrganization(ctx.db, organization)) !== undefined
  if (isThere && can(actor, action, { kind: 'membership', owner: { organization, userId } })) return
  throw new ChangeRefused(isThere && can(actor, 'read', { kind: 'organization', owner: { organization } }) ? 'forbidden' : 'not_found')
}

function record(ctx: Context, changer: Changer, { organization, userId }: Place, what: string): void {
  ctx.audit.record({ event: 'organization.member_changed', organizationId: organization, userId, change: byWay(changer, what), ...actorOf(changer) })
}

function lastAdmin(): ChangeRefused {
  return new ChangeRefused('in_use', [{ path: 'role', message: 'They are the last admin; make somebody else one first' }])
}

/** Gives a person who has no role there one; gives the id that is theirs. Throws ChangeRefused: `exists` when they have one. */
export async function giveRole(ctx: Context, changer: Changer, { organization, userId: named }: Place, role: Role): Promise<string> {
  await requireMay(ctx, changer, 'create', { organization, userId: named })
  const userId = (await findUser(ctx.db, named))?.userId
  if (userId === undefined) throw new ChangeRefused('invalid', [{ path: 'user_id', message: 'user_id: there is no such person' }])
  if (!(await addMember(ctx.db, organization, userId, role))) throw new ChangeRefused('exists', [{ path: 'user_id', message: 'They have a role there already' }])
  record(ctx, changer, { organization, userId }, role)
  return userId
}

/** Does something to a role that is as it was seen, one at a time; gives the role before. */
async function act(ctx: Context, { organization, userId }: Place, expected: string | undefined, work: (trx: Parameters<typeof addMember>[0], before: Member) => Promise<boolean>): Promise<Member> {
  return writeTurn(ctx, () =>
    inTransaction(ctx.db, async (trx) => {
      const before = await holdMember(trx, organization, userId)
      if (before === undefined) throw new ChangeRefused('not_found')
      if (expected !== undefined && before.version !== expected) throw new ChangeRefused('stale')
      if (!(await work(trx, before))) throw lastAdmin()
      return before
    }),
  )
}

/** Gives somebody another role. `expected`: the version that it must still be. Throws ChangeRefused: `in_use` for the last administrator. */
export async function changeRole(ctx: Context, changer: Changer, place: Place, role: Role, expected?: string): Promise<void> {
  await requireMay(ctx, changer, 'change', place)
  const { organization, userId } = place
  const set = mayLeaveNone(changer) ? setMember : setMemberKeepingAdmin
  const before = await act(ctx, place, expected, async (trx, member) => member.role === role || set(trx, organization, userId, role))
  if (before.role !== role) record(ctx, changer, place, role)
}

/** Takes somebody's role. Throws ChangeRefused: `in_use` for the last administrator. */
export async function takeRole(ctx: Context, changer: Changer, place: Place, expected?: string): Promise<void> {
  await requireMay(ctx, changer, 'delete', place)
  const remove = mayLeaveNone(changer) ? removeMember : removeMemberKeepingAdmin
  await act(ctx, place, expected, (trx) => remove(trx, place.organization, place.userId))
  record(ctx, changer, place, 'removed')
}

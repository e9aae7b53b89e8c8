import { z } from 'zod'
import type { Context } from '../../context.ts'
import { inTransaction } from '../../database/transaction.ts'
import { findThing } from '../../declarations/thing.ts'
import { writeTurn } from '../../declarations/write-turn.ts'
import { isRowId } from '../../lib/random.ts'
import { can, type Role, roles } from '../../organizations/can.ts'
import { addMember, findMember, holdMember, listMembers, type Member, removeMemberKeepingAdmin, setMemberKeepingAdmin } from '../../organizations/members.ts'
import { findUser } from '../../users/store.ts'
import type { Caller } from '../caller.ts'
import { pageQuery, readCursor, toPage } from '../cursor.ts'
import { conflict, forbidden, invalid, notFound, seenOther } from '../failure.ts'
import { operation, param, type Resource } from '../operation.ts'

const COLLECTION = '/api/organizations/{organization_id}/members'
const ONE = `${COLLECTION}/{user_id}`

const role = z.enum(roles as readonly [Role, ...Role[]])
const member = z.strictObject({ user_id: z.uuid(), role, since: z.iso.datetime() })
const shown = { name: 'Member', schema: member }

function show({ userId, role: as, since }: Member): z.output<typeof member> {
  return { user_id: userId, role: as, since: since.toISOString() }
}

type Action = 'read' | 'create' | 'change' | 'delete'

/** The organization, where the caller may do this to somebody's role in it; one that they may not read is not there. */
async function requireOrganization(ctx: Context, { actor }: Caller, organization: string, action: Action, userId?: string): Promise<string> {
  const kind = 'membership'
  if (can(actor, action, { kind, owner: { organization, userId } })) return (await findThing(ctx, { ...actor, operator: true }, 'organization', organization)).id
  await findThing(ctx, actor, 'organization', organization)
  throw forbidden()
}

async function requireMember(ctx: Context, organization: string, userId: string): Promise<Member> {
  const found = isRowId(userId) ? await findMember(ctx.db, organization, userId) : undefined
  if (found === undefined) throw notFound()
  return found
}

function lastAdmin(): Error {
  return conflict('in_use', 'They are the last admin; make somebody else one first')
}

function record(ctx: Context, { actor }: Caller, organizationId: string, userId: string, change: string): void {
  ctx.audit.record({ event: 'organization.member_changed', organizationId, userId, change, actor: actor.userId })
}

/** Who works for an organization, and as what. */
export const members: Resource = () => [
  operation({
    method: 'GET',
    path: COLLECTION,
    id: 'listMembers',
    summary: 'Who works for an organization',
    scope: 'portner.organizations.read',
    query: z.strictObject(pageQuery),
    answer: { status: 200, description: 'A page of them', schema: { name: 'MemberList', schema: z.object({ items: z.array(member), next_cursor: z.string().optional() }) } },
    refusals: [404],
    run: async ({ ctx, caller, query: { cursor, limit }, params }) => {
      const organization = await requireOrganization(ctx, caller, param({ params }, 'organization_id'), 'read')
      const list = `members of ${organization}`
      const rows = await listMembers(ctx.db, organization, { after: readCursor(ctx, list, cursor), limit: limit + 1 })
      return { status: 200, body: toPage(ctx, list, rows, limit, ({ userId }) => userId, show) }
    },
  }),
  operation({
    method: 'POST',
    path: COLLECTION,
    id: 'addMember',
    summary: 'Gives somebody a role in an organization',
    scope: 'portner.organizations.write',
    body: { reads: z.strictObject({ user_id: z.uuid(), role }), example: { user_id: '00000000-0000-4000-8000-000000000000', role: 'developer' } },
    answer: { status: 201, description: 'They have it', schema: shown, versioned: true },
    refusals: [404, 409],
    needsRecentSignIn: true,
    run: async ({ ctx, caller, body, params }) => {
      const organization = await requireOrganization(ctx, caller, param({ params }, 'organization_id'), 'create')
      const user = await findUser(ctx.db, body.user_id)
      if (user === undefined) throw invalid([{ path: 'user_id', message: 'user_id: there is no such person' }])
      if (!(await addMember(ctx.db, organization, user.userId, body.role))) throw conflict('already_exists', 'They have a role there already')
      const added = await requireMember(ctx, organization, user.userId)
      record(ctx, caller, organization, user.userId, `${body.role} by api`)
      return { status: 201, body: show(added), version: added.version, location: `/api/organizations/${organization}/members/${user.userId}` }
    },
  }),
  operation({
    method: 'GET',
    path: ONE,
    id: 'readMember',
    summary: 'The role of one of them',
    scope: 'portner.organizations.read',
    answer: { status: 200, description: 'Their role', schema: shown, versioned: true },
    refusals: [404],
    run: async ({ ctx, caller, params }) => {
      const found = await requireMember(ctx, await requireOrganization(ctx, caller, param({ params }, 'organization_id'), 'read'), param({ params }, 'user_id'))
      return { status: 200, body: show(found), version: found.version }
    },
  }),
  operation({
    method: 'PUT',
    path: ONE,
    id: 'changeMember',
    summary: 'Gives one of them another role',
    scope: 'portner.organizations.write',
    body: { reads: z.strictObject({ role }), example: { role: 'member' } },
    answer: { status: 200, description: 'Their role now', schema: shown, versioned: true },
    refusals: [404, 409],
    changes: true,
    needsRecentSignIn: true,
    run: ({ ctx, caller, params, body, expected }) =>
      writeTurn(ctx, async () => {
        const organization = await requireOrganization(ctx, caller, param({ params }, 'organization_id'), 'change')
        const { userId, version } = await requireMember(ctx, organization, param({ params }, 'user_id'))
        if (version !== expected) throw seenOther()
        await inTransaction(ctx.db, async (trx) => {
          if ((await holdMember(trx, organization, userId))?.version !== expected) throw seenOther()
          if (!(await setMemberKeepingAdmin(trx, organization, userId, body.role))) throw lastAdmin()
        })
        const changed = await requireMember(ctx, organization, userId)
        record(ctx, caller, organization, userId, `${body.role} by api`)
        return { status: 200 as const, body: show(changed), version: changed.version }
      }),
  }),
  operation({
    method: 'DELETE',
    path: ONE,
    id: 'removeMember',
    summary: 'Takes the role of one of them; it holds at their next request',
    scope: 'portner.organizations.write',
    answer: { status: 204, description: 'They have none' },
    refusals: [404, 409],
    changes: true,
    needsRecentSignIn: true,
    run: ({ ctx, caller, params, expected }) =>
      writeTurn(ctx, async () => {
        const userId = param({ params }, 'user_id')
        const organization = await requireOrganization(ctx, caller, param({ params }, 'organization_id'), 'delete', userId)
        if ((await requireMember(ctx, organization, userId)).version !== expected) throw seenOther()
        await inTransaction(ctx.db, async (trx) => {
          if ((await holdMember(trx, organization, userId))?.version !== expected) throw seenOther()
          if (!(await removeMemberKeepingAdmin(trx, organization, userId))) throw lastAdmin()
        })
        record(ctx, caller, organization, userId, 'removed by api')
        return { status: 204 as const }
      }),
  }),
]

import { z } from 'zod'
import type { Context } from '../../context.ts'
import { changeRole, giveRole, type Place, takeRole } from '../../declarations/roles.ts'
import { findThing } from '../../declarations/thing.ts'
import { isRowId } from '../../lib/random.ts'
import { type Role, roles } from '../../organizations/can.ts'
import { findMember, listMembers, type Member } from '../../organizations/members.ts'
import type { Caller } from '../caller.ts'
import { pageQuery, readCursor, toPage } from '../cursor.ts'
import { notFound } from '../failure.ts'
import { type Call, operation, param, type Resource } from '../operation.ts'

const COLLECTION = '/api/organizations/{organization_id}/members'
const ONE = `${COLLECTION}/{user_id}`

const role = z.enum(roles as readonly [Role, ...Role[]])
const member = z.strictObject({ user_id: z.uuid(), role, since: z.iso.datetime() })
const shown = { name: 'Member', schema: member }

function show({ userId, role: as, since }: Member): z.output<typeof member> {
  return { user_id: userId, role: as, since: since.toISOString() }
}

/** The organization, where the caller may see who works for it; one that they may not read is not there. */
async function requireOrganization(ctx: Context, { actor }: Caller, organization: string): Promise<string> {
  return (await findThing(ctx, actor, 'organization', organization)).id
}

async function requireMember(ctx: Context, organization: string, userId: string): Promise<Member> {
  const found = isRowId(userId) ? await findMember(ctx.db, organization, userId) : undefined
  if (found === undefined) throw notFound()
  return found
}

function placeOf(call: Pick<Call, 'params'>): Place {
  const userId = param(call, 'user_id')
  if (!isRowId(userId)) throw notFound()
  return { organization: param(call, 'organization_id'), userId }
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
      const organization = await requireOrganization(ctx, caller, param({ params }, 'organization_id'))
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
      const organization = param({ params }, 'organization_id')
      const added = await requireMember(ctx, organization, await giveRole(ctx, caller, { organization, userId: body.user_id }, body.role))
      return { status: 201, body: show(added), version: added.version, location: `/api/organizations/${organization}/members/${added.userId}` }
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
      const found = await requireMember(ctx, await requireOrganization(ctx, caller, param({ params }, 'organization_id')), param({ params }, 'user_id'))
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
    run: async (call) => {
      const place = placeOf(call)
      await changeRole(call.ctx, call.caller, place, call.body.role, call.expected)
      const changed = await requireMember(call.ctx, place.organization, place.userId)
      return { status: 200, body: show(changed), version: changed.version }
    },
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
    run: async (call) => {
      await takeRole(call.ctx, call.caller, placeOf(call), call.expected)
      return { status: 204 }
    },
  }),
]

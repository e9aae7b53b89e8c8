import type { Context } from '../../context.ts'
import { type AdHocGroup, findGroupOf, listGroupsOf, listMembers } from '../ad-hoc.ts'
import type { Group, GroupMember, GroupPerson, GroupSource } from '../group.ts'

// The groups that people make themselves: `fc:adhoc:<uuid>`. Only those who are in one know of it and of each other.

const ID = /^fc:adhoc:([0-9a-f-]{36})$/

function toGroup({ groupId, name, description, role }: AdHocGroup): Group {
  return { id: `fc:adhoc:${groupId}`, displayName: name, type: 'voot:ad-hoc', description, public: false, membership: { basic: role } }
}

function own(ctx: Context, id: string, { userId }: GroupPerson): Promise<AdHocGroup | undefined> {
  return findGroupOf(ctx.db, ID.exec(id)?.[1] ?? '', userId)
}

async function members(ctx: Context, id: string, person: GroupPerson): Promise<readonly GroupMember[] | undefined> {
  const group = await own(ctx, id, person)
  if (group === undefined) return undefined
  return (await listMembers(ctx.db, group.groupId)).map(({ userId, claims, username, role }) => ({ userId, name: claims.name ?? username ?? '', membership: { basic: role } }))
}

export const adHocGroups: GroupSource = {
  name: 'ad-hoc',
  types: [{ id: 'voot:ad-hoc', displayName: { en: 'Ad hoc group', nb: 'Ad hoc-gruppe', nn: 'Ad hoc-gruppe', fi: 'Vapaa ryhmä', sv: 'Egen grupp' } }],
  owns: (id) => ID.test(id),
  groupsOf: async (ctx, { userId }) => (await listGroupsOf(ctx.db, userId)).map(toGroup),
  find: async (ctx, id, person) => {
    const group = await own(ctx, id, person)
    return group && toGroup(group)
  },
  members,
}

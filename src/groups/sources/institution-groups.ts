import type { Context } from '../../context.ts'
import { findOrganization } from '../../organizations/store.ts'
import { listAffiliations } from '../../users/affiliations.ts'
import type { Group, GroupPerson, GroupSource } from '../group.ts'

// The groups that an institution names when its people sign in, or that a declaration gives them. They are names within the institution:
// "staff" of one is not "staff" of another, so the id has its realm. The claim has the plain name, as clients know it, but for a name that
// looks like an id of ours: an institution must not say that somebody is in another's group.

const PREFIX = 'fc:group:'
const ANY_ID = /^fc:/i

async function realmOf(ctx: Context, { userId, organizationId }: GroupPerson): Promise<string> {
  const [realm] = (await findOrganization(ctx, organizationId))?.realms ?? []
  if (realm !== undefined) return realm
  const said = await listAffiliations(ctx.db, userId)
  return said.length === 1 ? (said[0]?.realm ?? '') : ''
}

async function groupsOf(ctx: Context, person: GroupPerson): Promise<readonly Group[]> {
  if (person.groups.length === 0) return []
  const realm = await realmOf(ctx, person)
  return person.groups.map((name) => ({
    id: `${PREFIX}${realm}:${encodeURIComponent(name)}`,
    displayName: name,
    type: 'voot:group',
    public: false,
    ...(realm === '' ? {} : { parent: `fc:org:${realm}` }),
    membership: { basic: 'member' },
    ...(ANY_ID.test(name) ? {} : { claim: name }),
  }))
}

export const institutionGroups: GroupSource = {
  name: 'institution-groups',
  types: [{ id: 'voot:group', displayName: { en: 'Group of an institution', nb: 'Gruppe ved en institusjon', nn: 'Gruppe ved ein institusjon', fi: 'Laitoksen ryhmä', sv: 'Grupp vid en institution' } }],
  owns: (id) => id.startsWith(PREFIX),
  groupsOf,
  find: async (ctx, id, person) => (await groupsOf(ctx, person)).find((group) => group.id === id),
  // Known is only who has signed in since.
  members: async () => undefined,
}

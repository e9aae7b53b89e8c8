import type { Context } from '../../context.ts'
import { findActor } from '../../organizations/members.ts'
import type { Organization } from '../../organizations/organization.ts'
import { findOrganization, findOrganizationByRealm, findOrganizations } from '../../organizations/store.ts'
import { type KnownAffiliation, listAffiliations } from '../../users/affiliations.ts'
import type { Basic, Group, GroupPerson, GroupSource } from '../group.ts'
import { isMeant, wordsOfNames } from '../query.ts'

// The institutions that people belong to: `fc:org:<realm>`. Who works for an organization here without belonging to it is in no group of it.

const PREFIX = 'fc:org:'
const REALM = /^fc:org:([a-z0-9.-]{3,253})$/

function toGroup(affiliation: KnownAffiliation, organization: Organization | undefined, basic: Basic): Group {
  const { realm, name, words, primary, since, endedAt, providerId } = affiliation
  return {
    id: `${PREFIX}${realm}`,
    displayName: organization?.name ?? name,
    type: 'fc:org',
    public: true,
    ...(providerId === undefined ? {} : { providerId }),
    membership: { basic, ...(words.length === 0 ? {} : { affiliation: words }), ...(primary === undefined ? {} : { primaryAffiliation: primary }) },
    ...(endedAt === undefined ? {} : { notBefore: since, notAfter: endedAt }),
  }
}

/** The organization of an account that it has here, where no provider says anything of it. */
function ownAffiliation(organization: Organization | undefined, known: readonly KnownAffiliation[]): readonly KnownAffiliation[] {
  const [realm] = organization?.realms ?? []
  if (organization === undefined || realm === undefined || known.some((one) => one.endedAt === undefined && organization.realms.includes(one.realm))) return []
  return [{ realm, name: organization.name, words: [], primary: undefined, principalName: undefined, since: new Date(0), endedAt: undefined, providerId: undefined }]
}

async function groupsOf(ctx: Context, { userId, organizationId }: GroupPerson, all: boolean): Promise<readonly Group[]> {
  const [said, organization, actor] = await Promise.all([listAffiliations(ctx.db, userId, all), findOrganization(ctx, organizationId), findActor(ctx, userId)])
  const own = ownAffiliation(organization, said)
  const known = [...own, ...said.filter(({ realm }) => !own.some((one) => one.realm === realm))]
  return known.map((affiliation) => {
    const isHome = organization?.realms.includes(affiliation.realm) === true
    return toGroup(affiliation, isHome ? organization : undefined, isHome && actor.roles.get(organization.organization_id) === 'admin' ? 'admin' : 'member')
  })
}

/** What each organization can be found by; made once for a list. */
const names = new WeakMap<readonly Organization[], readonly (readonly string[])[]>()

function namesOf(all: readonly Organization[]): readonly (readonly string[])[] {
  const known = names.get(all) ?? all.map(({ name, realms }) => wordsOfNames([name, ...realms]))
  names.set(all, known)
  return known
}

async function search(ctx: Context, typed: string, limit: number): Promise<readonly Group[]> {
  const all = await findOrganizations(ctx)
  const words = namesOf(all)
  const found = all.filter(({ realms }, i) => realms.length > 0 && isMeant(typed, words[i] ?? [])).slice(0, limit)
  return found.map(({ name, realms }) => ({ id: `${PREFIX}${realms[0] ?? ''}`, displayName: name, type: 'fc:org', public: true }))
}

async function find(ctx: Context, id: string, person: GroupPerson): Promise<Group | undefined> {
  const own = (await groupsOf(ctx, person, false)).find((group) => group.id === id)
  if (own !== undefined) return own
  const organization = await findOrganizationByRealm(ctx.db, REALM.exec(id)?.[1] ?? '')
  return organization && { id, displayName: organization.name, type: 'fc:org', public: true }
}

export const organizations: GroupSource = {
  name: 'organizations',
  types: [{ id: 'fc:org', displayName: { en: 'Organization', nb: 'Organisasjon', nn: 'Organisasjon', fi: 'Organisaatio', sv: 'Organisation' } }],
  owns: (id) => REALM.test(id),
  groupsOf,
  search,
  find,
  // Everybody at a university is nobody's list.
  members: async () => undefined,
}

import type { Client, Entry } from 'ldapts'
import { z } from 'zod'
import { textsOf } from './ldap-entry.ts'
import { fillFilter, filterFault } from './ldap-filter.ts'
import { frontValue, isBelow, isName } from './ldap-name.ts'

// Owns which groups a person is in, by what the directory says: the names in the person's entry, or a search among the groups; and the
// groups that those are in. Bounded in depth, searches and number: a circle of groups ends.

const group = (places: readonly string[]) =>
  z.string().max(1000).superRefine((template, context) => {
    const fault = filterFault(template, places)
    if (fault !== undefined) context.addIssue({ code: 'custom', message: fault })
  })

export const groupsSchema = z.strictObject({
  /** The person's own attribute, a search, or none at all. */
  from: z.enum(['member_of', 'search', 'none']).default('member_of'),
  /** Only groups below it count. Left out: below `base_dn`. */
  base_dn: z.string().max(500).refine(isName, 'must be a distinguished name').optional(),
  filter: group(['dn', 'username']).default('(|(member={dn})(uniqueMember={dn})(memberUid={username}))'),
  /** What a group is called: its `cn`, or its whole name. */
  name: z.enum(['cn', 'dn']).default('cn'),
  /** Groups of groups: as the directory works it out (Active Directory), or asked for step by step. */
  nested: z.enum(['none', 'in_chain', 'recursive']).default('none'),
})
export type GroupSettings = z.output<typeof groupsSchema>

/** Where groups are named in a person's entry. */
export const MEMBER_OF = 'memberOf'
/** Active Directory follows the chain of groups itself (MS-ADTS §3.1.1.3.4.4.3, LDAP_MATCHING_RULE_IN_CHAIN). */
const IN_CHAIN = '(member:1.2.840.113556.1.4.1941:={dn})'
const STEP_UP = '(|(member={dn})(uniqueMember={dn}))'
const MOST_GROUPS = 500
const MOST_DEPTH = 8
const MOST_SEARCHES = 50
const SEARCH_SECONDS = 5

async function search(client: Client, base: string, template: string, values: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const { searchEntries } = await client.search(base, { scope: 'sub', filter: fillFilter(template, values), attributes: ['1.1'], sizeLimit: MOST_GROUPS, timeLimit: SEARCH_SECONDS, derefAliases: 'never' })
  return searchEntries.map(({ dn }) => dn)
}

async function climb(client: Client, base: string, first: readonly string[]): Promise<readonly string[]> {
  const found = new Map(first.map((dn) => [dn.toLowerCase(), dn]))
  let level: readonly string[] = first
  let searches = 0
  for (let depth = 0; depth < MOST_DEPTH && level.length > 0; depth++) {
    const next: string[] = []
    for (const dn of level) {
      if (searches >= MOST_SEARCHES || found.size >= MOST_GROUPS) return [...found.values()]
      searches += 1
      for (const above of await search(client, base, STEP_UP, { dn })) {
        if (found.has(above.toLowerCase())) continue
        found.set(above.toLowerCase(), above)
        next.push(above)
      }
    }
    level = next
  }
  return [...found.values()]
}

/** The groups of a person's entry, by the names that applications see; nothing where groups are not asked for. */
export async function groupsOf(client: Client, settings: GroupSettings, everything: string, entry: Entry, username: string): Promise<readonly string[] | undefined> {
  if (settings.from === 'none') return undefined
  const base = settings.base_dn ?? everything
  const { dn } = entry
  const direct = settings.from === 'search' ? await search(client, base, settings.filter, { dn, username }) : textsOf(entry, MEMBER_OF)
  const ours = direct.filter((name) => isBelow(name, base))
  const chained = settings.nested === 'in_chain' ? await search(client, base, IN_CHAIN, { dn }) : []
  const all = settings.nested === 'recursive' ? await climb(client, base, ours) : [...ours, ...chained]
  return [...new Set(all.map((name) => (settings.name === 'dn' ? name : (frontValue(name, 'cn') ?? name))))].toSorted().slice(0, MOST_GROUPS)
}

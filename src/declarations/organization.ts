import type { DeclaredDocument } from '../database/declared.ts'
import { type Organization, organizationSchema } from '../organizations/organization.ts'
import { deleteOrganization, findOrganizationRow, listOrganizations, saveOrganization } from '../organizations/store.ts'
import type { Provider } from '../upstream/provider.ts'
import { listProviders, saveProvider } from '../upstream/store.ts'
import type { Kind, Saving } from './kind.ts'

// What the search finds a provider by includes its organization's realms and country, so providers are written again with it.
async function refreshProviders({ trx, document, id }: Saving<Organization>): Promise<void> {
  const owned = (row: DeclaredDocument): boolean => row.document['organization'] === id
  // The documents were written through the provider's schema.
  for (const row of (await listProviders(trx)).filter(owned)) await saveProvider(trx, row.document as Provider, document, row.declared)
}

function sameFacts(a: Readonly<Record<string, unknown>>, b: Organization): boolean {
  return a['country'] === b.country && JSON.stringify(a['realms']) === JSON.stringify(b.realms)
}

const CLIENT_LISTS = ['mandatory_clients', 'approved_clients', 'blocked_clients'] as const

export const organization: Kind<Organization> = {
  kind: 'organization',
  members: Object.keys(organizationSchema.shape),
  schema: () => organizationSchema,
  identity: (document) => document.organization_id,
  references: (document) => CLIENT_LISTS.flatMap((list) => (document[list] ?? []).map((id, i) => ({ path: [list, i], kind: 'client', id }))),
  list: listOrganizations,
  save: async (saving) => {
    await saveOrganization(saving.trx, saving.document, saving.declared)
    if (saving.current !== undefined && !sameFacts(saving.current.document, saving.document)) await refreshProviders(saving)
  },
  find: async (db, id) => findOrganizationRow(db, id),
  owner: (document) => ({ organization: document.organization_id }),
  // Whose people are whose, and where in the world, is what everybody else goes by.
  trusted: (document, before) => (before !== undefined && sameFacts(before.document, document) ? [] : ['realms', 'country']),
  names: ['client'],
  remove: (trx, current) => deleteOrganization(trx, current.id),
}

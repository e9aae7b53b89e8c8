import { readOrganization } from '../organizations/store.ts'
import { localProviderSchema, type Provider } from '../upstream/provider.ts'
import { deleteProvider, listProviders, saveProvider } from '../upstream/store.ts'
import type { Kind } from './kind.ts'

export const provider: Kind<Provider> = {
  kind: 'provider',
  members: Object.keys(localProviderSchema.shape),
  schema: () => localProviderSchema,
  identity: (document) => document.provider_id,
  references: ({ organization }) => (organization === undefined ? [] : [{ path: ['organization'], kind: 'organization', id: organization }]),
  list: listProviders,
  save: async ({ trx, document }) => {
    const organization = document.organization === undefined ? undefined : await readOrganization(trx, document.organization)
    await saveProvider(trx, document, organization, true)
  },
  remove: (trx, current) => deleteProvider(trx, current.id),
}

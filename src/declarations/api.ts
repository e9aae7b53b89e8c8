import { type Api, apiSchema } from '../apis/api.ts'
import { deleteApi, listApis, saveApi } from '../apis/store.ts'
import type { Kind } from './kind.ts'

export const api: Kind<Api> = {
  kind: 'api',
  members: Object.keys(apiSchema.shape),
  schema: () => apiSchema,
  identity: (document) => document.api_id,
  references: ({ organization }) => (organization === undefined ? [] : [{ path: ['organization'], kind: 'organization', id: organization }]),
  unique: ({ audience }) => (audience === undefined ? [] : [{ path: ['audience'], value: `the audience ${audience}` }]),
  list: listApis,
  save: ({ trx, document, declared }) => saveApi(trx, document, declared),
  names: ['organization'],
  owner: ({ organization }) => ({ organization }),
  remove: (trx, current) => deleteApi(trx, current.id),
}

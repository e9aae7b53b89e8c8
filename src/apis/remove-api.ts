import type { Transaction } from 'kysely'
import type { Database } from '../database/schema.ts'
import { forgetApprovals } from './organization-approvals.ts'
import { forgetRequests } from './requests.ts'
import { deleteApi } from './store.ts'

/** Removes an API and everything that was decided about it: another of its name starts with nothing. */
export async function removeApi(trx: Transaction<Database>, apiId: string): Promise<void> {
  await forgetRequests(trx, apiId)
  await forgetApprovals(trx, apiId)
  await deleteApi(trx, apiId)
}

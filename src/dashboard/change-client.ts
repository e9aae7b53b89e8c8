import type { Client } from '../clients/client.ts'
import { type ClientMetadata, clientMetadataSchema } from '../clients/metadata.ts'
import { deleteClient, saveClient } from '../clients/store.ts'
import type { Context } from '../context.ts'
import { inTransaction } from '../database/transaction.ts'
import { offered } from '../endpoints/offered.ts'
import type { Desk } from './section.ts'

/** What a registration may not say; `path` is the member. */
export interface MemberFault {
  readonly path: string
  readonly message: string
}

type Members = { readonly [K in keyof ClientMetadata]?: ClientMetadata[K] | undefined }

/** Changes members of a registration (`undefined` leaves one out), by the rules that hold for files. Returns what is wrong; then nothing is changed. */
export async function changeClient(ctx: Context, _desk: Desk, client: Client, members: Members, change: string): Promise<readonly MemberFault[]> {
  const said = Object.fromEntries(Object.entries({ ...client.metadata, ...members }).filter(([, value]) => value !== undefined))
  const read = clientMetadataSchema(offered).safeParse({ ...said, client_id: client.clientId })
  if (!read.success) return read.error.issues.map(({ path, message }) => ({ path: path.join('.'), message }))
  await inTransaction(ctx.db, (trx) => saveClient(trx, client.clientId, read.data, false))
  ctx.audit.record({ event: 'client.changed', clientId: client.clientId, change: `${change} in the dashboard` })
  return []
}

/** Deletes a client with everything that was issued to it. */
export async function removeClient(ctx: Context, _desk: Desk, client: Client): Promise<void> {
  await inTransaction(ctx.db, (trx) => deleteClient(trx, client.clientId))
  ctx.audit.record({ event: 'client.changed', clientId: client.clientId, change: 'deleted in the dashboard' })
}

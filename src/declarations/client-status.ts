import { type Client, documentHost } from '../clients/client.ts'
import { clientMetadataSchema, type Offered } from '../clients/metadata.ts'
import { setClientStatus } from '../clients/store.ts'
import type { Context } from '../context.ts'
import { inTransaction } from '../database/transaction.ts'
import type { Changer } from './changer.ts'
import { ChangeRefused } from './refused.ts'
import { recordClientChange } from './way.ts'

// Owns an operator's word about whether a client may be used at all. It is no document: shutting one out must work whatever its registration
// says, also when it would not be taken today.

/** What a client would have to say otherwise to be in a state, in whole sentences. */
function faultsIn({ metadata, clientId }: Client, status: Client['status'], offered: Offered): readonly string[] {
  // What describes itself elsewhere was judged there, by narrower rules.
  if (status === 'disabled' || documentHost({ clientId }) !== undefined) return []
  const { error } = clientMetadataSchema(offered).safeParse({ ...metadata, status })
  return error?.issues.map(({ message }) => message) ?? []
}

/** As what a client that was shut out comes back: in development where it has what no production client may have. */
export function statusWhenEnabled(client: Client, offered: Offered): Client['status'] {
  return faultsIn(client, 'production', offered).length === 0 ? 'production' : 'development'
}

/** Shuts a client out, with everything that was issued to it, or lets it in again. Throws ChangeRefused when it may not be in that state. */
export async function switchClient(ctx: Context, changer: Changer, client: Client, to: Client['status'], offered: Offered): Promise<void> {
  const faults = faultsIn(client, to, offered)
  if (faults.length > 0) throw new ChangeRefused('invalid', faults.map((message) => ({ path: 'status', message })))
  await inTransaction(ctx.db, (trx) => setClientStatus(trx, client.clientId, to))
  recordClientChange(ctx, changer, client.clientId, `status ${to}`)
}

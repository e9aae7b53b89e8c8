import type { ClientMetadata } from '../clients/metadata.ts'
import { hasSecret } from '../clients/client.ts'
import { addSecret, keptSecret } from '../clients/secrets.ts'
import { createClient } from '../clients/store.ts'
import type { Context } from '../context.ts'
import { inTransaction } from '../database/transaction.ts'
import { drawToken } from '../lib/opaque-token.ts'

/** What became of a registration. */
export interface Registered {
  /** False: there is one with this id already, and nothing was written. */
  readonly isNew: boolean
  /** Told this once. */
  readonly secret: string | undefined
}

/** Registers an application for its organization, or for a person. Writes all of it or nothing. */
export async function registerClient(ctx: Context, clientId: string, metadata: ClientMetadata, userId: string): Promise<Registered> {
  const now = ctx.clock.now()
  const secret = hasSecret(metadata) ? drawToken('cs', now).text : undefined
  const isNew = await inTransaction(ctx.db, async (trx) => {
    const key = await createClient(trx, clientId, metadata, userId)
    if (key !== undefined && secret !== undefined) await addSecret(trx, key, keptSecret(ctx, key, metadata.token_endpoint_auth_method, secret), 0, now)
    return key !== undefined
  })
  if (!isNew) return { isNew, secret: undefined }
  ctx.audit.record({ event: 'client.changed', clientId, change: 'registered in the dashboard' })
  return { isNew, secret }
}

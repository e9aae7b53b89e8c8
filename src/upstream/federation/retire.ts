import type { Transaction } from 'kysely'
import type { Context } from '../../context.ts'
import { raiseCacheVersion } from '../../database/cache-versions.ts'
import type { Database } from '../../database/schema.ts'
import { inOneTransaction } from '../../database/transaction.ts'
import type { DisabledReason } from '../provider.ts'
import { disableFederatedProviders } from '../store.ts'
import { deleteFederation, type FederationState, listExpiredFederations, noteExpiry, noteUnchanged } from './store.ts'
import type { ImportCounts } from './write.ts'

// Owns how a federation's providers go out of force together: it is not declared any more, switched off, or its metadata is too old.

async function retire(trx: Transaction<Database>, id: string, reason: DisabledReason): Promise<number> {
  const disabled = await disableFederatedProviders(trx, id, reason)
  await noteExpiry(trx, id)
  if (disabled > 0) await raiseCacheVersion(trx, 'providers')
  return disabled
}

/** Switches off the providers whose federation's metadata is past its validity (SAML 2.0 Metadata §2.3.2). Returns how many. */
export async function retireExpired(ctx: Context): Promise<number> {
  let count = 0
  for (const id of await listExpiredFederations(ctx.db)) {
    const disabled = await inOneTransaction(ctx.db, (trx) => retire(trx, id, 'expired'))
    ctx.log.error({ federation: id, disabled }, 'the metadata of a federation is not valid any more, and no newer one came: its providers are switched off')
    count += disabled
  }
  return count
}

/** Switches off what came from a federation that is declared `disabled`. */
export async function retireFederation(ctx: Context, { id }: FederationState): Promise<ImportCounts> {
  const disabled = await inOneTransaction(ctx.db, (trx) => retire(trx, id, 'left'))
  await noteUnchanged(ctx.db, id)
  return { providers: 0, written: 0, disabled, elsewhere: 0 }
}

/** Takes a federation away. Its providers stay, switched off: who signed in there is still known. */
export async function removeFederation(trx: Transaction<Database>, id: string): Promise<void> {
  await retire(trx, id, 'left')
  await deleteFederation(trx, id)
}

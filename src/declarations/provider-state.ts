import type { Context } from '../context.ts'
import { inTransaction } from '../database/transaction.ts'
import { switchProvider } from '../upstream/store.ts'
import type { Changer } from './changer.ts'
import { actorOf, byWay } from './way.ts'

/** Switches a provider off or on again at an operator's word. Returns whether that changed anything: of many at once, one did it. */
export async function switchProviderBy(ctx: Context, changer: Changer, providerId: string, on: boolean): Promise<boolean> {
  const isChanged = await inTransaction(ctx.db, (trx) => switchProvider(trx, providerId, on))
  if (isChanged) ctx.audit.record({ event: 'provider.changed', providerId, change: byWay(changer, `switched ${on ? 'on' : 'off'}`), ...actorOf(changer) })
  return isChanged
}

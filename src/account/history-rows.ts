import type { HistoryEntry } from '../audit/history.ts'
import { clientName } from '../clients/client.ts'
import { findClient } from '../clients/store.ts'
import type { Context } from '../context.ts'
import type { HistoryRow } from '../http/account-views.ts'
import { type Locale, localized } from '../http/locale.ts'
import { findProvider } from '../upstream/store.ts'

/** One entry of the history with the names that people know things by; what is gone is called by its identifier. */
export async function historyRow(ctx: Context, entry: HistoryEntry, language: Locale): Promise<HistoryRow> {
  const { id, at, event, clientId, providerId } = entry
  const [client, facts] = await Promise.all([clientId === undefined ? undefined : findClient(ctx, clientId), providerId === undefined ? undefined : findProvider(ctx, providerId)])
  return {
    id,
    at,
    event,
    client: client === undefined ? (clientId ?? '') : clientName(client, language),
    provider: facts === undefined ? (providerId ?? '') : localized(facts.provider.name, language),
  }
}

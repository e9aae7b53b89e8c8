import { type Kysely, sql, type Transaction } from 'kysely'
import { LRUCache } from 'lru-cache'
import { perContext, type Context } from '../context.ts'
import type { Database } from '../database/schema.ts'
import { isRegisteredRedirect } from '../protocol/redirect-uri.ts'
import type { Client } from './client.ts'
import type { ClientMetadata } from './metadata.ts'

// Owns client_uses: since when a client has each of its redirect URIs and scopes, and when it was last returned to or granted, to the day.
// What nobody uses is what an attacker finds unwatched (RFC 9700 §2.3, §4.1), so its owner is shown it.

type Values = Pick<ClientMetadata, 'redirect_uris' | 'scope'>
type UseKind = 'redirect_uri' | 'scope'

const DAY_MS = 86_400_000
/** What is younger had no time to be used. */
const QUIET_DAYS = 1
/** An address that nobody came back to for so long is told, too. */
const STALE_DAYS = 90

/** Notes what is registered now; what is not any more is forgotten, and begins anew when it comes back. */
export async function keepUses(trx: Transaction<Database>, clientKey: string, { redirect_uris, scope }: Values): Promise<void> {
  await sql`with kept as (
      select 'redirect_uri' as kind, unnest(${[...new Set(redirect_uris)]}::text[]) as value
      union all select 'scope', unnest(${[...new Set(scope.split(' ').filter((one) => one !== ''))]}::text[])),
    gone as (delete from client_uses u where client_key = ${clientKey} and not exists (select from kept k where k.kind = u.kind and k.value = u.value))
    insert into client_uses (client_key, kind, value) select ${clientKey}::bigint, kind, value from kept on conflict do nothing`.execute(trx)
}

const lastNoted = perContext(() => new LRUCache<string, number>({ max: 10_000 }))

/** Notes that answers went to an address and that scopes were granted, off the request's way and to the day. */
export function noteUse(ctx: Context, { key, metadata }: Pick<Client, 'key' | 'metadata'>, { redirectUri, scopes }: { readonly redirectUri?: string; readonly scopes: readonly string[] }): void {
  // The address as it is registered: one of this machine may come with any port (RFC 8252 §7.3).
  const addresses = redirectUri === undefined ? [] : metadata.redirect_uris.filter((one) => isRegisteredRedirect(redirectUri, [one]))
  const [name, now] = [`${key} ${addresses.join(' ')} ${scopes.join(' ')}`, ctx.clock.now()]
  if (now - (lastNoted(ctx).get(name) ?? -DAY_MS) < DAY_MS) return
  lastNoted(ctx).set(name, now)
  void sql`update client_uses set used_at = clock_now() where client_key = ${key} and (used_at is null or used_at < clock_now() - interval '1 hour')
    and ((kind = 'redirect_uri' and value = any(${addresses}::text[])) or (kind = 'scope' and value = any(${[...scopes]}::text[])))`.execute(ctx.db).catch((error: unknown) => ctx.log.warn({ err: error }, 'the use of an address could not be noted'))
}

/** Something registered that nobody uses. */
export interface Unused {
  readonly kind: UseKind
  readonly value: string
  /** Since when: it was registered (or counting began), or was last used. */
  readonly since: Date
  readonly everUsed: boolean
}

/** The redirect URIs of a client that no answer went to, or none for a long time, and the scopes that were never granted; `openid` is no choice. */
export async function listUnused(db: Kysely<Database>, clientKey: string): Promise<readonly Unused[]> {
  const { rows } = await sql<{ kind: UseKind; value: string; since: Date; used_at: Date | null }>`select kind, value, since, used_at from client_uses where client_key = ${clientKey} and value <> 'openid'
    and ((used_at is null and since < clock_now() - make_interval(days => ${QUIET_DAYS})) or (kind = 'redirect_uri' and used_at < clock_now() - make_interval(days => ${STALE_DAYS})))
    order by kind, since, value`.execute(db)
  return rows.map(({ kind, value, since, used_at }) => ({ kind, value, since: used_at ?? since, everUsed: used_at !== null }))
}

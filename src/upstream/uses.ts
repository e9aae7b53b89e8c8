import { type RawBuilder, sql } from 'kysely'
import { type Context, perContext } from '../context.ts'

// Owns provider_uses: how much a provider is used by the people of a client, for the order of lists. One number a pair; who it was is not in
// it. Sign-ins are added up in memory and written together, so that a thousand at once are one row changed once.

/** A sign-in counts half after this time. Seconds. */
const HALF_LIFE_SECONDS = 90 * 86_400
const FLUSH_MS = 5000

interface Waiting {
  readonly clientKey: string
  readonly providerId: string
  readonly uses: number
}

async function write(ctx: Context, rows: readonly Waiting[]): Promise<void> {
  await sql`insert into provider_uses (client_key, provider_id, uses)
    select * from unnest(${rows.map((row) => row.clientKey)}::bigint[], ${rows.map((row) => row.providerId)}::text[], ${rows.map((row) => row.uses)}::double precision[]) as sign_ins order by 1, 2
    on conflict (client_key, provider_id) do update set used_at = clock_now(),
      uses = excluded.uses + provider_uses.uses * power(0.5::double precision, greatest(0, extract(epoch from clock_now() - provider_uses.used_at)) / ${HALF_LIFE_SECONDS})`.execute(ctx.db)
}

const counting = perContext((ctx) => {
  let waiting = new Map<string, Waiting>()
  let resting = false
  async function flush(): Promise<void> {
    const rows = [...waiting.values()]
    waiting = new Map()
    // Lost counts change an order for a while and nothing else.
    if (rows.length > 0) await write(ctx, rows).catch((error: unknown) => ctx.log.debug({ err: error }, 'uses of providers were not counted'))
  }
  return (clientKey: string, providerId: string): void => {
    const key = `${clientKey} ${providerId}`
    waiting.set(key, { clientKey, providerId, uses: (waiting.get(key)?.uses ?? 0) + 1 })
    if (resting) return
    resting = true
    void flush()
    setTimeout(() => {
      resting = false
      void flush()
    }, FLUSH_MS).unref()
  }
})

/** Counts a sign-in at a provider by a person of a client. Returns at once. */
export function noteUse(ctx: Context, clientKey: string, providerId: string): void {
  counting(ctx)(clientKey, providerId)
}

/** The uses at a client as rows of `provider_id` and `uses`, to be joined. */
export function usesAt(clientKey: string): RawBuilder<unknown> {
  return sql`(select provider_id, uses from provider_uses where client_key = ${clientKey})`
}

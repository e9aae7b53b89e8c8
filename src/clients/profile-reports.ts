import { type Kysely, sql } from 'kysely'
import { type Context, perContext } from '../context.ts'
import { createBatch } from '../database/batch.ts'
import type { Database } from '../database/schema.ts'
import type { ProfileName, RuleName } from './profiles.ts'

// Owns profile_reports: how often a client broke a rule of the stricter profile that it is only tried against. Counted off the request's
// way: whoever asks waits for no count and is refused for none.

interface Broken {
  readonly clientKey: string
  readonly profile: ProfileName
  readonly rule: RuleName
}

const batch = perContext((ctx: Context) =>
  createBatch<Broken, true>({
    together: true,
    key: ({ clientKey, rule }) => `${clientKey}/${rule}`,
    run: async (items) => {
      const column = (name: keyof Broken): string[] => items.map((item) => item[name])
      await sql`insert into profile_reports as r (client_key, profile, rule, count)
        select client_key, profile, rule, count(*) from unnest(${column('clientKey')}::bigint[], ${column('profile')}::text[], ${column('rule')}::text[]) as t (client_key, profile, rule)
        group by client_key, profile, rule order by client_key, profile, rule
        on conflict (client_key, profile, rule) do update set count = r.count + excluded.count, last_at = clock_now()`.execute(ctx.db)
      return items.map(() => true as const)
    },
  }),
)

/** Counts one request that the stricter profile would have refused. */
export function countBroken(ctx: Context, clientKey: string, { profile, rule }: Omit<Broken, 'clientKey'>): void {
  ctx.metrics.reportOnly.inc({ profile, rule })
  void batch(ctx)({ clientKey, profile, rule }).catch((error: unknown) => ctx.log.warn({ err: error, rule }, 'a broken rule could not be counted'))
}

/** What a client would have been refused for. */
export interface ProfileReport {
  readonly profile: string
  readonly rule: string
  readonly count: number
  readonly firstAt: Date
  readonly lastAt: Date
}

export async function listProfileReports(db: Kysely<Database>, clientKey: string): Promise<readonly ProfileReport[]> {
  const { rows } = await sql<{ profile: string; rule: string; count: string; first_at: Date; last_at: Date }>`
    select profile, rule, count, first_at, last_at from profile_reports where client_key = ${clientKey} order by profile, rule`.execute(db)
  return rows.map(({ count, first_at, last_at, ...row }) => ({ ...row, count: Number(count), firstAt: first_at, lastAt: last_at }))
}

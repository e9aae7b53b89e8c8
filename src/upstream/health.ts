import { sql } from 'kysely'
import type { Context } from '../context.ts'
import { type Connector, UpstreamFailure } from './connector.ts'

// Owns provider_troubles: which providers did not answer of late, as this service saw it itself. Kept in the database, so that every process
// tells people the same. Only a mark on pages: nobody is kept from trying.

/** How long what was seen says something. Seconds. */
const WINDOW_SECONDS = 300
/** One request that was lost is no trouble. */
const LEAST_FAILURES = 2

/** Notes that a provider did not answer. */
async function noteSilence(ctx: Context, providerId: string): Promise<void> {
  const since = sql`clock_now() - make_interval(secs => ${WINDOW_SECONDS})`
  await sql`insert into provider_troubles (provider_id, failures, last_at) values (${providerId}, 1, clock_now())
    on conflict (provider_id) do update set failures = case when provider_troubles.last_at < ${since} then 1 else provider_troubles.failures + 1 end, last_at = clock_now()`.execute(ctx.db)
}

/** Notes that a provider answered. */
async function noteAnswer(ctx: Context, providerId: string): Promise<void> {
  await sql`delete from provider_troubles where provider_id = ${providerId}`.execute(ctx.db)
}

/** The providers that have "problems right now" (U-05): several requests in a row without an answer, the last within five minutes. */
export async function troubledProviders(ctx: Context): Promise<ReadonlySet<string>> {
  const { rows } = await sql<{ provider_id: string }>`select provider_id from provider_troubles
    where failures >= ${LEAST_FAILURES} and last_at > clock_now() - make_interval(secs => ${WINDOW_SECONDS})`.execute(ctx.db)
  return new Set(rows.map((row) => row.provider_id))
}

export interface Trouble {
  readonly providerId: string
  readonly failures: number
  readonly lastAt: Date
}

/** Where requests got no answer and none has come since, the latest first. At most `limit`. */
export async function listTroubles(ctx: Context, limit: number): Promise<readonly Trouble[]> {
  const { rows } = await sql<Trouble>`select provider_id as "providerId", failures, last_at as "lastAt" from provider_troubles order by last_at desc, provider_id limit ${limit}`.execute(ctx.db)
  return rows
}

/** The same connector, with what it learns of the provider's health written down. */
export function observed(ctx: Context, providerId: string, connector: Connector): Connector {
  async function note<T>(work: Promise<T>, isAnswer: boolean): Promise<T> {
    try {
      const value = await work
      if (isAnswer) await noteAnswer(ctx, providerId)
      return value
    } catch (error) {
      if (error instanceof UpstreamFailure && error.kind === 'unavailable' && !error.isHearsay) await noteSilence(ctx, providerId)
      throw error
    }
  }
  if (connector.kind === 'password') return { ...connector, verify: (user, username, password) => note(connector.verify(user, username, password), true) }
  // A departure may need nothing of the provider: what is known of it is remembered for a while.
  return { ...connector, begin: (attempt) => note(connector.begin(attempt), false), complete: (callback) => note(connector.complete(callback), true) }
}

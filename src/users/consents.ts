import { type Kysely, sql } from 'kysely'
import type { Context } from '../context.ts'
import type { Database } from '../database/schema.ts'
import { newRowId } from '../lib/random.ts'

// Owns consents: what a person has let a client have, and what they left unticked, so that neither is asked again.

export interface Consent {
  readonly granted: readonly string[]
  readonly declined: readonly string[]
}

const NOTHING: Consent = { granted: [], declined: [] }

export async function findConsent(db: Kysely<Database>, userId: string, clientKey: string): Promise<Consent> {
  const row = await db.selectFrom('consents').select(['granted', 'declined']).where('user_id', '=', userId).where('client_key', '=', clientKey).executeTakeFirst()
  return row ?? NOTHING
}

/** Adds to what was granted; what is granted now is no longer declined, and the other way round. One statement. */
export async function saveConsent(ctx: Context, userId: string, clientKey: string, decision: Consent): Promise<void> {
  const granted = [...decision.granted]
  const declined = [...decision.declined]
  await ctx.db
    .insertInto('consents')
    .values({ consent_id: newRowId(ctx.clock.now()), user_id: userId, client_key: clientKey, granted, declined })
    .onConflict((conflict) =>
      conflict.columns(['user_id', 'client_key']).doUpdateSet({
        granted: sql`array(select unnest(consents.granted) except select unnest(${declined}::text[]) union select unnest(${granted}::text[]))`,
        declined: sql`array(select unnest(consents.declined) except select unnest(${granted}::text[]) union select unnest(${declined}::text[]))`,
        updated_at: sql`clock_now()`,
      }),
    )
    .execute()
}

/** How many people have let a client have something. */
export async function countConsents(db: Kysely<Database>, clientKey: string): Promise<number> {
  const row = await db.selectFrom('consents').select((eb) => eb.fn.countAll<string>().as('people')).where('client_key', '=', clientKey).executeTakeFirst()
  return Number(row?.people ?? 0)
}

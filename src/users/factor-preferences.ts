import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { Context } from '../context.ts'
import type { Database } from '../database/schema.ts'

// Owns factor_preferences: which second factor a person used last, whether codes by e-mail are one, and when a passkey was last offered.

export interface FactorPreferences {
  /** The name of a factor. */
  readonly preferred: string | undefined
  readonly emailCodes: boolean
}

export async function findFactorPreferences(ctx: Context, userId: string): Promise<FactorPreferences> {
  const { rows } = await sql<{ preferred: string | null; email_codes: boolean }>`select preferred, email_codes from factor_preferences where user_id = ${userId}`.execute(ctx.db)
  return { preferred: rows[0]?.preferred ?? undefined, emailCodes: rows[0]?.email_codes ?? false }
}

/** In a statement: the name of the factor that a person used last, or null. */
export function preferredFactor(userId: string): RawBuilder<string | null> {
  return sql`(select preferred from factor_preferences where user_id = ${userId})`
}

/** In a statement: whether a person takes codes by e-mail. */
export function takesEmailCodes(userId: string): RawBuilder<boolean> {
  return sql`exists (select from factor_preferences where user_id = ${userId} and email_codes)`
}

export async function preferFactor(ctx: Context, userId: string, preferred: string): Promise<void> {
  await sql`insert into factor_preferences (user_id, preferred) values (${userId}, ${preferred}) on conflict (user_id) do update set preferred = excluded.preferred`.execute(ctx.db)
}

export async function setEmailCodes(ctx: Context, userId: string, on: boolean): Promise<void> {
  await sql`insert into factor_preferences (user_id, email_codes) values (${userId}, ${on}) on conflict (user_id) do update set email_codes = excluded.email_codes`.execute(ctx.db)
}

const OFFER_DAYS = 90

/** Whether a passkey may be offered now: at most once in ninety days, and this call counts as the once. One statement. */
export async function mayOfferPasskey(ctx: Context, userId: string): Promise<boolean> {
  const result = await sql`insert into factor_preferences (user_id, passkey_offered_at) values (${userId}, clock_now())
    on conflict (user_id) do update set passkey_offered_at = excluded.passkey_offered_at
      where factor_preferences.passkey_offered_at is null or factor_preferences.passkey_offered_at < clock_now() - make_interval(days => ${OFFER_DAYS})`.execute(ctx.db)
  return (result.numAffectedRows ?? 0n) > 0n
}

export async function deleteFactorPreferences(db: Kysely<Database>, userId: string): Promise<void> {
  await sql`delete from factor_preferences where user_id = ${userId}`.execute(db)
}

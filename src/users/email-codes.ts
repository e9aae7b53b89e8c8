import { randomInt } from 'node:crypto'
import { sql } from 'kysely'
import type { Context } from '../context.ts'
import { hmacSha256 } from '../lib/digest.ts'

// Owns email_codes: six digits a journey, ten minutes, once. Kept as an HMAC: a million digests are soon tried by whoever has the table alone.

const MINUTES = 10
const CODES = 1_000_000

function hashOf(ctx: Context, userId: string, interactionId: string, code: string): Buffer {
  return hmacSha256(ctx.sealing.macKey('email-code'), `${userId}/${interactionId}/${code}`)
}

/** Draws a code for one person on one journey, in the place of the one before. */
export async function drawEmailCode(ctx: Context, userId: string, interactionId: string): Promise<string> {
  const code = String(randomInt(CODES)).padStart(6, '0')
  await sql`insert into email_codes (interaction_id, user_id, code_hash, until) values (${interactionId}, ${userId}, ${hashOf(ctx, userId, interactionId, code)}, clock_now() + make_interval(mins => ${MINUTES}))
    on conflict (interaction_id) do update set user_id = excluded.user_id, code_hash = excluded.code_hash, until = excluded.until, used_at = null`.execute(ctx.db)
  return code
}

/** Whether a code was drawn that may still be entered, or has just run out: the page then asks for it, or tells why not. */
export async function hasEmailCode(ctx: Context, userId: string, interactionId: string): Promise<boolean> {
  const { rows } = await sql`select from email_codes where interaction_id = ${interactionId} and user_id = ${userId}`.execute(ctx.db)
  return rows.length > 0
}

/** Takes a code, once. The statement decides; what it did not take is told apart after it. */
export async function takeEmailCode(ctx: Context, userId: string, interactionId: string, code: string): Promise<'good' | 'wrong' | 'expired' | 'used'> {
  const { rows } = await sql<{ taken: boolean; is_used: boolean }>`
    with taken as (update email_codes set used_at = clock_now() where interaction_id = ${interactionId} and user_id = ${userId}
      and code_hash = ${hashOf(ctx, userId, interactionId, code)} and used_at is null and until > clock_now() returning 1)
    select exists (select from taken) as taken, used_at is not null as is_used from email_codes
      where interaction_id = ${interactionId} and user_id = ${userId} and code_hash = ${hashOf(ctx, userId, interactionId, code)}`.execute(ctx.db)
  if (rows[0] === undefined) return 'wrong'
  if (rows[0].taken) return 'good'
  return rows[0].is_used ? 'used' : 'expired'
}

/** Deletes at most `limit` that are over. Returns how many. */
export async function deleteExpiredEmailCodes(ctx: Context, limit: number): Promise<number> {
  const result = await sql`delete from email_codes where interaction_id in (select interaction_id from email_codes where until < clock_now() - interval '1 day' limit ${limit} for update skip locked)`.execute(ctx.db)
  return Number(result.numAffectedRows ?? 0n)
}

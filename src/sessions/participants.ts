import { sql } from 'kysely'
import type { Context } from '../context.ts'

// Owns session_participants: which clients people were signed in to in a session, as far as those want to hear of its end.

/** Notes that a client takes part. */
export async function joinSession(ctx: Context, sessionId: string, clientKey: string): Promise<void> {
  await sql`insert into session_participants (session_id, client_key) values (${sessionId}, ${clientKey}) on conflict do nothing`.execute(ctx.db)
}

/** The clients that took part in some sessions, by client key and session. */
export async function listParticipants(ctx: Context, sessionIds: readonly string[]): Promise<readonly { readonly sessionId: string; readonly clientKey: string }[]> {
  const { rows } = await sql<{ session_id: string; client_key: string }>`select session_id, client_key from session_participants where session_id = any(${[...sessionIds]}::uuid[])`.execute(ctx.db)
  return rows.map((row) => ({ sessionId: row.session_id, clientKey: row.client_key }))
}

/** Deletes at most `limit` notes of sessions that ended long ago. Returns how many. */
export async function deleteOldParticipants(ctx: Context, keptDays: number, limit: number): Promise<number> {
  const result = await sql`delete from session_participants where (session_id, client_key) in
    (select session_id, client_key from session_participants where joined_at < clock_now() - make_interval(days => ${keptDays}) limit ${limit} for update skip locked)`.execute(ctx.db)
  return Number(result.numAffectedRows ?? 0n)
}

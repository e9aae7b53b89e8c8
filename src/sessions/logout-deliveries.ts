import { sql } from 'kysely'
import type { Context } from '../context.ts'

// Owns logout_deliveries: the outbox of what clients must be told of sessions that ended. A trigger fills it (migration 0032); a row is
// taken by one process, comes back by itself when that process dies, and is gone when the client has heard it or a day is over.

export interface LogoutDelivery {
  readonly deliveryId: string
  readonly clientKey: string
  readonly sessionId: string
  readonly userId: string
  readonly attempts: number
  readonly isOver: boolean
}

interface Row {
  readonly delivery_id: string
  readonly client_key: string
  readonly session_id: string
  readonly user_id: string
  readonly attempts: number
  readonly is_over: boolean
}

/** Takes at most `limit` deliveries that are due. Each is due again after 10 s, 40 s, 160 s … at most an hour. */
export async function takeLogoutDeliveries(ctx: Context, limit: number): Promise<readonly LogoutDelivery[]> {
  const { rows } = await sql<Row>`update logout_deliveries d set attempts = d.attempts + 1, next_at = clock_now() + make_interval(secs => least(3600, 10 * 4 ^ d.attempts))
    from (select delivery_id from logout_deliveries where next_at <= clock_now() order by next_at limit ${limit} for update skip locked) due
    where d.delivery_id = due.delivery_id returning d.delivery_id, d.client_key, d.session_id, d.user_id, d.attempts, d.ends_at <= clock_now() as is_over`.execute(ctx.db)
  return rows.map((row) => ({ deliveryId: row.delivery_id, clientKey: row.client_key, sessionId: row.session_id, userId: row.user_id, attempts: row.attempts, isOver: row.is_over }))
}

/** Tells one client of sessions that go on for others: the person has taken back what it had. */
export async function tellOfWithdrawal(ctx: Context, clientKey: string, userId: string, sessionIds: readonly string[]): Promise<void> {
  await sql`insert into logout_deliveries (client_key, session_id, user_id) select ${clientKey}, session_id, ${userId} from unnest(${[...sessionIds]}::uuid[]) as t (session_id)`.execute(ctx.db)
}

/** The client has heard it, or will not. */
export async function endLogoutDelivery(ctx: Context, deliveryId: string): Promise<void> {
  await sql`delete from logout_deliveries where delivery_id = ${deliveryId}`.execute(ctx.db)
}

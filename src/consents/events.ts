import { sql } from 'kysely'
import type { Context } from '../context.ts'
import { inTransaction } from '../database/transaction.ts'

// Owns consent_events and consent_feeds: what happened to a client's consents, numbered 1, 2, 3 … without a hole. An event is written in the
// statement of what happened, without a number; whoever reads the feed, or sends it on, first numbers what has been committed since. The
// feed's row is locked meanwhile, so numbers are given in one order, and an event that commits late gets a later number, never one before
// what somebody has read already.

export type ConsentEventType = 'created' | 'used' | 'expired' | 'withdrawn'

export interface ConsentEvent {
  readonly sequence: number
  readonly eventId: string
  readonly consentId: string
  readonly type: ConsentEventType
  readonly scope: string
  readonly externalId: string | undefined
  readonly happenedAt: Date
}

/** The part of a statement that writes an event for each consent of `source`. */
export function writeEvents(source: string, type: ConsentEventType): string {
  return `insert into consent_events (event_id, client_key, consent_id, type, scope, external_id) select gen_random_uuid(), client_key, consent_id, '${type}', scope, external_id from ${source} order by consent_id`
}

/** Numbers what a client's feed has had since, in the order in which it was written. */
async function numberEvents(ctx: Context, clientKey: string): Promise<void> {
  const { rows } = await sql`select from consent_events where client_key = ${clientKey} and sequence is null limit 1`.execute(ctx.db)
  if (rows.length === 0) return
  await inTransaction(ctx.db, async (trx) => {
    // The lock, in a statement of its own: the next one sees everything that was committed before it was given.
    const locked = await sql<{ last_sequence: string }>`insert into consent_feeds (client_key) values (${clientKey}) on conflict (client_key) do update set last_sequence = consent_feeds.last_sequence returning last_sequence`.execute(trx)
    const last = locked.rows[0]?.last_sequence ?? '0'
    const numbered = await sql`with fresh as (
        select position, ${last}::bigint + row_number() over (order by position) as number from consent_events where client_key = ${clientKey} and sequence is null)
      update consent_events e set sequence = fresh.number from fresh where e.position = fresh.position`.execute(trx)
    await sql`update consent_feeds set last_sequence = last_sequence + ${numbered.numAffectedRows ?? 0n} where client_key = ${clientKey}`.execute(trx)
  })
}

interface Row {
  readonly sequence: string
  readonly event_id: string
  readonly consent_id: string
  readonly type: ConsentEventType
  readonly scope: string
  readonly external_id: string | null
  readonly happened_at: Date
}

export interface Feed {
  readonly events: readonly ConsentEvent[]
  /** Nothing: there has not been an event yet. */
  readonly first: number | undefined
  readonly last: number | undefined
}

/** The events of a client's consents from a number on, at most `limit`, and which numbers there are. */
export async function readFeed(ctx: Context, clientKey: string, fromSequence: number, limit: number): Promise<Feed> {
  await numberEvents(ctx, clientKey)
  const { rows } = await sql<Row>`select sequence, event_id, consent_id, type, scope, external_id, happened_at from consent_events
    where client_key = ${clientKey} and sequence >= ${fromSequence} order by sequence limit ${limit}`.execute(ctx.db)
  const bounds = await sql<{ first: string | null; last: string | null }>`select min(sequence) as first, max(sequence) as last from consent_events where client_key = ${clientKey}`.execute(ctx.db)
  const { first, last } = bounds.rows[0] ?? { first: null, last: null }
  return {
    events: rows.map((row) => ({ sequence: Number(row.sequence), eventId: row.event_id, consentId: row.consent_id, type: row.type, scope: row.scope, externalId: row.external_id ?? undefined, happenedAt: row.happened_at })),
    first: first === null ? undefined : Number(first),
    last: last === null ? undefined : Number(last),
  }
}

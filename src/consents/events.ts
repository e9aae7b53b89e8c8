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

/** An event as its client reads it. */
export function describeEvent({ sequence, eventId, consentId, type, scope, externalId, happenedAt }: ConsentEvent, clientId: string): Readonly<Record<string, unknown>> {
  return { sequence, event_id: eventId, type: `consent.${type}`, consent_id: consentId, client_id: clientId, scope, external_id: externalId, timestamp: happenedAt.toISOString() }
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
  /** The smallest number that has not been taken out; one after the last when all were. Nothing: there has not been an event yet. */
  readonly first: number | undefined
  readonly last: number | undefined
}

/** The events of a client's consents from a number on (left out: from the first that there is), at most `limit`, and which numbers there are. */
export async function readFeed(ctx: Context, clientKey: string, fromSequence: number | undefined, limit: number): Promise<Feed> {
  await numberEvents(ctx, clientKey)
  const events = await listEvents(ctx, clientKey, fromSequence ?? 1, limit)
  // After the events: what was taken out in between, before any of them, is seen here.
  const { rows } = await sql<{ first: string; last: string }>`select first_sequence as first, last_sequence as last from consent_feeds where client_key = ${clientKey} and last_sequence > 0`.execute(ctx.db)
  const [row] = rows
  return row === undefined ? { events: [], first: undefined, last: undefined } : { events: events.filter(({ sequence }) => sequence >= Number(row.first)), first: Number(row.first), last: Number(row.last) }
}

/** Those of them that have numbers. */
export async function listEvents(ctx: Context, clientKey: string, fromSequence: number, limit: number): Promise<readonly ConsentEvent[]> {
  const { rows } = await sql<Row>`select sequence, event_id, consent_id, type, scope, external_id, happened_at from consent_events
    where client_key = ${clientKey} and sequence >= ${fromSequence} order by sequence limit ${limit}`.execute(ctx.db)
  return rows.map((row) => ({ sequence: Number(row.sequence), eventId: row.event_id, consentId: row.consent_id, type: row.type, scope: row.scope, externalId: row.external_id ?? undefined, happenedAt: row.happened_at }))
}

/** Numbers what is new in every feed. A reader does it for its own; this is for those who wait to be told. */
export async function numberAllEvents(ctx: Context): Promise<void> {
  const { rows } = await sql<{ client_key: string }>`select distinct client_key from consent_events where sequence is null`.execute(ctx.db)
  for (const { client_key: clientKey } of rows) await numberEvents(ctx, clientKey)
}

/** A feed with something that has not been sent. */
export interface UnsentFeed {
  readonly clientKey: string
  readonly sent: number
  readonly attempts: number
}

/** Takes at most `limit` feeds that are due. Each is due again after 10 s, 40 s, 160 s … at most an hour, unless it gets on. */
export async function takeUnsentFeeds(ctx: Context, limit: number): Promise<readonly UnsentFeed[]> {
  const { rows } = await sql<{ client_key: string; sent_sequence: string; attempts: number }>`update consent_feeds f set attempts = f.attempts + 1, next_at = clock_now() + make_interval(secs => least(3600, 10 * 4 ^ least(f.attempts, 6)))
    from (select client_key from consent_feeds where sent_sequence < last_sequence and next_at <= clock_now() order by next_at limit ${limit} for update skip locked) due
    where f.client_key = due.client_key returning f.client_key, f.sent_sequence, f.attempts`.execute(ctx.db)
  return rows.map((row) => ({ clientKey: row.client_key, sent: Number(row.sent_sequence), attempts: row.attempts }))
}

const LEASE_SECONDS = 10
/** Whoever is told for the first time hears of the last day. */
const FIRST_HOURS = 24

/** Where a feed stands that is sent for the first time; nothing for one that was sent before. */
export async function beginSending(ctx: Context, clientKey: string): Promise<number | undefined> {
  const { rows } = await sql<{ sent_sequence: string }>`update consent_feeds set webhook_since = clock_now(),
      sent_sequence = coalesce((select max(sequence) from consent_events where client_key = ${clientKey} and happened_at < clock_now() - make_interval(hours => ${FIRST_HOURS})), 0)
    where client_key = ${clientKey} and webhook_since is null returning sent_sequence`.execute(ctx.db)
  return rows[0] === undefined ? undefined : Number(rows[0].sent_sequence)
}

/** The receiver has everything up to a number. False when somebody else was further: then they go on. */
export async function noteSent(ctx: Context, clientKey: string, sequence: number): Promise<boolean> {
  const result = await sql`update consent_feeds set sent_sequence = ${sequence}, attempts = 0, next_at = clock_now() + make_interval(secs => ${LEASE_SECONDS}) where client_key = ${clientKey} and sent_sequence < ${sequence}`.execute(ctx.db)
  return (result.numAffectedRows ?? 0n) > 0n
}

/** Nobody is to be told for now. Seconds. */
export async function restFeed(ctx: Context, clientKey: string, seconds: number): Promise<void> {
  await sql`update consent_feeds set attempts = 0, next_at = clock_now() + make_interval(secs => ${seconds}) where client_key = ${clientKey}`.execute(ctx.db)
}

/** Feeds that are looked through in one statement. */
const FEEDS_AT_ONCE = 20

/**
 * Takes events that are older than so many days out of the feeds, at most `limit`: from the front of each, so that what is left has no hole,
 * and the feed says in the same statement where it begins now. Returns how many.
 */
export async function forgetEvents(ctx: Context, days: number, limit: number): Promise<number> {
  const { rows } = await sql<{ gone: string }>`with due as (
      select f.client_key from consent_feeds f where f.first_sequence <= f.last_sequence
        and exists (select from consent_events e where e.client_key = f.client_key and e.sequence = f.first_sequence and e.happened_at < clock_now() - make_interval(days => ${days}))
      order by f.client_key limit ${FEEDS_AT_ONCE} for update skip locked),
    heads as (
      select d.client_key, e.sequence, bool_and(e.happened_at < clock_now() - make_interval(days => ${days})) over (partition by d.client_key order by e.sequence) as is_old
      from due d cross join lateral (select sequence, happened_at from consent_events e where e.client_key = d.client_key and e.sequence is not null order by e.sequence limit ${Math.ceil(limit / FEEDS_AT_ONCE)}) e),
    ends as (select client_key, max(sequence) as sequence from heads where is_old group by client_key),
    gone as (delete from consent_events e using ends where e.client_key = ends.client_key and e.sequence <= ends.sequence returning 1),
    moved as (update consent_feeds f set first_sequence = ends.sequence + 1 from ends where f.client_key = ends.client_key)
    select count(*) as gone from gone`.execute(ctx.db)
  return Number(rows[0]?.gone ?? 0)
}

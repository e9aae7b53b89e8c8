import { type Kysely, sql } from 'kysely'
import type { Database } from '../database/schema.ts'
import { inTransaction } from '../database/transaction.ts'
import { type ChainEnd, type EventRow, GENESIS } from './chain.ts'
import { moveAnchor, moveHead, type SealedEnd } from './chain-store.ts'

// Owns audit_events: appended to, never changed, and forgotten only from the old end (forget.ts). The row's id carries its time, its
// number the order in which it was written.

/** An event in its place in the chain; without a digest it is from before there was one. */
export interface ChainedEvent extends EventRow {
  readonly seq: number
  readonly digest: Buffer | undefined
}

/** Appends events and moves the head from where it was seen to the last of them, in one statement. False when another writer was first: then nothing is written. */
export async function insertEvents(db: Kysely<Database>, rows: readonly (ChainedEvent & { readonly digest: Buffer })[], from: ChainEnd, to: SealedEnd): Promise<boolean> {
  const column = <T>(pick: (row: ChainedEvent) => T): T[] => rows.map(pick)
  const result = await sql`with head as (${moveHead(from, to)})
    insert into audit_events (seq, digest, event_id, at, event, client_id, user_id, actor, reference, details)
    select appended.* from unnest(${column(({ seq }) => seq)}::bigint[], ${column(({ digest }) => digest)}::bytea[], ${column(({ id }) => id)}::uuid[], ${column(({ at }) => at)}::timestamptz[],
      ${column(({ event }) => event)}::text[], ${column(({ clientId }) => clientId ?? null)}::text[], ${column(({ userId }) => userId ?? null)}::uuid[], ${column(({ actor }) => actor ?? null)}::text[],
      ${column(({ reference }) => reference ?? null)}::text[], ${column(({ details }) => JSON.stringify(details))}::jsonb[]) as appended where exists (select from head)`.execute(db)
  return (result.numAffectedRows ?? 0n) > 0n
}

/** Which of these events are written: after a connection that was lost nobody knows. */
export async function findWritten(db: Kysely<Database>, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const { rows } = await sql<{ event_id: string }>`select event_id from audit_events where event_id = any(${[...ids]}::uuid[])`.execute(db)
  return new Set(rows.map((row) => row.event_id))
}

/** The number before the oldest event there is. */
export async function numberBeforeOldest(db: Kysely<Database>): Promise<number> {
  const { rows } = await sql<{ seq: string | null }>`select min(seq) - 1 as seq from audit_events`.execute(db)
  return Number(rows[0]?.seq ?? 0)
}

interface Row {
  readonly seq: string
  readonly digest: Buffer | null
  readonly event_id: string
  readonly at: Date
  readonly event: string
  readonly client_id: string | null
  readonly user_id: string | null
  readonly actor: string | null
  readonly reference: string | null
  readonly details: Readonly<Record<string, unknown>>
}

const COLUMNS = sql`seq, digest, event_id, at, event, client_id, user_id, actor, reference, details`

function toEvent(row: Row): ChainedEvent {
  const { event_id: id, at, event, client_id, user_id, actor, reference, details } = row
  return { seq: Number(row.seq), digest: row.digest ?? undefined, id, at, event, clientId: client_id ?? undefined, userId: user_id ?? undefined, actor: actor ?? undefined, reference: reference ?? undefined, details }
}

/** The next events along the chain, after a number. */
export async function listChained(db: Kysely<Database>, after: number, limit: number): Promise<readonly ChainedEvent[]> {
  const { rows } = await sql<Row>`select ${COLUMNS} from audit_events where seq > ${after} order by seq limit ${limit}`.execute(db)
  return rows.map(toEvent)
}

/** What is asked of the events: each member that is given must hold. */
export interface EventFilter {
  readonly event?: string | undefined
  readonly actor?: string | undefined
  /** Whom or what it was done to: the id of a person, a client, a provider … */
  readonly target?: string | undefined
  readonly reference?: string | undefined
  readonly from?: Date | undefined
  /** Excluded. */
  readonly to?: Date | undefined
}

/** The details in which an event names what it is about. */
const TARGETS = ['clientId', 'userId', 'providerId', 'organizationId', 'apiId', 'federationId', 'mergedId', 'consentId', 'id'] as const

/** Which of the events that fit: those before a number, the newest first; or those after one, in the order of the chain. */
export type EventPage = { readonly before?: number | undefined; readonly limit: number } | { readonly after: number; readonly limit: number }

/** A page of the events that fit. */
export async function searchEvents(db: Kysely<Database>, filter: EventFilter, page: EventPage): Promise<readonly ChainedEvent[]> {
  const { event, actor, target, reference, from, to } = filter
  const conditions = [
    'after' in page ? sql`seq > ${page.after}` : sql`seq < ${page.before ?? Number.MAX_SAFE_INTEGER}`,
    ...(event === undefined ? [] : [sql`event = ${event}`]),
    ...(actor === undefined ? [] : [sql`actor = ${actor}`]),
    ...(target === undefined ? [] : [sql`(${sql.join(TARGETS.map((name) => sql`details @> ${JSON.stringify({ [name]: target })}::jsonb`), sql` or `)})`]),
    ...(reference === undefined ? [] : [sql`reference = ${reference}`]),
    ...(from === undefined ? [] : [sql`at >= ${from}`]),
    ...(to === undefined ? [] : [sql`at < ${to}`]),
  ]
  const { rows } = await sql<Row>`select ${COLUMNS} from audit_events where ${sql.join(conditions, sql` and `)} order by ${'after' in page ? sql`seq` : sql`seq desc`} limit ${page.limit}`.execute(db)
  return rows.map(toEvent)
}

/** Deletes everything up to an event, and notes it as the end from which the chain is verified. False when another process was first. */
export async function deleteEventsUpTo(db: Kysely<Database>, from: ChainEnd, to: SealedEnd): Promise<boolean> {
  return inTransaction(db, async (trx) => {
    if (!(await moveAnchor(trx, from, to))) return false
    await sql`delete from audit_events where seq <= ${to.seq}`.execute(trx)
    return true
  })
}

export interface EventOfUser {
  readonly id: string
  readonly at: Date
  readonly event: string
  readonly clientId: string | undefined
  readonly details: Readonly<Record<string, unknown>>
}

export interface EventSelection {
  readonly userId: string
  /** Which events; others are not read. */
  readonly events: readonly string[]
  /** Ids between these two, both excluded. */
  readonly after: string
  readonly before?: string | undefined
  readonly limit: number
}

/** What was recorded of one person, newest first. */
export async function listEventsOf(db: Kysely<Database>, { userId, events, after, before, limit }: EventSelection): Promise<readonly EventOfUser[]> {
  const { rows } = await sql<Row>`
    select ${COLUMNS} from audit_events
    where user_id = ${userId} and event_id > ${after} and (${before ?? null}::uuid is null or event_id < ${before ?? null}::uuid) and event = any(${[...events]}::text[])
    order by event_id desc limit ${limit}`.execute(db)
  return rows.map(toEvent)
}

/** The digest that the event after this one builds on. */
export function digestFor({ digest }: Pick<ChainedEvent, 'digest'>): Buffer {
  return digest ?? GENESIS
}

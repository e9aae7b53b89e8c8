import { type Kysely, sql } from 'kysely'
import type { Database } from '../database/schema.ts'

// Owns audit_events: appended to, never changed. The row's id carries its time, so what is newer sorts higher.

export interface EventRow {
  readonly id: string
  readonly at: Date
  readonly event: string
  readonly clientId: string | null
  readonly userId: string | null
  readonly reference: string | null
  readonly details: string
}

export async function insertEvents(db: Kysely<Database>, rows: readonly EventRow[]): Promise<void> {
  const column = <K extends keyof EventRow>(name: K): EventRow[K][] => rows.map((row) => row[name])
  await sql`insert into audit_events (event_id, at, event, client_id, user_id, reference, details)
    select * from unnest(${column('id')}::uuid[], ${column('at')}::timestamptz[], ${column('event')}::text[], ${column('clientId')}::text[],
      ${column('userId')}::uuid[], ${column('reference')}::text[], ${column('details')}::jsonb[])`.execute(db)
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
  const { rows } = await sql<{ event_id: string; at: Date; event: string; client_id: string | null; details: Readonly<Record<string, unknown>> }>`
    select event_id, at, event, client_id, details from audit_events
    where user_id = ${userId} and event_id > ${after} and (${before ?? null}::uuid is null or event_id < ${before ?? null}::uuid) and event = any(${[...events]}::text[])
    order by event_id desc limit ${limit}`.execute(db)
  return rows.map((row) => ({ id: row.event_id, at: row.at, event: row.event, clientId: row.client_id ?? undefined, details: row.details }))
}

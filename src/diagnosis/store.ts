import { type Kysely, sql } from 'kysely'
import type { Database } from '../database/schema.ts'
import type { Compared, Hint } from '../protocol/trace.ts'

// Owns traces: a ring of the newest for each client that is registered, one ring for all others, so that a flood takes the place of its own
// traces and of nobody else's. The row's id carries its time.

/** How many are kept of one ring. */
export const RING = 500
/** How long one is kept, for operators. Seconds. */
export const KEPT_SECONDS = 7 * 86_400
/** How long developers see one. Seconds. */
export const SHOWN_SECONDS = 86_400

export type Level = 'refused' | 'warning'

/** What is kept of a request beside the columns: everything here is fit to be read, secrets are hashes. */
export interface TraceDocument {
  readonly method: string
  readonly description: string
  readonly parameters: Readonly<Record<string, string>>
  readonly compared: readonly Compared[]
  readonly hints: readonly Hint[]
}

export interface TraceRow {
  readonly id: string
  readonly reference: string
  readonly ring: string
  readonly at: Date
  readonly level: Level
  readonly clientId: string | null
  readonly endpoint: string
  readonly status: number
  readonly error: string
  readonly cause: string
  readonly document: TraceDocument
}

type Db = Kysely<Database>

export async function insertTraces(db: Db, rows: readonly TraceRow[]): Promise<void> {
  const column = <K extends keyof TraceRow>(name: K): TraceRow[K][] => rows.map((row) => row[name])
  await sql`insert into traces (trace_id, reference, ring, at, level, client_id, endpoint, status, error, cause, document)
    select * from unnest(${column('id')}::uuid[], ${column('reference')}::text[], ${column('ring')}::text[], ${column('at')}::timestamptz[], ${column('level')}::text[], ${column('clientId')}::text[],
      ${column('endpoint')}::text[], ${column('status')}::int[], ${column('error')}::text[], ${column('cause')}::text[], ${rows.map(({ document }) => JSON.stringify(document))}::jsonb[])
    on conflict do nothing`.execute(db)
}

/** Lets go of what is older than the newest of each ring. */
export async function trimRings(db: Db, rings: readonly string[]): Promise<void> {
  await sql`delete from traces where trace_id in (
    select old.trace_id from unnest(${[...rings]}::text[]) as item (ring)
    cross join lateral (select trace_id from traces t where t.ring = item.ring order by trace_id desc offset ${RING}) old)`.execute(db)
}

interface Row {
  readonly trace_id: string
  readonly reference: string
  readonly ring: string
  readonly at: Date
  readonly level: Level
  readonly client_id: string | null
  readonly endpoint: string
  readonly status: number
  readonly error: string
  readonly cause: string
  readonly document: TraceDocument
}

function toTrace({ trace_id, client_id, ...row }: Row): TraceRow {
  return { ...row, id: trace_id, clientId: client_id }
}

/** The trace of a reference, or nothing: unknown, over, or let go. */
export async function findTrace(db: Db, reference: string): Promise<TraceRow | undefined> {
  const { rows } = await sql<Row>`select * from traces where reference = ${reference} and at > clock_now() - make_interval(secs => ${KEPT_SECONDS})`.execute(db)
  return rows[0] && toTrace(rows[0])
}

/** The traces of a client in the last day, newest first. */
export async function listTraces(db: Db, clientId: string, limit: number): Promise<readonly TraceRow[]> {
  const { rows } = await sql<Row>`select * from traces where client_id = ${clientId} and at > clock_now() - make_interval(secs => ${SHOWN_SECONDS}) order by trace_id desc limit ${limit}`.execute(db)
  return rows.map(toTrace)
}

/** How many traces of the last day have this client and this cause. */
export async function countSimilar(db: Db, { ring, cause }: Pick<TraceRow, 'ring' | 'cause'>): Promise<number> {
  const { rows } = await sql<{ count: string }>`select count(*) as count from traces where ring = ${ring} and cause = ${cause} and at > clock_now() - make_interval(secs => ${SHOWN_SECONDS})`.execute(db)
  return Number(rows[0]?.count ?? 0)
}

/** Deletes at most `limit` traces that nobody may read any more. Returns how many. */
export async function deleteOldTraces(db: Db, before: string, limit: number): Promise<number> {
  const result = await sql`delete from traces where trace_id in (select trace_id from traces where trace_id < ${before} order by trace_id limit ${limit} for update skip locked)`.execute(db)
  return Number(result.numAffectedRows ?? 0n)
}

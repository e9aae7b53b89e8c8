import type { Kysely } from 'kysely'
import type { Database } from '../database/schema.ts'
import type { Clock } from '../lib/clock.ts'
import { maskTokens } from '../lib/opaque-token.ts'
import { newRowId } from '../lib/random.ts'
import { type RepeatedWriting, writeRepeatedly } from '../lib/repeated-writing.ts'
import { createAppender } from './append.ts'
import { canonical, type EventRow } from './chain.ts'
import type { AuditEvent } from './events.ts'
import type { Log } from './log.ts'
import type { Metrics } from './metrics.ts'
import { forgetEvents } from './forget.ts'
import { findWritten } from './store.ts'
import { type ChainPart, type Verdict, verifyChain } from './verify.ts'

// Owns recording: an event is logged at once and written within a quarter of a second, in batches; while the database is gone a bounded
// buffer keeps them. Does not own the chain (append.ts) and the table (store.ts), nor what a person may read of it (history.ts).

export interface Audit extends RepeatedWriting {
  record(event: AuditEvent, reference?: string): void
  /** Walks along the chain of all events, or a part of it. */
  verify(part?: ChainPart): Promise<Verdict>
  /** Forgets at most `limit` of the oldest events, from before `before`. Returns how many. */
  forget(before: Date, limit: number): Promise<number>
}

export interface AuditOptions {
  readonly db: Kysely<Database>
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  /** The key of the chain. */
  readonly key: Buffer
}

const FLUSH_MS = 250
const MOST_WAITING = 10_000
const ROWS = 500

/** A detail as it may be kept: the name of a client, say, is what a stranger sent as one. */
function masked<T extends AuditEvent>(event: T): T {
  return Object.fromEntries(Object.entries(event).map(([name, value]) => [name, typeof value === 'string' ? maskTokens(value) : (value as unknown)])) as T
}

function toRow(now: number, { event, actor, ...told }: AuditEvent, reference: string | undefined): EventRow {
  const details = canonical(told) as Readonly<Record<string, unknown>>
  const text = (name: string): string | undefined => (typeof details[name] === 'string' ? details[name] : undefined)
  return { id: newRowId(now), at: new Date(now), event, clientId: text('clientId'), userId: text('userId'), actor, reference, details }
}

export function createAudit(options: AuditOptions): Audit {
  const append = createAppender(options.db, options.key)
  let waiting: EventRow[] = []
  /** The last try failed: it may have been written all the same. */
  let unsure = false

  async function write(rows: readonly EventRow[]): Promise<void> {
    const written = unsure ? await findWritten(options.db, rows.map(({ id }) => id)) : new Set()
    const missing = rows.filter(({ id }) => !written.has(id))
    if (missing.length > 0) await append(missing)
    unsure = false
  }

  async function writeAll(): Promise<void> {
    try {
      while (waiting.length > 0) {
        const rows = waiting.slice(0, ROWS)
        await write(rows)
        waiting = waiting.slice(rows.length)
      }
    } catch (error) {
      unsure = true
      options.log.warn({ err: error, waiting: waiting.length }, 'audit events wait for the database')
    }
  }

  return {
    // One batch after the other: two of one process would only race for the end of the chain.
    ...writeRepeatedly(FLUSH_MS, writeAll),
    record: (happened, reference) => {
      const event = masked(happened)
      options.log.info({ ...event, ...(reference === undefined ? {} : { ref: reference }) }, event.event)
      if (waiting.length >= MOST_WAITING) {
        options.metrics.auditDropped.inc()
        return
      }
      waiting.push(toRow(options.clock.now(), event, reference))
    },
    verify: (part) => verifyChain(options.db, options.key, part),
    forget: (before, limit) => forgetEvents(options.db, options.key, before, limit),
  }
}

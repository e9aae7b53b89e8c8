import type { Kysely } from 'kysely'
import type { Database } from '../database/schema.ts'
import type { Clock } from '../lib/clock.ts'
import { newRowId } from '../lib/random.ts'
import type { AuditEvent } from './events.ts'
import type { Log } from './log.ts'
import type { Metrics } from './metrics.ts'
import { type EventRow, insertEvents } from './store.ts'

// Owns recording: an event is logged at once and written within a quarter of a second, in batches; while the database is gone a bounded
// buffer keeps them. Does not own the table (store.ts), nor what a person may read of it (history.ts).

export interface Audit {
  record(event: AuditEvent, reference?: string): void
  /** Writes what is waiting. */
  flush(): Promise<void>
  close(): Promise<void>
}

const FLUSH_MS = 250
const MOST_WAITING = 10_000
const ROWS = 500

export function createAudit(options: { readonly db: Kysely<Database>; readonly clock: Clock; readonly log: Log; readonly metrics: Metrics }): Audit {
  let waiting: EventRow[] = []

  async function flush(): Promise<void> {
    while (waiting.length > 0) {
      const rows = waiting.slice(0, ROWS)
      waiting = waiting.slice(ROWS)
      try {
        await insertEvents(options.db, rows)
      } catch (error) {
        waiting = [...rows, ...waiting].slice(0, MOST_WAITING)
        options.log.warn({ err: error, waiting: waiting.length }, 'audit events wait for the database')
        return
      }
    }
  }

  const timer = setInterval(() => void flush(), FLUSH_MS)
  timer.unref()

  return {
    record: (entry, reference) => {
      const { event, ...details } = entry
      options.log.info({ event, ...details, ...(reference === undefined ? {} : { ref: reference }) }, event)
      if (waiting.length >= MOST_WAITING) {
        options.metrics.auditDropped.inc()
        return
      }
      waiting.push({
        id: newRowId(options.clock.now()),
        at: new Date(options.clock.now()),
        event,
        clientId: 'clientId' in entry ? entry.clientId : null,
        userId: 'userId' in entry ? (entry.userId ?? null) : null,
        reference: reference ?? null,
        details: JSON.stringify(details),
      })
    },
    flush,
    close: async () => {
      clearInterval(timer)
      await flush()
    },
  }
}

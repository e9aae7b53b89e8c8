import type { Kysely } from 'kysely'
import { LRUCache } from 'lru-cache'
import type { Log } from '../audit/log.ts'
import type { Metrics } from '../audit/metrics.ts'
import type { Database } from '../database/schema.ts'
import type { Sealing } from '../keys/sealing.ts'
import type { Clock } from '../lib/clock.ts'
import { newRowId } from '../lib/random.ts'
import { type RepeatedWriting, writeRepeatedly } from '../lib/repeated-writing.ts'
import { factsOf } from '../protocol/causes.ts'
import type { Form } from '../protocol/form.ts'
import type { Findings, Trace } from '../protocol/trace.ts'
import { readable, readableComparison, readableHint, readableParameters } from './fit-to-read.ts'
import { insertTraces, type Level, type TraceRow, trimRings } from './store.ts'

// Owns the traces of refusals: noted at once, made fit to be read and written within a quarter of a second, beside the answer. Nothing waits
// for them: while the database is gone, or more come than can be written, they are dropped and counted. Does not own why a request was
// refused (the rules say so in their errors), nor who may read a trace (the dashboard).

/** A refusal, or a warning about something that passed. */
export interface Refusal {
  readonly reference: string
  readonly level: Level
  readonly endpoint: string
  readonly method: string
  readonly status: number
  readonly error: string
  readonly description: string
  /** Whom the request says it comes from. */
  readonly clientId: string | undefined
  readonly forms: readonly Form[]
  readonly trace: Trace
}

export interface Diagnosis extends RepeatedWriting {
  record(refusal: Refusal): void
}

export interface DiagnosisOptions {
  readonly db: Kysely<Database>
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  readonly sealing: Sealing
  /** Whether a client is registered: it has a ring of its own then. */
  readonly isRegistered: (clientId: string) => Promise<boolean>
}

const FLUSH_MS = 250
const MOST_WAITING = 1000
/** Of one client between two writes; above it traces are samples. */
const MOST_OF_ONE = 50
const LONGEST_ID = 200
/** A client hears one warning of a kind from a process, and then none for a while. Milliseconds. */
const WARNING_REST_MS = 600_000
const MOST_GIVEN = 5000
export const TRACE_KEY = 'trace'

interface Waiting extends Refusal {
  readonly at: number
}

async function wholeTrace({ later, ...trace }: Trace): Promise<Trace & Required<Findings>> {
  const { compared = [], hints = [], cause = trace.cause, clientId = trace.clientId } = later === undefined ? {} : await later()
  return { cause, clientId, compared: [...(trace.compared ?? []), ...compared], hints: [...(trace.hints ?? []), ...hints] }
}

/** Starts recording. */
export function createDiagnosis({ db, clock, log, metrics, sealing, isRegistered }: DiagnosisOptions): Diagnosis {
  const given = new LRUCache<string, true>({ max: MOST_GIVEN, ttl: WARNING_REST_MS, perf: { now: () => clock.now() } })
  let waiting: Waiting[] = []
  let ofOne = new Map<string, number>()

  function drop(reason: 'full' | 'sampled' | 'database', count = 1): void {
    metrics.tracesDropped.inc({ reason }, count)
  }

  function wasJustGiven({ clientId = '', trace }: Refusal): boolean {
    const key = `${clientId} ${trace.cause}`
    if (given.has(key)) return true
    given.set(key, true)
    return false
  }

  async function ringOf(level: Level, clientId: string | undefined): Promise<string> {
    if (clientId === undefined) return 'nobody'
    const registered = clientId.length <= LONGEST_ID && (await isRegistered(clientId))
    if (!registered) return 'strangers'
    return level === 'warning' ? `warnings/${clientId}` : `client/${clientId}`
  }

  async function rowOf({ reference, level, endpoint, method, status, error, description, clientId: claimed, forms, trace, at }: Waiting): Promise<TraceRow> {
    const key = sealing.macKey(TRACE_KEY)
    const { cause, clientId = claimed, compared, hints } = await wholeTrace(trace)
    const ring = await ringOf(level, clientId)
    // Who mixes up id and secret must not find the secret here: only ids that are registered are kept however they look.
    const named = clientId === undefined ? null : ring === 'strangers' ? readable(key, clientId.slice(0, LONGEST_ID)) : clientId
    const document = { method, description, parameters: readableParameters(key, forms), compared: compared.map((one) => readableComparison(key, one)), hints: hints.map((one) => readableHint(key, one)) }
    return { id: newRowId(at), reference, ring, at: new Date(at), level, clientId: named, endpoint: readable(key, endpoint), status, error, cause, document }
  }

  async function write(): Promise<void> {
    const batch = waiting
    waiting = []
    ofOne = new Map()
    if (batch.length === 0) return
    try {
      const rows = await Promise.all(batch.map(rowOf))
      await insertTraces(db, rows)
      await trimRings(db, [...new Set(rows.map(({ ring }) => ring))])
    } catch (failure) {
      drop('database', batch.length)
      log.warn({ err: failure, traces: batch.length }, 'traces of refusals were not written')
    }
  }

  return {
    ...writeRepeatedly(FLUSH_MS, write),
    record: (refusal) => {
      if (factsOf(refusal.trace.cause).routine === true) return
      if (refusal.level === 'warning' && wasJustGiven(refusal)) return
      if (waiting.length >= MOST_WAITING) return drop('full')
      const whose = refusal.clientId ?? ''
      const count = (ofOne.get(whose) ?? 0) + 1
      ofOne.set(whose, count)
      if (count > MOST_OF_ONE) return drop('sampled')
      waiting.push({ ...refusal, at: clock.now() })
    },
  }
}

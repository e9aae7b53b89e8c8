import type { Kysely } from 'kysely'
import type { Database } from '../database/schema.ts'
import type { Clock } from '../lib/clock.ts'
import { firstIdAt, isRowId } from '../lib/random.ts'
import type { AuditEvent } from './events.ts'
import { type EventOfUser, listEventsOf } from './store.ts'

// Owns what a person may read of what was recorded about them: which events, and how far back. An event stands here once it has words
// (`account.history.<event>`). Details are for operators, but for the few that the words need.

export const HISTORY_DAYS = 90

/** The events that a person is shown. */
export const historyEvents = [
  'login',
  'login.failed',
  'login.throttled',
  'factor.proven',
  'factor.failed',
  'factor.throttled',
  'factor.recovery_code_used',
  'factor.changed',
  'password.reset_asked',
  'password.changed',
  'logout',
  'session.ended',
  'consent.granted',
  'consent.denied',
  'consent.narrowed',
  'consent.removed',
  'consent.withdrawn',
  'code.replayed',
  'refresh.reuse',
  'user.changed',
  'user.signed_up',
  'users.merged',
  'identity.unlinked',
] as const satisfies readonly AuditEvent['event'][]

export type HistoryEvent = (typeof historyEvents)[number]

export interface HistoryEntry {
  readonly id: string
  readonly at: Date
  readonly event: HistoryEvent
  readonly clientId: string | undefined
  readonly providerId: string | undefined
  readonly scope: string | undefined
}

function isHistoryEvent(event: string): event is HistoryEvent {
  return historyEvents.some((one) => one === event)
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function toEntry({ id, at, event, clientId, details }: EventOfUser): HistoryEntry | undefined {
  return isHistoryEvent(event) ? { id, at, event, clientId, providerId: textOf(details['providerId']), scope: textOf(details['scope']) } : undefined
}

/** What happened in a person's name in the last 90 days, newest first; `before` is the id of the last one that was shown. Nobody else's. */
export async function readHistory(db: Kysely<Database>, clock: Clock, userId: string, page: { readonly before?: string | undefined; readonly limit: number }): Promise<readonly HistoryEntry[]> {
  const after = firstIdAt(clock.now() - HISTORY_DAYS * 86_400_000)
  const before = page.before !== undefined && isRowId(page.before) ? page.before : undefined
  const events = await listEventsOf(db, { userId, events: historyEvents, after, before, limit: page.limit })
  return events.map(toEntry).filter((entry) => entry !== undefined)
}

import type { Kysely } from 'kysely'
import type { Database } from '../database/schema.ts'
import type { Clock } from '../lib/clock.ts'
import { clientSubject, dayOf, providerSubject } from './statistics.ts'
import { type Counted, type CountQuery, listCounts, listWeeks } from './statistics-store.ts'

// Owns what may be read of statistics: numbers of people and of their sign-ins below five are not told, so that nobody is found by being
// the only one.

export const FEWER_THAN_FIVE = 'fewer than 5'
/** A number that tells of nobody: exact from five on, and when it is nothing. */
export type Told = number | typeof FEWER_THAN_FIVE

const K = 5

function told(count: number): Told {
  return count > 0 && count < K ? FEWER_THAN_FIVE : count
}

export interface DayOfUse {
  /** YYYY-MM-DD, UTC. */
  readonly day: string
  readonly logins: Told
  /** By grant type. */
  readonly tokens: Readonly<Record<string, number>>
  /** By error, and what exactly where that is known. */
  readonly failures: Readonly<Record<string, number>>
}

export interface Use {
  /** Days on which something happened. */
  readonly days: readonly DayOfUse[]
  /** Different people by week (its Monday). */
  readonly weeks: readonly { readonly week: string; readonly people: Told }[]
}

/** Days, YYYY-MM-DD, both included. */
export interface Period {
  readonly from: string
  readonly to: string
}

const WEEK_DAYS = 7
const DAY_MS = 86_400_000

/** The last seven days, today among them. */
export function lastSevenDays(clock: Clock): Period {
  return { from: dayOf(clock.now() - (WEEK_DAYS - 1) * DAY_MS), to: dayOf(clock.now()) }
}

/** Of the last seven days: different people in the week that runs, whose Monday is one of them; nothing where nobody came. */
export function peopleOfThisWeek({ weeks }: Use, { from }: Period): Told | undefined {
  return weeks.find(({ week }) => week >= from)?.people
}

/** The newest first. */
export function newestFirst(days: readonly DayOfUse[]): readonly DayOfUse[] {
  return days.toSorted((a, b) => b.day.localeCompare(a.day))
}

/** All of a day's numbers together. */
export function sumOf(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0)
}

function byReason(counts: readonly Pick<Counted, 'kind' | 'reason' | 'count'>[], kind: Counted['kind']): Readonly<Record<string, number>> {
  return Object.fromEntries(counts.filter((one) => one.kind === kind).map(({ reason, count }) => [reason, count]))
}

async function readDays(db: Kysely<Database>, query: CountQuery): Promise<readonly DayOfUse[]> {
  const counts = await listCounts(db, query)
  return [...new Set(counts.map(({ day }) => day))].map((day) => {
    const those = counts.filter((one) => one.day === day)
    return { day, logins: told(those.filter(({ kind }) => kind === 'login').reduce((sum, { count }) => sum + count, 0)), tokens: byReason(those, 'token'), failures: byReason(those, 'failure') }
  })
}

async function readWeeks(db: Kysely<Database>, subject: string, period: Period): Promise<Use['weeks']> {
  return (await listWeeks(db, subject, period)).map(({ week, people }) => ({ week, people: told(people) }))
}

/** How a client was used; with a `provider`, only the sign-ins that came from there. */
export async function clientStatistics({ db }: { readonly db: Kysely<Database> }, clientId: string, { provider, ...period }: Period & { readonly provider?: string | undefined }): Promise<Use> {
  const [days, weeks] = await Promise.all([readDays(db, { clientId, providerId: provider, ...period }), provider === undefined ? readWeeks(db, clientSubject(clientId), period) : []])
  return { days, weeks }
}

/** How a place to sign in was used, whatever the client. */
export async function providerStatistics({ db }: { readonly db: Kysely<Database> }, providerId: string, period: Period): Promise<Use> {
  const [days, weeks] = await Promise.all([readDays(db, { providerId, ...period }), readWeeks(db, providerSubject(providerId), period)])
  return { days, weeks }
}

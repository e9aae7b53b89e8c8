import { createHmac, randomBytes } from 'node:crypto'
import type { Kysely } from 'kysely'
import type { Database } from '../database/schema.ts'
import type { Sealing } from '../keys/sealing.ts'
import type { Clock } from '../lib/clock.ts'
import { type RepeatedWriting, writeRepeatedly } from '../lib/repeated-writing.ts'
import type { OAuthError } from '../protocol/error.ts'
import type { AuditEvent } from './events.ts'
import type { Log } from './log.ts'
import { addCounts, addPeople, type Counted, keepPeopleKey, type StatisticKind } from './statistics-store.ts'

// Owns what is counted of how applications and places to sign in are used, and that nobody can be found in it: sums a day, and how many
// different people a week. Counting is a sum in memory, written every few seconds; no request waits for it. Does not own the tables
// (statistics-store.ts) nor what may be read (read-statistics.ts).

export interface Statistics extends RepeatedWriting {
  /** Somebody came to a client. */
  login(clientId: string, providerId: string, userId: string): void
  token(clientId: string, grantType: string): void
  /** A request that names a client was refused. Whether there is such a client is asked before it is written: nobody fills a table with names. */
  failure(clientId: string | undefined, error: OAuthError): void
  /** What the audit hears of places to sign in is counted, too. */
  event(event: AuditEvent): void
}

export interface StatisticsOptions {
  readonly db: Kysely<Database>
  readonly clock: Clock
  readonly log: Log
  readonly sealing: Sealing
  readonly isRegistered: (clientId: string) => Promise<boolean>
}

const FLUSH_MS = 5000
/** Of each kind, between two writes. What is new beyond that is not counted. */
const MOST_WAITING = 20_000
const LONGEST_ID = 200
const DAY_MS = 86_400_000
/** Of an HMAC: two people who look the same are then not to be expected. */
const PERSON_BYTES = 16

/** YYYY-MM-DD in UTC of milliseconds since the epoch. */
export function dayOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString().slice(0, 10)
}

/** The Monday of the week, YYYY-MM-DD in UTC. */
export function weekOf(milliseconds: number): string {
  const weekday = (new Date(milliseconds).getUTCDay() + 6) % 7
  return dayOf(milliseconds - weekday * DAY_MS)
}

export const clientSubject = (clientId: string): string => `client ${clientId}`
export const providerSubject = (providerId: string): string => `provider ${providerId}`

/** What a client does not do wrong: it asks again, as it was told to. */
const NO_FAILURES = new Set(['authorization_pending', 'slow_down', 'use_dpop_nonce'])

export function createStatistics({ db, clock, log, sealing, isRegistered }: StatisticsOptions): Statistics {
  let counts = new Map<string, Counted>()
  /** By week: who was seen where. Leaves memory as an HMAC only. */
  let people = new Map<string, Map<string, { readonly subject: string; readonly userId: string }>>()
  const keys = new Map<string, Buffer>()

  function add(counted: Counted): void {
    const key = JSON.stringify([counted.day, counted.clientId, counted.providerId, counted.kind, counted.reason])
    const known = counts.get(key)
    if (known === undefined && counts.size >= MOST_WAITING) return
    counts.set(key, { ...counted, count: counted.count + (known?.count ?? 0) })
  }

  function count(kind: StatisticKind, clientId: string, providerId: string, reason: string): void {
    add({ day: dayOf(clock.now()), clientId, providerId, kind, reason, count: 1 })
  }

  function see(week: string, subject: string, userId: string): void {
    const seen = people.get(week) ?? new Map<string, { readonly subject: string; readonly userId: string }>()
    people.set(week, seen)
    if (seen.size < MOST_WAITING) seen.set(`${subject}\0${userId}`, { subject, userId })
  }

  async function keyOf(week: string): Promise<Buffer> {
    const known = keys.get(week)
    if (known !== undefined) return known
    const kept = await keepPeopleKey(db, week, sealing.seal('statistics', randomBytes(32), week))
    const key = sealing.unseal('statistics', kept, week)
    if (key === undefined) throw new Error('the key of the week cannot be opened')
    keys.clear()
    keys.set(week, key)
    return key
  }

  async function writePeople(week: string, seen: readonly { readonly subject: string; readonly userId: string }[]): Promise<void> {
    const key = await keyOf(week)
    await addPeople(db, week, seen.map(({ subject, userId }) => ({ subject, person: createHmac('sha256', key).update(`${subject}\0${userId}`).digest().subarray(0, PERSON_BYTES) })))
  }

  async function write(): Promise<void> {
    const [sums, seen] = [counts, people]
    counts = new Map()
    people = new Map()
    try {
      const known = await Promise.all([...sums.values()].map(async (one) => one.clientId === '' || one.kind !== 'failure' || (await isRegistered(one.clientId))))
      const kept = [...sums.values()].filter((_, i) => known[i])
      if (kept.length > 0) await addCounts(db, kept)
    } catch (error) {
      for (const one of sums.values()) add(one)
      log.warn({ err: error }, 'statistics wait for the database')
    }
    for (const [week, those] of seen) {
      try {
        await writePeople(week, [...those.values()])
      } catch (error) {
        for (const { subject, userId } of those.values()) see(week, subject, userId)
        log.warn({ err: error }, 'statistics wait for the database')
      }
    }
  }

  return {
    ...writeRepeatedly(FLUSH_MS, write),
    login: (clientId, providerId, userId) => {
      count('login', clientId, providerId, '')
      see(weekOf(clock.now()), clientSubject(clientId), userId)
    },
    token: (clientId, grantType) => count('token', clientId, '', grantType),
    failure: (clientId, { code, trace }) => {
      if (clientId === undefined || clientId.length > LONGEST_ID || NO_FAILURES.has(code)) return
      count('failure', clientId, '', `${code} ${trace.cause}`)
    },
    event: (event) => {
      if (event.event === 'login') {
        count('login', '', event.providerId, '')
        see(weekOf(clock.now()), providerSubject(event.providerId), event.userId)
      }
      if (event.event === 'login.failed') count('failure', '', event.providerId, event.reason)
      if (event.event === 'login.throttled') count('failure', '', event.providerId, 'throttled')
    },
  }
}

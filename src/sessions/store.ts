import { type Kysely, sql } from 'kysely'
import type { Context } from '../context.ts'
import type { Database } from '../database/schema.ts'
import { isRowId, newRowId } from '../lib/random.ts'
import { type Session, SESSION_ABSOLUTE_SECONDS, SESSION_IDLE_SECONDS } from './session.ts'

// Owns sessions: who is signed in in which browser. Asked at each use, never cached. Whether the person is locked is the users' matter;
// the caller joins the two.

interface Row {
  readonly session_id: string
  readonly user_id: string
  readonly provider_id: string
  readonly auth_time: Date
  readonly acr: string | null
  readonly amr: readonly string[]
  readonly factors: readonly string[]
  readonly factor_at: Date | null
  readonly remembered: boolean
}

function toSession(row: Row): Session {
  return {
    sessionId: row.session_id,
    userId: row.user_id,
    providerId: row.provider_id,
    authTime: Math.floor(row.auth_time.getTime() / 1000),
    acr: row.acr ?? undefined,
    amr: row.amr,
    factors: row.factors,
    factorAt: row.factor_at === null ? undefined : Math.floor(row.factor_at.getTime() / 1000),
    remembered: row.remembered,
  }
}

const COLUMNS = sql`session_id, user_id, provider_id, auth_time, acr, amr, factors, factor_at, remembered`
const ALIVE = sql`ended_at is null and expires_at > clock_now()`
// Half a sign-in is none: whoever knows the password and not the second factor is signed in nowhere.
const LIVE = sql`${ALIVE} and not factor_due`
const EXPIRES = sql`least(clock_now() + make_interval(secs => ${SESSION_IDLE_SECONDS}), auth_time + make_interval(secs => ${SESSION_ABSOLUTE_SECONDS}))`

/** The live sessions of a browser, latest sign-in first. */
export async function listSessions(ctx: Context, browserId: string): Promise<readonly Session[]> {
  const { rows } = await sql<Row>`select ${COLUMNS} from sessions where browser_id = ${browserId} and ${LIVE} order by auth_time desc, seen_at desc`.execute(ctx.db)
  return rows.map(toSession)
}

export interface SignedIn {
  readonly browserId: string
  readonly userId: string
  readonly providerId: string
  readonly acr: string | undefined
  readonly amr: readonly string[]
  /** When the provider says that the person signed in there; now when left out. Seconds since the epoch. */
  readonly authTime?: number | undefined
  /** False on a shared computer: the device keeps no label of the account. */
  readonly remembered: boolean
  /** A second factor must be proven before this counts. */
  readonly factorDue?: boolean
  /** The family of the browser (lib/user-agent.ts). */
  readonly agent?: string | undefined
  /** From where, in the words of a proxy. */
  readonly place?: string | undefined
}

// Never in the future, and never so long ago that the session would have ended before it began.
function authenticatedAt(authTime: number | undefined) {
  if (authTime === undefined) return sql`date_trunc('second', clock_now())`
  return sql`date_trunc('second', greatest(least(to_timestamp(${authTime}), clock_now()), clock_now() - make_interval(secs => ${SESSION_ABSOLUTE_SECONDS - SESSION_IDLE_SECONDS})))`
}

/** Starts a session, or renews the one that this person has in this browser: a new `auth_time`, the same `sid`. One statement. */
export async function startSession(ctx: Context, signedIn: SignedIn): Promise<Session> {
  const { browserId, userId, providerId, acr, amr, authTime, remembered, factorDue = false, agent, place } = signedIn
  const { rows } = await sql<Row>`
    insert into sessions (session_id, browser_id, user_id, provider_id, auth_time, acr, amr, remembered, factor_due, agent, place, expires_at)
    values (${newRowId(ctx.clock.now())}, ${browserId}, ${userId}, ${providerId}, ${authenticatedAt(authTime)}, ${acr ?? null}, ${[...amr]}, ${remembered}, ${factorDue}, ${agent ?? null}, ${place ?? null},
      clock_now() + make_interval(secs => ${SESSION_IDLE_SECONDS}))
    on conflict (browser_id, user_id) where ended_at is null do update set provider_id = excluded.provider_id, auth_time = excluded.auth_time, acr = excluded.acr,
      amr = excluded.amr, factors = '{}', factor_at = null, factor_due = excluded.factor_due, remembered = excluded.remembered, agent = excluded.agent, place = excluded.place, seen_at = clock_now(), expires_at = excluded.expires_at
    returning ${COLUMNS}`.execute(ctx.db)
  const row = rows[0]
  if (row === undefined) throw new Error('the session was not written')
  return toSession(row)
}

/** The sign-ins of a browser, latest first: the live sessions, and those that wait for a second factor. */
export async function listSignIns(ctx: Context, browserId: string): Promise<{ readonly live: readonly Session[]; readonly pending: readonly Session[] }> {
  const { rows } = await sql<Row & { factor_due: boolean }>`select ${COLUMNS}, factor_due from sessions where browser_id = ${browserId} and ${ALIVE} order by auth_time desc, seen_at desc`.execute(ctx.db)
  return { live: rows.filter((row) => !row.factor_due).map(toSession), pending: rows.filter((row) => row.factor_due).map(toSession) }
}

/** Adds a proven second factor to a session of a browser: one that waited for it counts from now on. Nothing when the session is gone. */
export async function liftSession(ctx: Context, browserId: string, sessionId: string, factors: readonly string[]): Promise<Session | undefined> {
  const { rows } = await sql<Row>`update sessions set factors = array(select distinct unnest(factors || ${[...factors]}::text[])), factor_at = date_trunc('second', clock_now()), factor_due = false,
    seen_at = clock_now(), expires_at = ${EXPIRES} where session_id = ${sessionId} and browser_id = ${browserId} and ${ALIVE} returning ${COLUMNS}`.execute(ctx.db)
  return rows[0] === undefined ? undefined : toSession(rows[0])
}

const TOUCHED_EVERY_SECONDS = 300

/** Notes that a session was used, at most every five minutes. */
export async function touchSession(ctx: Context, { sessionId, authTime }: Session): Promise<void> {
  if (ctx.clock.now() / 1000 - authTime < TOUCHED_EVERY_SECONDS) return
  await sql`update sessions set seen_at = clock_now(), expires_at = ${EXPIRES} where session_id = ${sessionId} and ${LIVE} and seen_at < clock_now() - make_interval(secs => ${TOUCHED_EVERY_SECONDS})`.execute(ctx.db)
}

/** Signs one account of one browser out. Every token that rests on the session is dead at its next use. Returns whether it was live. */
export async function endSession(ctx: Context, browserId: string, sessionId: string): Promise<boolean> {
  const result = await sql`update sessions set ended_at = clock_now() where session_id = ${sessionId} and browser_id = ${browserId} and ended_at is null`.execute(ctx.db)
  return (result.numAffectedRows ?? 0n) > 0n
}

/** Signs a person out everywhere, but for one session: the password or something like it has changed. Returns how many sessions ended. */
export async function endSessionsOf(db: Kysely<Database>, userId: string, but?: string): Promise<number> {
  const result = await sql`update sessions set ended_at = clock_now() where user_id = ${userId} and ended_at is null and session_id is distinct from ${but ?? null}::uuid`.execute(db)
  return Number(result.numAffectedRows ?? 0n)
}

/** A session as the person sees it in a list of all their browsers. */
export interface ListedSession extends Session {
  readonly agent: string | undefined
  readonly place: string | undefined
  readonly seenAt: Date
}

const MOST_LISTED = 200

/** The live sessions of a person in all browsers, used last first. */
export async function listSessionsOf(ctx: Context, userId: string): Promise<readonly ListedSession[]> {
  const { rows } = await sql<Row & { agent: string | null; place: string | null; seen_at: Date }>`select ${COLUMNS}, agent, place, seen_at from sessions where user_id = ${userId} and ${LIVE}
    order by seen_at desc, session_id desc limit ${MOST_LISTED}`.execute(ctx.db)
  return rows.map((row) => ({ ...toSession(row), agent: row.agent ?? undefined, place: row.place ?? undefined, seenAt: row.seen_at }))
}

/** Signs a person out in one of their browsers, wherever it is. False when the session is not theirs, or is over. */
export async function endSessionOf(ctx: Context, userId: string, sessionId: string): Promise<boolean> {
  if (!isRowId(sessionId)) return false
  const result = await sql`update sessions set ended_at = clock_now() where session_id = ${sessionId} and user_id = ${userId} and ended_at is null`.execute(ctx.db)
  return (result.numAffectedRows ?? 0n) > 0n
}

/** Whether a session is this person's, live or over. */
export async function isSessionOf(ctx: Context, userId: string, sessionId: string): Promise<boolean> {
  if (!isRowId(sessionId)) return false
  const { rows } = await sql`select from sessions where session_id = ${sessionId} and user_id = ${userId}`.execute(ctx.db)
  return rows.length > 0
}

/** Deletes at most `limit` sessions that ended or expired more than `keptDays` ago: until then grants still ask whether they were signed out. */
export async function deleteOldSessions(ctx: Context, keptDays: number, limit: number): Promise<number> {
  const result = await sql`delete from sessions where session_id in
    (select session_id from sessions where expires_at < clock_now() - make_interval(days => ${keptDays}) limit ${limit} for update skip locked)`.execute(ctx.db)
  return Number(result.numAffectedRows ?? 0n)
}

/** The part of a hot statement that asks whether a session was signed out. One that only expired, or that nobody remembers, was not. */
export function sessionWasEnded(column: string): string {
  return `exists (select from sessions where sessions.session_id = ${column} and sessions.ended_at is not null)`
}

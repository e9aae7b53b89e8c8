import { type Kysely, sql, type Transaction } from 'kysely'
import type { Context } from '../context.ts'
import type { Database } from '../database/schema.ts'
import { isRowId, newRowId } from '../lib/random.ts'
import { writeEvents } from './events.ts'

// Owns consent_objects: a yes that has an end. One row for each yes, with what it is for, how long it lasts, how often it was used and how
// it ended. What goes on until the person takes it back is another thing (users/consents.ts). Tokens rest on the row: whatever ends it ends
// them at their next use. Every change and its event in the feed are one statement.

export type ConsentStatus = 'active' | 'used' | 'expired' | 'withdrawn'
export type WithdrawnBy = 'person' | 'client' | 'operator'

/** How long a consent without a number of days is good for, once. Seconds. */
export const SINGLE_USE_SECONDS = 600

/** What is agreed to. */
export interface ConsentTerms {
  /** The scopes as they were asked for, with the number of days in them. */
  readonly scopes: readonly string[]
  /** The same without the number. */
  readonly purpose: readonly string[]
  /** Nothing: for one use within ten minutes. */
  readonly days?: number
}

export interface ConsentObject {
  readonly consentId: string
  readonly userId: string
  readonly clientKey: string
  readonly scopes: readonly string[]
  readonly purpose: readonly string[]
  readonly days: number | undefined
  readonly singleUse: boolean
  /** As it is now: one whose time is over is not active, whether that has been written down yet or not. */
  readonly status: ConsentStatus
  readonly withdrawnBy: WithdrawnBy | undefined
  readonly externalId: string | undefined
  readonly createdAt: Date
  readonly expiresAt: Date
  readonly endedAt: Date | undefined
  readonly uses: number
  readonly usedAt: Date | undefined
}

interface Row {
  readonly consent_id: string
  readonly user_id: string
  readonly client_key: string
  readonly scope: string
  readonly purpose: readonly string[]
  readonly days: number | null
  readonly single_use: boolean
  readonly status: ConsentStatus
  readonly withdrawn_by: WithdrawnBy | null
  readonly external_id: string | null
  readonly created_at: Date
  readonly expires_at: Date
  readonly ended_at: Date | null
  readonly use_count: number
  readonly used_at: Date | null
}

const COLUMNS = `consent_id, user_id, client_key, scope, purpose, days, single_use, case when status = 'active' and expires_at <= clock_now() then 'expired' else status end as status,
  withdrawn_by, external_id, created_at, expires_at, case when status = 'active' and expires_at <= clock_now() then expires_at else ended_at end as ended_at, use_count, used_at`

function toObject(row: Row): ConsentObject {
  return {
    consentId: row.consent_id,
    userId: row.user_id,
    clientKey: row.client_key,
    scopes: row.scope.split(' '),
    purpose: row.purpose,
    days: row.days ?? undefined,
    singleUse: row.single_use,
    status: row.status,
    withdrawnBy: row.withdrawn_by ?? undefined,
    externalId: row.external_id ?? undefined,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    endedAt: row.ended_at ?? undefined,
    uses: row.use_count,
    usedAt: row.used_at ?? undefined,
  }
}

const LIVE = `status = 'active' and expires_at > clock_now()`

/** The part of a statement that asks whether the consent of a column is alive. */
export function consentIsLive(column: string): string {
  return `exists (select from consent_objects o where o.consent_id = ${column} and o.status = 'active' and o.expires_at > clock_now())`
}

export interface NewConsent {
  readonly userId: string
  readonly clientKey: string
  readonly terms: ConsentTerms
  /** The journey in which the person said it: it says it once, however often the form is sent. */
  readonly requestId?: string
  /** The client's own name for it: the same again is the same consent. */
  readonly externalId?: string
}

export interface MadeConsent extends ConsentObject {
  /** False when it was there before. */
  readonly isNew: boolean
}

/** Writes down a consent and its event, in one statement: of a hundred at once for one journey or one external id, one is made and all get it. */
export async function createConsent(ctx: Context, db: Kysely<Database>, { userId, clientKey, terms, requestId, externalId }: NewConsent): Promise<MadeConsent> {
  const { scopes, purpose, days } = terms
  const lifetime = days === undefined ? sql`make_interval(secs => ${SINGLE_USE_SECONDS})` : sql`make_interval(days => ${days})`
  const { rows } = await sql<Row>`with made as (
      insert into consent_objects (consent_id, request_id, user_id, client_key, scope, purpose, days, single_use, external_id, expires_at)
      values (${newRowId(ctx.clock.now())}, ${requestId ?? null}, ${userId}, ${clientKey}, ${scopes.join(' ')}, ${[...purpose]}, ${days ?? null}, ${days === undefined}, ${externalId ?? null}, clock_now() + ${lifetime})
      on conflict do nothing returning *),
    told as (${sql.raw(writeEvents('made', 'created'))})
    select ${sql.raw(COLUMNS)} from made`.execute(db)
  const [made] = rows
  if (made !== undefined) return { ...toObject(made), isNew: true }
  // A statement of its own: what another one has just committed is not in the snapshot of the first.
  const same = requestId === undefined ? sql`client_key = ${clientKey} and external_id = ${externalId ?? ''}` : sql`request_id = ${requestId} and user_id = ${userId}`
  const before = await sql<Row>`select ${sql.raw(COLUMNS)} from consent_objects where ${same}`.execute(db)
  if (before.rows[0] === undefined) throw new Error('the consent was not written')
  return { ...toObject(before.rows[0]), isNew: false }
}

/** A consent by its id, whosoever it is. */
export async function findConsentObject(ctx: Context, consentId: string): Promise<ConsentObject | undefined> {
  if (!isRowId(consentId)) return undefined
  const { rows } = await sql<Row>`select ${sql.raw(COLUMNS)} from consent_objects where consent_id = ${consentId}`.execute(ctx.db)
  return rows[0] && toObject(rows[0])
}

const MOST_LISTED = 500

/** What a person has said yes to with an end, active ones first, then newest first; of one client, or of all. */
export async function listConsentObjects(ctx: Context, userId: string, clientKey?: string): Promise<readonly ConsentObject[]> {
  const of = clientKey === undefined ? sql`true` : sql`client_key = ${clientKey}`
  const { rows } = await sql<Row>`select ${sql.raw(COLUMNS)} from consent_objects where user_id = ${userId} and ${of}
    order by (${sql.raw(LIVE)}) desc, consent_id desc limit ${MOST_LISTED}`.execute(ctx.db)
  return rows.map(toObject)
}

/** Consents with an end of one person or of one client or both, newest first. At most `limit`. */
export async function listAnyConsentObjects(ctx: Context, { userId, clientKey }: { readonly userId?: string | undefined; readonly clientKey?: string | undefined }, limit: number): Promise<readonly ConsentObject[]> {
  const conditions = [...(userId === undefined ? [] : [sql`user_id = ${userId}`]), ...(clientKey === undefined ? [] : [sql`client_key = ${clientKey}`])]
  const { rows } = await sql<Row>`select ${sql.raw(COLUMNS)} from consent_objects where ${conditions.length === 0 ? sql`true` : sql.join(conditions, sql` and `)} order by consent_id desc limit ${limit}`.execute(ctx.db)
  return rows.map(toObject)
}

/**
 * Uses a consent: counts it, and ends it when it is for one use. One statement, so that of a hundred at once one is let in; nothing when it
 * was not alive. Gives the consent as it was used.
 */
export async function useConsent(ctx: Context, consentId: string): Promise<ConsentObject | undefined> {
  if (!isRowId(consentId)) return undefined
  const { rows } = await sql<Row>`with used as (
      update consent_objects set use_count = use_count + 1, used_at = clock_now(),
        status = case when single_use then 'used' else status end, ended_at = case when single_use then clock_now() end
      where consent_id = ${consentId} and ${sql.raw(LIVE)} returning *),
    over as (select * from used where status = 'used'),
    told as (${sql.raw(writeEvents('over', 'used'))})
    select ${sql.raw(COLUMNS)} from used`.execute(ctx.db)
  return rows[0] && toObject(rows[0])
}

/** Which consents are taken back: one of a client's, one of a person's, or all that a person has given a client. */
export type Withdrawn = { readonly consentId: string; readonly clientKey: string } | { readonly consentId: string; readonly userId: string } | { readonly userId: string; readonly clientKey: string }

/** Takes back what is alive, and says how many that were; each is taken back once. */
export async function withdrawConsents(ctx: Context, which: Withdrawn, by: WithdrawnBy): Promise<number> {
  if ('consentId' in which && !isRowId(which.consentId)) return 0
  const conditions = [
    ...('consentId' in which ? [sql`consent_id = ${which.consentId}`] : []),
    ...('clientKey' in which ? [sql`client_key = ${which.clientKey}`] : []),
    ...('userId' in which ? [sql`user_id = ${which.userId}`] : []),
  ]
  const { rows } = await sql`with gone as (
      update consent_objects set status = 'withdrawn', withdrawn_by = ${by}, ended_at = clock_now() where ${sql.join(conditions, sql` and `)} and ${sql.raw(LIVE)} returning *),
    told as (${sql.raw(writeEvents('gone', 'withdrawn'))})
    select from gone`.execute(ctx.db)
  return rows.length
}

/** Writes down that the time of at most `limit` consents is over. Returns how many. */
export async function expireConsents(ctx: Context, limit: number): Promise<number> {
  const { rows } = await sql`with due as (
      select consent_id from consent_objects where status = 'active' and expires_at <= clock_now() order by expires_at limit ${limit} for update skip locked),
    gone as (update consent_objects o set status = 'expired', ended_at = o.expires_at from due where o.consent_id = due.consent_id returning o.*),
    told as (${sql.raw(writeEvents('gone', 'expired'))})
    select from gone`.execute(ctx.db)
  return rows.length
}

/** What one person has said yes to is another's from now on. */
export async function moveConsentObjects(trx: Transaction<Database>, from: string, to: string): Promise<void> {
  // The journey in which it was said is over; both may have said it in the same one.
  await sql`update consent_objects set user_id = ${to}, request_id = null where user_id = ${from}`.execute(trx)
}

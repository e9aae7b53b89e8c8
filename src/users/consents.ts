import { type Kysely, sql } from 'kysely'
import type { Context } from '../context.ts'
import type { Database } from '../database/schema.ts'
import type { AuthorizationDetail } from '../protocol/authorization-details.ts'
import { isRowId, newRowId } from '../lib/random.ts'

// Owns consents: what a person has let a client have, and what they left unticked, so that neither is asked again; since when, when it was
// last used, and that it was taken back. One row a person and client, also where the operator implies the consent.

export type RemovedBy = 'person' | 'operator'

export interface Consent {
  readonly consentId?: string
  readonly granted: readonly string[]
  readonly declined: readonly string[]
  /** What the person was told that APIs get to know (`scope>what`, apis/scopes.ts). */
  readonly received?: readonly string[]
  /** The authorization details that were allowed last (RFC 9396). */
  readonly authorizationDetails?: readonly AuthorizationDetail[]
  /** When the person took it back; then nothing is granted until they are asked again, in full. */
  readonly removedAt?: Date
  /** Only the person's own taking back is told to them as theirs. */
  readonly removedBy?: RemovedBy
}

const NOTHING: Consent = { granted: [], declined: [] }

export async function findConsent(db: Kysely<Database>, userId: string, clientKey: string): Promise<Consent> {
  const row = await db.selectFrom('consents').select(['consent_id', 'granted', 'declined', 'received', 'authorization_details', 'removed_at', 'removed_by']).where('user_id', '=', userId).where('client_key', '=', clientKey).executeTakeFirst()
  return row === undefined ? NOTHING : { consentId: row.consent_id, granted: row.granted, declined: row.declined, received: row.received, ...(row.authorization_details === null ? {} : { authorizationDetails: row.authorization_details }), ...(row.removed_at === null ? {} : { removedAt: row.removed_at, removedBy: row.removed_by ?? 'person' }) }
}

/** Adds to what was granted; what is granted now is no longer declined, and the other way round. One statement. */
export async function saveConsent(ctx: Context, db: Kysely<Database>, userId: string, clientKey: string, decision: Omit<Consent, 'consentId' | 'removedAt' | 'removedBy'>): Promise<void> {
  const granted = [...decision.granted]
  const declined = [...decision.declined]
  const received = [...(decision.received ?? [])]
  const details = decision.authorizationDetails === undefined ? null : JSON.stringify(decision.authorizationDetails)
  await db
    .insertInto('consents')
    .values({ consent_id: newRowId(ctx.clock.now()), user_id: userId, client_key: clientKey, granted, declined, received, authorization_details: details })
    .onConflict((conflict) =>
      conflict.columns(['user_id', 'client_key']).doUpdateSet({
        granted: sql`array(select unnest(consents.granted) except select unnest(${declined}::text[]) union select unnest(${granted}::text[]))`,
        declined: sql`array(select unnest(consents.declined) except select unnest(${granted}::text[]) union select unnest(${declined}::text[]))`,
        received: sql`array(select unnest(consents.received) union select unnest(${received}::text[]))`,
        authorization_details: sql`coalesce(excluded.authorization_details, consents.authorization_details)`,
        created_at: sql`case when consents.removed_at is null then consents.created_at else clock_now() end`,
        removed_at: null,
        removed_by: null,
        updated_at: sql`clock_now()`,
      }),
    )
    .execute()
}

/**
 * Notes that a client got these scopes for a person, at most every hour for each. It is the first one knows of a client whose consent is
 * implied: then it gives the consent's id.
 */
export async function noteUse(ctx: Context, userId: string, clientKey: string, scopes: readonly string[]): Promise<string | undefined> {
  const named = sql`${[...scopes]}::text[]`
  const { rows } = await sql<{ consent_id: string }>`insert into consents (consent_id, user_id, client_key, granted, declined, used_at, scope_uses)
      values (${newRowId(ctx.clock.now())}, ${userId}, ${clientKey}, '{}', '{}', clock_now(), (select coalesce(jsonb_object_agg(s, clock_now()), '{}') from unnest(${named}) s))
    on conflict (user_id, client_key) do update set used_at = clock_now(), scope_uses = consents.scope_uses || excluded.scope_uses
      where consents.used_at is null or consents.used_at < clock_now() - interval '1 hour' or not consents.scope_uses ?& ${named} returning consent_id`.execute(ctx.db)
  return rows[0]?.consent_id
}

/** A client that may have something of a person. */
export interface GivenConsent {
  readonly consentId: string
  readonly clientKey: string
  readonly granted: readonly string[]
  readonly since: Date
  readonly usedAt: Date | undefined
  /** When the client last got it, by scope. */
  readonly scopeUses: ReadonlyMap<string, Date>
}

interface GivenRow {
  readonly consent_id: string
  readonly user_id: string
  readonly client_key: string
  readonly granted: readonly string[]
  readonly created_at: Date
  readonly used_at: Date | null
  readonly scope_uses: Readonly<Record<string, string>>
  readonly removed_at: Date | null
  readonly removed_by: RemovedBy | null
}

const GIVEN = sql`consent_id, user_id, client_key, granted, created_at, used_at, scope_uses, removed_at, removed_by`

function toGiven(row: GivenRow): GivenConsent {
  return { consentId: row.consent_id, clientKey: row.client_key, granted: row.granted, since: row.created_at, usedAt: row.used_at ?? undefined, scopeUses: new Map(Object.entries(row.scope_uses).map(([scope, at]) => [scope, new Date(at)])) }
}

const MOST_LISTED = 2000

/** A client that says it has a person's consent from elsewhere has a row among theirs. What they took back stays taken back. */
export async function keepClientOf(ctx: Context, db: Kysely<Database>, userId: string, clientKey: string): Promise<void> {
  await sql`insert into consents (consent_id, user_id, client_key, granted, declined) values (${newRowId(ctx.clock.now())}, ${userId}, ${clientKey}, '{}', '{}') on conflict do nothing`.execute(db)
}

/** What a person has let clients have, used last first; also of `others`, clients that have something all the same where this was taken back. */
export async function listConsents(ctx: Context, userId: string, others: readonly string[] = []): Promise<readonly GivenConsent[]> {
  const { rows } = await sql<GivenRow>`select ${GIVEN} from consents where user_id = ${userId} and (removed_at is null or client_key = any(${[...others]}::bigint[]))
    order by coalesce(used_at, created_at) desc, consent_id desc limit ${MOST_LISTED}`.execute(ctx.db)
  return rows.map(toGiven)
}

/** One of a person's own, taken back or not; nothing for anybody else's. */
export async function findOwnConsent(ctx: Context, userId: string, consentId: string): Promise<(GivenConsent & { readonly removed: boolean }) | undefined> {
  if (!isRowId(consentId)) return undefined
  const { rows } = await sql<GivenRow>`select ${GIVEN} from consents where user_id = ${userId} and consent_id = ${consentId}`.execute(ctx.db)
  return rows[0] === undefined ? undefined : { ...toGiven(rows[0]), removed: rows[0].removed_at !== null }
}

/** A consent with whose it is and how it ended, for those who run the service and for its client. */
export interface AnyConsent extends GivenConsent {
  readonly userId: string
  readonly removedAt: Date | undefined
  readonly removedBy: RemovedBy | undefined
}

function toAny(row: GivenRow): AnyConsent {
  const { user_id: userId, removed_at: removedAt, removed_by: by } = row
  return { ...toGiven(row), userId, removedAt: removedAt ?? undefined, removedBy: removedAt === null ? undefined : (by ?? 'person') }
}

/** Anybody's by its id, taken back or not. */
export async function findConsentById(ctx: Context, consentId: string): Promise<AnyConsent | undefined> {
  if (!isRowId(consentId)) return undefined
  const { rows } = await sql<GivenRow>`select ${GIVEN} from consents where consent_id = ${consentId}`.execute(ctx.db)
  return rows[0] && toAny(rows[0])
}

/** What people have let clients have, of one person or of one client or both, newest first, taken back or not. At most `limit`. */
export async function listAnyConsents(ctx: Context, { userId, clientKey }: { readonly userId?: string | undefined; readonly clientKey?: string | undefined }, limit: number): Promise<readonly AnyConsent[]> {
  const conditions = [...(userId === undefined ? [] : [sql`user_id = ${userId}`]), ...(clientKey === undefined ? [] : [sql`client_key = ${clientKey}`])]
  const { rows } = await sql<GivenRow>`select ${GIVEN} from consents where ${conditions.length === 0 ? sql`true` : sql.join(conditions, sql` and `)} order by created_at desc, consent_id desc limit ${limit}`.execute(ctx.db)
  return rows.map(toAny)
}

/** Takes back what a person has let a client have. Gives the client's key, to one of two at once; nothing when it is not theirs, or was taken back. */
export async function removeConsent(ctx: Context, userId: string, consentId: string, by: RemovedBy = 'person'): Promise<string | undefined> {
  if (!isRowId(consentId)) return undefined
  const { rows } = await sql<{ client_key: string }>`update consents set granted = '{}', declined = '{}', received = '{}', scope_uses = '{}', authorization_details = null, removed_at = clock_now(), removed_by = ${by}, updated_at = clock_now()
    where consent_id = ${consentId} and user_id = ${userId} and removed_at is null returning client_key`.execute(ctx.db)
  return rows[0]?.client_key
}

/** The part of a hot statement that asks whether a person has taken back what a client of a row had: all of it, or any of these scopes. */
export function consentWasRemoved(userColumn: string, clientColumn: string, scopeColumn: string): string {
  return `exists (select from consents where consents.user_id = ${userColumn} and consents.client_key = ${clientColumn}
    and (consents.removed_at is not null or consents.declined && string_to_array(${scopeColumn}, ' ')))`
}

/**
 * The same for a statement that starts something which no withdrawal waits for otherwise: a part of it, named `held`, that holds the consent
 * still. Whoever takes it back waits until what was started can be seen, or it is seen here that they did.
 */
export function holdConsent(user: string, client: string): string {
  return `held as (select removed_at, declined from consents where user_id = ${user} and client_key = ${client} for share)`
}

/** Whether what is held (holdConsent) was taken back: all of it, or any of these scopes. */
export function heldWasRemoved(scopeColumn: string): string {
  return `exists (select from held where removed_at is not null or declined && string_to_array(${scopeColumn}, ' '))`
}

/** Takes back scopes of what a person has let a client have: they count as declined. Gives the client's key, to one of many at once; nothing when it is not theirs, or all of it was taken back. */
export async function removeScopes(ctx: Context, userId: string, consentId: string, scopes: readonly string[]): Promise<string | undefined> {
  if (!isRowId(consentId)) return undefined
  const lost = sql`${[...scopes]}::text[]`
  const { rows } = await sql<{ client_key: string }>`update consents set granted = array(select unnest(granted) except select unnest(${lost})), declined = array(select unnest(declined) union select unnest(${lost})),
      received = array(select r from unnest(received) r where split_part(r, '>', 1) <> all(${lost})), scope_uses = scope_uses - ${lost}, updated_at = clock_now()
    where consent_id = ${consentId} and user_id = ${userId} and removed_at is null and not declined @> ${lost} returning client_key`.execute(ctx.db)
  return rows[0]?.client_key
}

/** How many people have let a client have something. */
export async function countConsents(db: Kysely<Database>, clientKey: string): Promise<number> {
  const row = await db.selectFrom('consents').select((eb) => eb.fn.countAll<string>().as('people')).where('client_key', '=', clientKey).where('removed_at', 'is', null).executeTakeFirst()
  return Number(row?.people ?? 0)
}

/** What one person has let clients have is another's from now on, together with what they have let them have; a removal does not come over. */
export async function moveConsents(trx: Kysely<Database>, from: string, to: string): Promise<void> {
  await sql`with gone as (delete from consents where user_id = ${from} returning *)
    insert into consents (consent_id, user_id, client_key, granted, declined, received, authorization_details, scope_uses, created_at, used_at)
    select consent_id, ${to}::uuid, client_key, granted, declined, received, authorization_details, scope_uses, created_at, used_at from gone where removed_at is null
    on conflict (user_id, client_key) do update set
      granted = case when consents.removed_at is not null then consents.granted else array(select unnest(consents.granted) union select unnest(excluded.granted)) end,
      declined = case when consents.removed_at is not null then consents.declined else array(select unnest(consents.declined) union select unnest(excluded.declined) except select unnest(consents.granted) except select unnest(excluded.granted)) end,
      received = case when consents.removed_at is not null then consents.received else array(select unnest(consents.received) union select unnest(excluded.received)) end,
      authorization_details = case when consents.removed_at is not null then null else coalesce(consents.authorization_details, excluded.authorization_details) end,
      scope_uses = case when consents.removed_at is not null then consents.scope_uses else excluded.scope_uses || consents.scope_uses end,
      used_at = greatest(consents.used_at, excluded.used_at), updated_at = clock_now()`.execute(trx)
}

import { sql } from 'kysely'
import { clientIsLive } from '../clients/store.ts'
import { consentIsLive } from '../consents/objects.ts'
import { type Context, perContext } from '../context.ts'
import { createBatch } from '../database/batch.ts'
import { sessionWasEnded } from '../sessions/store.ts'
import { joinLiveUser, userIsLive } from '../users/store.ts'
import { insertAccessTokens } from './access-tokens.ts'
import { type PersonAuthorization, readPerson, restsOnConsent, splitList } from './authorization.ts'

// Owns grants: one row for what a person let a client do, which is the family of its refresh tokens too. A refresh rewrites the row in
// place; revoking it kills every token that came from it, at the next use, without a sweep. The refresh token names the row and proves
// the generation; only the hashes of this generation and the one before are kept.

/** Seconds. */
export const REFRESH_IDLE_SECONDS = 30 * 86_400
export const REFRESH_ABSOLUTE_SECONDS = 90 * 86_400
/** How long the same refresh token gets the same answer. Seconds. */
export const REFRESH_REPLAY_SECONDS = 30

/** The part of a hot statement that starts a grant for each row of `source`; without a refresh token it ends with its access token. */
export function insertGrants(source: string): string {
  return `insert into grants (grant_id, client_key, user_id, session_id, scope, audience, details, auth_time, offline, expires_at, refresh_hash, refresh_expires_at, confirmation, consent_id)
    select grant_id, client_key, user_id, session_id, granted_scope, granted_audience, details, auth_time, offline,
      clock_now() + make_interval(secs => case when refresh_hash is null then lifetime else ${REFRESH_ABSOLUTE_SECONDS} end),
      refresh_hash, case when refresh_hash is null then null else clock_now() + make_interval(secs => ${REFRESH_IDLE_SECONDS}) end, grant_confirmation, ${restsOnConsent('details')} from ${source}`
}

/** The part of a hot statement that joins the grant of a token: columns of `g`. */
export function joinGrant(column: string): string {
  return `left join grants g on g.grant_id = ${column}`
}

/** What must hold of `g` for anything that rests on it to be alive; the person is joined by the caller. */
export const GRANT_IS_LIVE = `g.revoked_at is null and (g.offline or not ${sessionWasEnded('g.session_id')}) and (g.consent_id is null or ${consentIsLive('g.consent_id')})`

export interface Rotation {
  readonly grantId: string
  readonly clientKey: string
  readonly presentedHash: Buffer
  /** The next generation; the same as presented for a client that does not rotate. */
  readonly nextHash: Buffer
  readonly tokenId: string
  readonly tokenHash: Buffer
  readonly scope: string | null
  readonly audience: string | null
  readonly lifetime: number
  readonly sealedAnswer: Buffer
  /** What the request proved to hold; null when nothing. */
  readonly confirmation: string | null
  /** Less than what the person allowed, where the request says so: the JSON of it, or null. */
  readonly authorizationDetails: string | null
}

export interface Rotated {
  readonly scopes: readonly string[]
  readonly audience: readonly string[]
  readonly person: PersonAuthorization
}

const ROTATE = {
  name: 'rotate-refresh-token',
  text: `with item as (
      select * from unnest($1::uuid[], $2::bigint[], $3::bytea[], $4::bytea[], $5::uuid[], $6::bytea[], $7::text[], $8::text[], $9::int[], $10::bytea[], $11::text[], $12::jsonb[])
        as t (grant_id, client_key, presented_hash, next_hash, token_id, token_hash, scope, audience, lifetime, sealed_answer, confirmation, authorization_details)),
    rotated as (
      update grants g set previous_hash = g.refresh_hash, refresh_hash = item.next_hash, refreshed_at = clock_now(), refresh_count = g.refresh_count + 1,
        refresh_expires_at = least(clock_now() + make_interval(secs => ${REFRESH_IDLE_SECONDS}), g.expires_at), sealed_answer = item.sealed_answer
      from item
      where g.grant_id = item.grant_id and g.client_key = item.client_key and g.refresh_hash = item.presented_hash
        and g.refresh_expires_at > clock_now() and g.expires_at > clock_now() and ${GRANT_IS_LIVE}
        and ${userIsLive('g.user_id')} and ${clientIsLive('g.client_key')}
        and (item.scope is null or string_to_array(item.scope, ' ') <@ string_to_array(g.scope, ' '))
        and (item.audience is null or g.audience is null or string_to_array(item.audience, ' ') <@ string_to_array(g.audience, ' '))
        and (g.confirmation is null or g.confirmation = item.confirmation)
      returning g.grant_id, g.client_key, g.user_id, g.session_id, g.auth_time, g.details, item.token_id, item.token_hash, item.lifetime, item.confirmation, item.authorization_details,
        coalesce(item.scope, g.scope) as scope, coalesce(item.audience, g.audience) as audience),
    minted as (${insertAccessTokens('rotated')})
    select r.token_id, r.scope, r.audience, r.user_id, r.session_id, r.auth_time, r.details, u.claims, u.groups from rotated r ${joinLiveUser('r.user_id')}`,
}

const rotate = perContext((ctx: Context) =>
  createBatch<Rotation, Rotated>({
    together: ctx.config.batchStatements,
    key: (rotation) => rotation.grantId,
    run: async (rotations) => {
      const column = <K extends keyof Rotation>(name: K): Rotation[K][] => rotations.map((rotation) => rotation[name])
      const rows = await ctx.hot(ROTATE, [column('grantId'), column('clientKey'), column('presentedHash'), column('nextHash'), column('tokenId'), column('tokenHash'), column('scope'), column('audience'), column('lifetime'), column('sealedAnswer'), column('confirmation'), column('authorizationDetails')])
      const byToken = new Map(rows.map((row) => [row[0], row]))
      return rotations.map(({ tokenId }) => {
        const row = byToken.get(tokenId)
        return row && { scopes: splitList(row[1]), audience: splitList(row[2]), person: readPerson(row, 3) }
      })
    },
  }),
)

/** Spends a refresh token and keeps its successors, in one statement. Nothing when it is not the live token of a live grant. */
export function rotateRefreshToken(ctx: Context, rotation: Rotation): Promise<Rotated | undefined> {
  return rotate(ctx)(rotation)
}

const SETTLE = {
  name: 'settle-refresh-answer',
  text: `update grants g set sealed_answer = t.sealed_answer from unnest($1::uuid[], $2::bytea[], $3::bytea[]) as t (grant_id, refresh_hash, sealed_answer)
    where g.grant_id = t.grant_id and g.refresh_hash = t.refresh_hash`,
}

interface Settlement {
  readonly grantId: string
  readonly refreshHash: Buffer
  readonly sealedAnswer: Buffer
}

const settle = perContext((ctx: Context) =>
  createBatch<Settlement, true>({
    together: ctx.config.batchStatements,
    key: (settlement) => settlement.grantId,
    run: async (items) => {
      await ctx.hot(SETTLE, [items.map((item) => item.grantId), items.map((item) => item.refreshHash), items.map((item) => item.sealedAnswer)])
      return items.map(() => true as const)
    },
  }),
)

/** Keeps the finished answer of a generation, sealed, before it is sent. */
export async function settleAnswer(ctx: Context, settlement: Settlement): Promise<void> {
  await settle(ctx)(settlement)
}

/** Why a refresh token was not taken. */
export interface GrantState {
  readonly userId: string
  readonly scopes: readonly string[]
  readonly audience: readonly string[]
  readonly isCurrent: boolean
  /** The generation before, and within the window in which it gets the same answer. */
  readonly isReplayable: boolean
  readonly isLive: boolean
  /** What its refresh tokens are bound to, for a client that proves nothing else. */
  readonly confirmation: string | undefined
  readonly refreshHash: Buffer | undefined
  readonly sealedAnswer: Buffer | undefined
  readonly person: PersonAuthorization
  /** When its newest refresh token replaced the one before, and how long ago. */
  readonly refreshedAt: Date | undefined
  readonly sinceRefreshSeconds: number | undefined
  readonly revokedAt: Date | undefined
}

/** The slow path: what a presented refresh token of this client stands for now. */
export async function readGrant(ctx: Context, grantId: string, clientKey: string, presentedHash: Buffer): Promise<GrantState | undefined> {
  const { rows } = await sql<Record<string, unknown>>`
    select g.scope, g.audience, g.confirmation, g.refresh_hash, g.sealed_answer, g.user_id, g.session_id, g.auth_time, g.details, u.claims, u.groups,
      g.refreshed_at, g.revoked_at, extract(epoch from clock_now() - g.refreshed_at)::int as since_refresh,
      coalesce(g.refresh_hash = ${presentedHash}, false) as is_current,
      coalesce(g.previous_hash = ${presentedHash} and g.refreshed_at > clock_now() - make_interval(secs => ${REFRESH_REPLAY_SECONDS}), false) as is_replayable,
      (u.user_id is not null and g.refresh_expires_at > clock_now() and g.expires_at > clock_now() and ${sql.raw(GRANT_IS_LIVE)} and ${sql.raw(clientIsLive('g.client_key'))}) as is_live
    from grants g ${sql.raw(joinLiveUser('g.user_id', 'left join'))} where g.grant_id = ${grantId} and g.client_key = ${clientKey}`.execute(ctx.db)
  const row = rows[0]
  if (row === undefined) return undefined
  const { scope, audience, refresh_hash, sealed_answer, user_id, session_id, auth_time, details, claims, groups } = row
  return {
    userId: String(user_id),
    scopes: splitList(scope),
    audience: splitList(audience),
    isCurrent: row['is_current'] === true,
    isReplayable: row['is_replayable'] === true,
    isLive: row['is_live'] === true,
    confirmation: typeof row['confirmation'] === 'string' ? row['confirmation'] : undefined,
    refreshHash: Buffer.isBuffer(refresh_hash) ? refresh_hash : undefined,
    sealedAnswer: Buffer.isBuffer(sealed_answer) ? sealed_answer : undefined,
    person: readPerson([user_id, session_id, auth_time, details, claims ?? {}, groups ?? []], 0),
    refreshedAt: row['refreshed_at'] instanceof Date ? row['refreshed_at'] : undefined,
    sinceRefreshSeconds: typeof row['since_refresh'] === 'number' ? row['since_refresh'] : undefined,
    revokedAt: row['revoked_at'] instanceof Date ? row['revoked_at'] : undefined,
  }
}

/** Why what rests on a grant may have ended. */
export async function readGrantEnd(ctx: Context, grantId: string): Promise<{ readonly revokedAt: Date | undefined; readonly sessionEnded: boolean } | undefined> {
  const { rows } = await sql<{ revoked_at: Date | null; ended: boolean }>`select g.revoked_at, not g.offline and ${sql.raw(sessionWasEnded('g.session_id'))} as ended from grants g where g.grant_id = ${grantId}`.execute(ctx.db)
  return rows[0] && { revokedAt: rows[0].revoked_at ?? undefined, sessionEnded: rows[0].ended }
}

/** How the refresh token of a grant stands. */
export interface RefreshFacts {
  readonly count: number
  /** Seconds since the epoch. */
  readonly issuedAt: number
  /** Seconds, from then. */
  readonly lifetime: number
}

/** When the refresh token of a client's grant was made, how long it is good from then, and how many there were before it. */
export async function readRefreshFacts(ctx: Context, grantId: string, clientKey: string): Promise<RefreshFacts | undefined> {
  const { rows } = await sql<{ count: number; issued_at: number; lifetime: number }>`select g.refresh_count as count, extract(epoch from made.at)::int as issued_at, extract(epoch from g.refresh_expires_at - made.at)::int as lifetime
    from grants g cross join lateral (select coalesce(g.refreshed_at, clock_now()) as at) made where g.grant_id = ${grantId} and g.client_key = ${clientKey} and g.refresh_expires_at is not null`.execute(ctx.db)
  return rows[0] && { count: rows[0].count, issuedAt: rows[0].issued_at, lifetime: rows[0].lifetime }
}

/** Revokes a grant with all that came from it. Returns whether it was alive. */
export async function revokeGrant(ctx: Context, grantId: string): Promise<boolean> {
  const result = await sql`update grants set revoked_at = clock_now(), sealed_answer = null where grant_id = ${grantId} and revoked_at is null`.execute(ctx.db)
  return (result.numAffectedRows ?? 0n) > 0n
}

/** Revokes everything that a person has let a client do, also what goes on while they are signed out. Gives the sessions that it rested on. */
export async function revokeGrantsOf(ctx: Context, userId: string, clientKey: string): Promise<readonly string[]> {
  const { rows } = await sql<{ session_id: string | null }>`update grants set revoked_at = clock_now(), sealed_answer = null where user_id = ${userId} and client_key = ${clientKey} and revoked_at is null returning session_id`.execute(ctx.db)
  return [...new Set(rows.map((row) => row.session_id).filter((id) => id !== null))]
}

const OF_MANAGED = sql`details->'managed'->>'id'`

/** Revokes all that rests on a grant which its client manages. */
export async function revokeManaged(ctx: Context, userId: string, clientKey: string, managedId: string): Promise<void> {
  await sql`update grants set revoked_at = clock_now(), sealed_answer = null where user_id = ${userId} and client_key = ${clientKey} and ${OF_MANAGED} = ${managedId} and revoked_at is null`.execute(ctx.db)
}

/** The same, but for what was asked last: of two that are redeemed at once the later one stays, whichever comes first here. */
export async function revokeOlderOfManaged(ctx: Context, userId: string, clientKey: string, managedId: string): Promise<void> {
  const all = sql`user_id = ${userId} and client_key = ${clientKey} and ${OF_MANAGED} = ${managedId}`
  await sql`update grants set revoked_at = clock_now(), sealed_answer = null where ${all} and revoked_at is null
    and grant_id < (select grant_id from grants where ${all} order by grant_id desc limit 1)`.execute(ctx.db)
}

/** Revokes what a person let clients do in one sign-in, also what goes on while they are signed out; `but` instead means in every sign-in but that one. */
export async function revokeGrantsOfSession(ctx: Context, userId: string, of: { readonly sessionId: string } | { readonly but: string }): Promise<void> {
  const which = 'but' in of ? sql`session_id is distinct from ${of.but}` : sql`session_id = ${of.sessionId}`
  await sql`update grants set revoked_at = clock_now(), sealed_answer = null where user_id = ${userId} and ${which} and revoked_at is null`.execute(ctx.db)
}

/**
 * Takes scopes out of what a person let a client do; tokens that are out lose them with their grant. A grant that tells claims by their
 * names, or that would be left without anything, ends as a whole.
 */
export async function narrowGrants(ctx: Context, userId: string, clientKey: string, lost: readonly string[]): Promise<void> {
  const scopes = sql`${[...lost]}::text[]`
  // Of the row that is written, not of one that was read: of two who take different scopes at once each takes theirs.
  const left = sql`array_to_string(array(select s from unnest(string_to_array(g.scope, ' ')) with ordinality as t (s, i) where s <> all(${scopes}) order by i), ' ')`
  const isOver = sql`(string_to_array(g.scope, ' ') <@ ${scopes} or g.details->'claims' is not null)`
  await sql`update grants g set scope = ${left}, offline = g.offline and not 'offline_access' = any(${scopes}),
      revoked_at = case when ${isOver} then clock_now() end, sealed_answer = case when ${isOver} then null else g.sealed_answer end
    where g.user_id = ${userId} and g.client_key = ${clientKey} and g.revoked_at is null and string_to_array(g.scope, ' ') && ${scopes}`.execute(ctx.db)
}

/** When what a person let a client have was last refreshed, by scope. */
export async function listRefreshes(ctx: Context, userId: string, clientKey: string): Promise<ReadonlyMap<string, Date>> {
  const { rows } = await sql<{ scope: string; at: Date }>`select s.scope, max(g.refreshed_at) as at from grants g cross join lateral unnest(string_to_array(g.scope, ' ')) as s (scope)
    where g.user_id = ${userId} and g.client_key = ${clientKey} and g.refreshed_at is not null group by s.scope`.execute(ctx.db)
  return new Map(rows.map(({ scope, at }) => [scope, at]))
}

/** What a client can do for a person at this moment. */
export interface LiveGrants {
  readonly clientKey: string
  readonly scopes: readonly string[]
  /** Some of it goes on while the person is signed out. */
  readonly offline: boolean
  /** Signed-in browsers that it rests on, past ones of offline grants included. */
  readonly devices: number
  /** The last refresh of any of it. */
  readonly refreshedAt: Date | undefined
}

/** The live grants of a person, by client. */
export async function listLiveGrants(ctx: Context, userId: string): Promise<readonly LiveGrants[]> {
  const { rows } = await sql<{ client_key: string; scopes: readonly string[]; offline: boolean; devices: string; refreshed_at: Date | null }>`
    select g.client_key, array_agg(distinct s.scope) as scopes, bool_or(g.offline) as offline, count(distinct coalesce(g.session_id, g.grant_id)) as devices, max(g.refreshed_at) as refreshed_at
    from grants g cross join lateral unnest(string_to_array(g.scope, ' ')) as s (scope)
    where g.user_id = ${userId} and g.expires_at > clock_now() and coalesce(g.refresh_expires_at, g.expires_at) > clock_now() and ${sql.raw(GRANT_IS_LIVE)} group by g.client_key`.execute(ctx.db)
  return rows.map((row) => ({ clientKey: row.client_key, scopes: row.scopes, offline: row.offline, devices: Number(row.devices), refreshedAt: row.refreshed_at ?? undefined }))
}

/** Revokes the grant of a refresh token that this client presents, of this generation or the one before. */
export async function revokeByRefreshToken(ctx: Context, clientKey: string, grantId: string, hash: Buffer): Promise<boolean> {
  const result = await sql`update grants set revoked_at = clock_now(), sealed_answer = null
    where grant_id = ${grantId} and client_key = ${clientKey} and (refresh_hash = ${hash} or previous_hash = ${hash}) and revoked_at is null`.execute(ctx.db)
  return (result.numAffectedRows ?? 0n) > 0n
}

/** Forgets sealed answers whose window has passed and deletes at most `limit` grants that expired after `after`. */
export async function deleteExpiredGrants(ctx: Context, after: Date, limit: number): Promise<{ readonly deleted: number; readonly upTo: Date } | undefined> {
  const { rows } = await sql<{ deleted: string; up_to: Date | null }>`
    with chunk as (select grant_id, expires_at from grants where expires_at > ${after} and expires_at < clock_now() order by expires_at limit ${limit} for update skip locked),
    gone as (delete from grants g using chunk where g.grant_id = chunk.grant_id returning g.grant_id)
    select (select count(*) from gone) as deleted, (select max(expires_at) from chunk) as up_to`.execute(ctx.db)
  const row = rows[0]
  return row === undefined || row.up_to === null ? undefined : { deleted: Number(row.deleted), upTo: row.up_to }
}

import { sql } from 'kysely'
import { clientIsLive } from '../clients/store.ts'
import type { Context } from '../context.ts'
import { type DrawnToken, readToken } from '../lib/opaque-token.ts'
import { newRowId } from '../lib/random.ts'
import { consentWasRemoved } from '../users/consents.ts'
import { joinLiveUser, userIsLive } from '../users/store.ts'
import { type AuthorizationDetails, joinList, type PersonAuthorization, readPerson, splitList } from './authorization.ts'
import { startGrants } from './direct-grants.ts'
import { userCodeHash } from './user-code.ts'

// Owns decoupled_requests: asked for at one place, allowed at another (RFC 8628, CIBA). The client proves the request by its secret, the
// person's browser finds it by a code or by its id; what the one may do the other may not.

/** Seconds. */
export const DECOUPLED_LIFETIME_SECONDS = 600
export const POLL_SECONDS = 5

export interface NewDecoupledRequest {
  readonly kind: 'device' | 'ciba'
  readonly token: DrawnToken
  readonly userCode: string | undefined
  readonly clientKey: string
  readonly scopes: readonly string[]
  readonly audience: readonly string[]
  /** The network that asked, for the person to read. */
  readonly requestedFrom: string
  readonly expectedUser: string | undefined
  readonly bindingMessage: string | undefined
  readonly acrValues: readonly string[]
  /** How the client is told, sealed (CIBA ping). */
  readonly notification: Buffer | null
  /** Seconds. */
  readonly lifetime: number
}

/** Keeps a request. False when its user code is taken: draw another. */
export async function keepDecoupledRequest(ctx: Context, request: NewDecoupledRequest): Promise<boolean> {
  const { kind, token, userCode, clientKey, scopes, audience, requestedFrom, expectedUser, bindingMessage, acrValues, notification, lifetime } = request
  const result = await sql`insert into decoupled_requests (request_id, kind, secret_hash, user_code_hash, client_key, scope, audience, requested_from, expected_user, binding_message, acr_values, notification, interval_seconds, expires_at)
    values (${token.id}, ${kind}, ${token.hash}, ${userCode === undefined ? null : userCodeHash(ctx, userCode)}, ${clientKey}, ${scopes.join(' ')}, ${joinList(audience)}, ${requestedFrom}, ${expectedUser ?? null},
      ${bindingMessage ?? null}, ${joinList(acrValues)}, ${notification}, ${POLL_SECONDS}, clock_now() + make_interval(secs => ${lifetime})) on conflict (user_code_hash) do nothing`.execute(ctx.db)
  return (result.numAffectedRows ?? 0n) > 0n
}

export interface DecoupledRequest {
  readonly id: string
  readonly kind: 'device' | 'ciba'
  readonly clientKey: string
  readonly scopes: readonly string[]
  readonly audience: readonly string[]
  readonly requestedFrom: string
  readonly requestedAt: Date
  readonly expectedUser: string | undefined
  readonly bindingMessage: string | undefined
  readonly acrValues: readonly string[]
  readonly state: 'pending' | 'expired' | 'decided'
}

interface Row {
  readonly request_id: string
  readonly kind: 'device' | 'ciba'
  readonly client_key: string
  readonly scope: string
  readonly audience: string | null
  readonly requested_from: string
  readonly expected_user: string | null
  readonly binding_message: string | null
  readonly acr_values: string | null
  readonly created_at: Date
  readonly state: DecoupledRequest['state']
}

const COLUMNS = sql`request_id, kind, client_key, scope, audience, requested_from, expected_user, binding_message, acr_values, created_at,
  case when status <> 'pending' then 'decided' when expires_at <= clock_now() then 'expired' else 'pending' end as state`

function toRequest(row: Row): DecoupledRequest {
  return {
    id: row.request_id,
    kind: row.kind,
    clientKey: row.client_key,
    scopes: splitList(row.scope),
    audience: splitList(row.audience),
    requestedFrom: row.requested_from,
    requestedAt: row.created_at,
    expectedUser: row.expected_user ?? undefined,
    bindingMessage: row.binding_message ?? undefined,
    acrValues: splitList(row.acr_values),
    state: row.state,
  }
}

/** The request that a user code stands for, decided and expired ones too. */
export async function findByUserCode(ctx: Context, userCode: string): Promise<DecoupledRequest | undefined> {
  const { rows } = await sql<Row>`select ${COLUMNS} from decoupled_requests where user_code_hash = ${userCodeHash(ctx, userCode)}`.execute(ctx.db)
  return rows[0] && toRequest(rows[0])
}

export async function findDecoupledRequest(ctx: Context, id: string): Promise<DecoupledRequest | undefined> {
  const { rows } = await sql<Row>`select ${COLUMNS} from decoupled_requests where request_id = ${id}`.execute(ctx.db)
  return rows[0] && toRequest(rows[0])
}

export interface Approval {
  readonly userId: string
  readonly scopes: readonly string[]
  readonly details: AuthorizationDetails
  /** Seconds since the epoch. */
  readonly authTime: number
}

/** What the client hears of a decision: how to tell it, sealed. */
export interface Decided {
  readonly notification: Buffer | undefined
}

/** Notes the person's yes, once. Nothing when it was decided before, is over, or waits for somebody else. */
export async function approveRequest(ctx: Context, id: string, { userId, scopes, details, authTime }: Approval): Promise<Decided | undefined> {
  const { rows } = await sql<{ notification: Buffer | null }>`update decoupled_requests set status = 'approved', user_id = ${userId}, granted_scope = ${scopes.join(' ')}, details = ${JSON.stringify(details)}, auth_time = to_timestamp(${authTime})
    where request_id = ${id} and status = 'pending' and expires_at > clock_now() and (expected_user is null or expected_user = ${userId}) returning notification`.execute(ctx.db)
  return rows[0] && { notification: rows[0].notification ?? undefined }
}

/** Notes the person's no, once. */
export async function denyRequest(ctx: Context, id: string): Promise<Decided | undefined> {
  const { rows } = await sql<{ notification: Buffer | null }>`update decoupled_requests set status = 'denied' where request_id = ${id} and status = 'pending' returning notification`.execute(ctx.db)
  return rows[0] && { notification: rows[0].notification ?? undefined }
}

/** The person takes everything back: what they allowed and no client has fetched is fetched no more, and one that is being fetched is waited for. */
export async function voidApprovals(ctx: Context, userId: string, clientKey: string): Promise<void> {
  await sql`update decoupled_requests set status = 'denied' where expires_at > clock_now() and status = 'approved' and user_id = ${userId} and client_key = ${clientKey}`.execute(ctx.db)
}

export interface DecoupledRedemption {
  readonly kind: 'device' | 'ciba'
  /** What the client presents. */
  readonly presented: string
  readonly clientKey: string
  readonly token: { readonly id: string; readonly hash: Buffer }
  /** Seconds. */
  readonly lifetime: number
  readonly refreshHash: Buffer | null
  readonly confirmation: string | null
  readonly grantConfirmation: string | null
}

export interface RedeemedRequest {
  readonly grantId: string
  readonly scopes: readonly string[]
  readonly audience: readonly string[]
  readonly person: PersonAuthorization
}

/** The secret that a client presents for each kind. */
export const TOKEN_KIND = { device: 'dc', ciba: 'cr' } as const

// The tokens do not rest on the browser that the person decided in: a television goes on when the telephone is switched off.
const REDEEM = {
  name: 'redeem-decoupled-request',
  text: `with consumed as (
      update decoupled_requests r set status = 'used'
      where r.request_id = $1::uuid and r.secret_hash = $2::bytea and r.client_key = $3::bigint and r.kind = $4::text and r.status = 'approved' and r.expires_at > clock_now()
        and ${userIsLive('r.user_id')} and ${clientIsLive('r.client_key')} and not ${consentWasRemoved('r.user_id', 'r.client_key', 'r.granted_scope')}
      returning $5::uuid as grant_id, r.client_key, r.user_id, null::uuid as session_id, r.granted_scope, r.granted_scope as scope, r.audience as granted_audience, r.audience, r.details, r.auth_time,
        true as offline, $6::uuid as token_id, $7::bytea as token_hash, $8::int as lifetime, $9::bytea as refresh_hash, $10::text as confirmation, $11::text as grant_confirmation, null::jsonb as authorization_details),
    ${startGrants('consumed')}
    select c.grant_id, c.scope, c.audience, c.user_id, c.session_id, c.auth_time, c.details, u.claims, u.groups from consumed c ${joinLiveUser('c.user_id')}`,
}

/** Spends an approved request and keeps its grant and token, in one statement. Nothing when any condition fails: pollRequest says which. */
export async function redeemRequest(ctx: Context, redemption: DecoupledRedemption): Promise<RedeemedRequest | undefined> {
  const { kind, presented: text, clientKey, token, lifetime, refreshHash, confirmation, grantConfirmation } = redemption
  const presented = readToken(TOKEN_KIND[kind], text)
  if (presented === undefined) return undefined
  const [row] = await ctx.hot(REDEEM, [presented.id, presented.hash, clientKey, kind, newRowId(ctx.clock.now()), token.id, token.hash, lifetime, refreshHash, confirmation, grantConfirmation])
  return row && { grantId: String(row[0]), scopes: splitList(row[1]), audience: splitList(row[2]), person: readPerson(row, 3) }
}

export type PollState = 'unknown' | 'pending' | 'slow' | 'denied' | 'expired' | 'used' | 'approved'

/** Notes a poll and says how the request stands. Who asks sooner than the interval waits five seconds longer each time (RFC 8628 §3.5). */
export async function pollRequest(ctx: Context, kind: 'device' | 'ciba', text: string, clientKey: string): Promise<PollState> {
  const presented = readToken(TOKEN_KIND[kind], text)
  if (presented === undefined) return 'unknown'
  const { rows } = await sql<{ state: PollState }>`
    with before as (select request_id, polled_at is not null and polled_at + make_interval(secs => interval_seconds) > clock_now() as too_soon from decoupled_requests
      where request_id = ${presented.id} and secret_hash = ${presented.hash} and client_key = ${clientKey} and kind = ${kind} for update)
    update decoupled_requests r set polled_at = clock_now(), interval_seconds = r.interval_seconds + case when before.too_soon and r.status = 'pending' then 5 else 0 end
    from before where r.request_id = before.request_id
    returning case when r.status in ('denied', 'used') then r.status when r.expires_at <= clock_now() then 'expired' when r.status = 'approved' then 'approved' when before.too_soon then 'slow' else 'pending' end as state`.execute(ctx.db)
  return rows[0]?.state ?? 'unknown'
}

/** Deletes at most `limit` requests that ended a day ago. Returns how many. */
export async function deleteOldDecoupledRequests(ctx: Context, limit: number): Promise<number> {
  const result = await sql`delete from decoupled_requests where request_id in
    (select request_id from decoupled_requests where expires_at < clock_now() - interval '1 day' limit ${limit} for update skip locked)`.execute(ctx.db)
  return Number(result.numAffectedRows ?? 0n)
}

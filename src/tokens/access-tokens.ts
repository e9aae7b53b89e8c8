import { sql } from 'kysely'
import { clientIsLive } from '../clients/store.ts'
import { type Context, perContext } from '../context.ts'
import { createBatch } from '../database/batch.ts'
import type { AuthorizationDetail } from '../protocol/authorization-details.ts'
import { firstIdAt } from '../lib/random.ts'
import { detailsColumn, splitList } from './authorization.ts'

// Owns access_tokens: a row for each one that was handed out, JWTs too (their `jti` is the row's id), so that every token can be revoked
// and asked about. The row id carries the time.

/** Seconds. An opaque token lives an hour; a JWT five minutes, because an API that verifies it alone learns of a revocation only then. */
export const OPAQUE_LIFETIME_SECONDS = 3600
export const JWT_LIFETIME_SECONDS = 300

/** The part of a hot statement that inserts a token for each row of `source`, which has columns of these names (`lifetime` in seconds). */
export function insertAccessTokens(source: string): string {
  return `insert into access_tokens (token_id, expires_at, client_key, grant_id, secret_hash, scope, audience, confirmation, authorization_details)
    select token_id, clock_now() + make_interval(secs => lifetime), client_key, grant_id, token_hash, scope, audience, confirmation, authorization_details from ${source}`
}

export interface ClientToken {
  readonly id: string
  readonly hash: Buffer
  readonly clientKey: string
  readonly scope: string
  readonly audience: string | null
  readonly lifetime: number
  /** What it is bound to (sender-constraint/constraint.ts), or null. */
  readonly confirmation: string | null
  readonly authorizationDetails: readonly AuthorizationDetail[]
}

const MINT = {
  name: 'mint-client-token',
  text: `with item as (
      select token_id, token_hash, client_key, null::uuid as grant_id, scope, audience, lifetime, confirmation, authorization_details
      from unnest($1::uuid[], $2::bytea[], $3::bigint[], $4::text[], $5::text[], $6::int[], $7::text[], $8::jsonb[]) as t (token_id, token_hash, client_key, scope, audience, lifetime, confirmation, authorization_details)
      where ${clientIsLive('t.client_key')})
    ${insertAccessTokens('item')} returning token_id`,
}

const mint = perContext((ctx: Context) =>
  createBatch<ClientToken, true>({
    together: ctx.config.batchStatements,
    key: (token) => token.id,
    run: async (tokens) => {
      const rows = await ctx.hot(MINT, [
        tokens.map((token) => token.id),
        tokens.map((token) => token.hash),
        tokens.map((token) => token.clientKey),
        tokens.map((token) => token.scope),
        tokens.map((token) => token.audience),
        tokens.map((token) => token.lifetime),
        tokens.map((token) => token.confirmation),
        tokens.map((token) => detailsColumn(token.authorizationDetails)),
      ])
      const minted = new Set(rows.map((row) => row[0]))
      return tokens.map((token) => (minted.has(token.id) ? true : undefined))
    },
  }),
)

/** Keeps a token of a client without a person. False when the client may no longer act. */
export async function mintClientToken(ctx: Context, token: ClientToken): Promise<boolean> {
  return (await mint(ctx)(token)) === true
}

/** A token as its row has it, live or not. */
export interface KeptAccessToken {
  readonly hash: Buffer
  readonly clientKey: string
  readonly grantId: string | undefined
  readonly audience: readonly string[]
  readonly revokedAt: Date | undefined
  /** Seconds since it ended; negative while it has not. */
  readonly overSeconds: number
}

export async function readAccessToken(ctx: Context, id: string): Promise<KeptAccessToken | undefined> {
  const { rows } = await sql<{ secret_hash: Buffer; client_key: string; grant_id: string | null; audience: string | null; revoked_at: Date | null; over: number }>`
    select secret_hash, client_key, grant_id, audience, revoked_at, floor(extract(epoch from clock_now() - expires_at))::int as over from access_tokens where token_id = ${id}`.execute(ctx.db)
  const row = rows[0]
  return row && { hash: row.secret_hash, clientKey: row.client_key, grantId: row.grant_id ?? undefined, audience: splitList(row.audience), revokedAt: row.revoked_at ?? undefined, overSeconds: row.over }
}

/** The part of a statement that keeps a token which stands on another live one (`a`) and ends no later. `values`: id, hash, client key, scope, audience, lifetime, confirmation, actor, via. */
export function insertTokenOf(values: readonly string[], from: string, where: string): string {
  const [id, hash, clientKey, scope, audience, lifetime, confirmation, actor, via] = values
  return `insert into access_tokens (token_id, expires_at, client_key, grant_id, secret_hash, scope, audience, confirmation, actor, via, authorization_details)
    select ${id}, least(clock_now() + make_interval(secs => ${lifetime}), a.expires_at), ${clientKey}, a.grant_id, ${hash}, ${scope}, ${audience}, ${confirmation}, ${actor}, ${via}, a.authorization_details from ${from} where ${where}
    returning extract(epoch from expires_at - clock_now())::int`
}

/** The part of a hot statement that joins the live token of an id: columns of `a`. */
export function joinLiveAccessToken(column: string): string {
  return `join access_tokens a on a.token_id = ${column} and a.expires_at > clock_now() and a.revoked_at is null`
}

/** Revokes one token of a client. `hash` is left out for a JWT, whose signature was proven. One statement. */
export async function revokeAccessToken(ctx: Context, clientKey: string, tokenId: string, hash: Buffer | undefined): Promise<boolean> {
  const secret = hash === undefined ? sql`true` : sql`secret_hash = ${hash}`
  const result = await sql`update access_tokens set revoked_at = clock_now() where token_id = ${tokenId} and client_key = ${clientKey} and ${secret} and revoked_at is null`.execute(ctx.db)
  return (result.numAffectedRows ?? 0n) > 0n
}

/**
 * Deletes at most `limit` expired tokens with an id above `after`, and says up to which id it came; nothing when there are no more.
 * By key range: starting from the left each time would walk over what was just deleted.
 */
export async function deleteExpiredAccessTokens(ctx: Context, after: string, limit: number): Promise<{ readonly deleted: number; readonly upTo: string } | undefined> {
  const before = firstIdAt(ctx.clock.now() - OPAQUE_LIFETIME_SECONDS * 1000)
  const { rows } = await sql<{ deleted: string; up_to: string | null }>`
    with chunk as (select token_id from access_tokens where token_id > ${after} and token_id < ${before} order by token_id limit ${limit} for update skip locked),
    gone as (delete from access_tokens a using chunk where a.token_id = chunk.token_id and a.expires_at < clock_now() returning a.token_id)
    select (select count(*) from gone) as deleted, (select token_id from chunk order by token_id desc limit 1) as up_to`.execute(ctx.db)
  const row = rows[0]
  return row === undefined || row.up_to === null ? undefined : { deleted: Number(row.deleted), upTo: row.up_to }
}

import { type Kysely, sql } from 'kysely'
import type { Context } from '../context.ts'
import type { Database } from '../database/schema.ts'
import { randomBytes } from '../lib/random.ts'
import type { AuthorizationDetail } from '../protocol/authorization-details.ts'
import type { ClaimsRequest } from '../protocol/claims-request.ts'
import { heldWasRemoved, holdConsent } from './consents.ts'

// Owns managed_grants: what a person let a client do, under an id by which the client asks about it, changes it and ends it (Grant Management
// for OAuth 2.0). A person may give one client several. The id is no secret: it opens nothing without a token of its client. Does not own the
// tokens that rest on a grant (tokens/grants.ts), nor the person's decision about the client as a whole (consents.ts).

/** What a code does to the grant that it names. */
export type GrantChange = 'create' | 'merge' | 'replace'

export interface GrantContent {
  readonly scopes: readonly string[]
  readonly resources: readonly string[]
  readonly claims: ClaimsRequest
  readonly authorizationDetails: readonly AuthorizationDetail[]
}

export interface ManagedGrant extends GrantContent {
  readonly grantId: string
  readonly userId: string
  readonly createdAt: Date
  readonly updatedAt: Date
}

const ID_BYTES = 24
const ID = /^[A-Za-z0-9_-]{32}$/

/** An id that nobody guesses and that tells nothing about the person (§9 of the draft). */
export function newManagedGrantId(): string {
  return randomBytes(ID_BYTES).toString('base64url')
}

interface Row {
  readonly grant_id: string
  readonly user_id: string
  readonly scopes: readonly string[]
  readonly resources: readonly string[]
  readonly claims: ClaimsRequest
  readonly authorization_details: readonly AuthorizationDetail[]
  readonly created_at: Date
  readonly updated_at: Date
}

/** A grant of this client that goes on; nothing for another's, and for one that was ended. */
export async function findManagedGrant(ctx: Context, grantId: string, clientKey: string): Promise<ManagedGrant | undefined> {
  if (!ID.test(grantId)) return undefined
  const { rows } = await sql<Row>`select grant_id, user_id, scopes, resources, claims, authorization_details, created_at, updated_at from managed_grants
    where grant_id = ${grantId} and client_key = ${clientKey} and ended_at is null`.execute(ctx.db)
  const [row] = rows
  return row && { grantId: row.grant_id, userId: row.user_id, scopes: row.scopes, resources: row.resources, claims: row.claims, authorizationDetails: row.authorization_details, createdAt: row.created_at, updatedAt: row.updated_at }
}

export interface ChangedGrant extends GrantContent {
  readonly grantId: string
  /** The row of grants that the code leads to: its order is that of the person's decisions. */
  readonly by: string
  readonly change: GrantChange
  readonly clientKey: string
  readonly userId: string
}

/**
 * Notes what a redeemed code did to a grant, in one statement: two merges at once both count. False when the grant is another's, was ended
 * meanwhile, or was changed by a later decision: a code kept back does not undo what the person said after it.
 */
export async function keepManagedGrant(ctx: Context, grant: ChangedGrant): Promise<boolean> {
  const { grantId, change, clientKey, userId, by } = grant
  const scopes = sql`${[...grant.scopes]}::text[]`
  const resources = sql`${[...grant.resources]}::text[]`
  const claims = sql`${JSON.stringify(grant.claims)}::jsonb`
  const details = sql`${JSON.stringify(grant.authorizationDetails)}::jsonb`
  const both = (column: string, added: ReturnType<typeof sql>): ReturnType<typeof sql> => sql`array(select unnest(m.${sql.ref(column)}) union select unnest(${added}) order by 1)`
  const wishes = (member: string): ReturnType<typeof sql> => sql`coalesce(m.claims->${member}, '{}') || coalesce(${claims}->${member}, '{}')`
  if (change === 'create') {
    // Who took everything back since the code was redeemed has no grant any more.
    const created = await sql`with item as (select ${clientKey}::bigint as client_key, ${userId}::uuid as user_id, ${grant.scopes.join(' ')}::text as scope),
        ${sql.raw(holdConsent('(select user_id from item)', '(select client_key from item)'))}
      insert into managed_grants (grant_id, client_key, user_id, scopes, resources, claims, authorization_details, changed_by, replaced_by)
      select ${grantId}, client_key, user_id, ${scopes}, ${resources}, ${claims}, ${details}, ${by}::uuid, ${by}::uuid from item where not ${sql.raw(heldWasRemoved('item.scope'))} on conflict do nothing`.execute(ctx.db)
    return (created.numAffectedRows ?? 0n) > 0n
  }
  const content =
    change === 'replace'
      ? sql`scopes = ${scopes}, resources = ${resources}, claims = ${claims}, authorization_details = ${details}, changed_by = ${by}::uuid, replaced_by = ${by}::uuid`
      : sql`changed_by = greatest(m.changed_by, ${by}::uuid), scopes = ${both('scopes', scopes)}, resources = ${both('resources', resources)},
        claims = jsonb_build_object('userinfo', ${wishes('userinfo')}, 'id_token', ${wishes('id_token')}),
        authorization_details = coalesce((select jsonb_agg(distinct d.detail) from jsonb_array_elements(m.authorization_details || ${details}) as d (detail)), '[]')`
  // What adds may come after another that adds; what replaces comes after everything.
  const before = change === 'replace' ? sql`m.changed_by` : sql`m.replaced_by`
  const changed = await sql`update managed_grants m set ${content}, updated_at = clock_now()
    where m.grant_id = ${grantId} and m.client_key = ${clientKey} and m.user_id = ${userId} and m.ended_at is null
      and (${before} is null or ${before} < ${by}::uuid)`.execute(ctx.db)
  return (changed.numAffectedRows ?? 0n) > 0n
}

/** Ends a grant of a client, and of a person where one is named. Gives whose it was, to one of two at once. */
export async function endManagedGrant(ctx: Context, grantId: string, clientKey: string, userId: string | undefined): Promise<string | undefined> {
  if (!ID.test(grantId)) return undefined
  const { rows } = await sql<{ user_id: string }>`update managed_grants set ended_at = clock_now()
    where grant_id = ${grantId} and client_key = ${clientKey} and (${userId ?? null}::uuid is null or user_id = ${userId ?? null}) and ended_at is null returning user_id`.execute(ctx.db)
  return rows[0]?.user_id
}

/** The person takes everything back that a client may do. */
export async function endManagedGrantsOf(ctx: Context, userId: string, clientKey: string): Promise<void> {
  await sql`update managed_grants set ended_at = clock_now() where user_id = ${userId} and client_key = ${clientKey} and ended_at is null`.execute(ctx.db)
}

/** The person takes scopes back, of whatever grant of a client. */
export async function narrowManagedGrantsOf(ctx: Context, userId: string, clientKey: string, lost: readonly string[]): Promise<void> {
  await sql`update managed_grants set scopes = array(select unnest(scopes) except select unnest(${[...lost]}::text[])), updated_at = clock_now()
    where user_id = ${userId} and client_key = ${clientKey} and ended_at is null and scopes && ${[...lost]}::text[]`.execute(ctx.db)
}

/** What was one person's is another's from now on. */
export async function moveManagedGrants(trx: Kysely<Database>, from: string, to: string): Promise<void> {
  await sql`update managed_grants set user_id = ${to} where user_id = ${from}`.execute(trx)
}

/** Deletes at most `limit` grants that ended a month ago. Returns how many. */
export async function deleteEndedManagedGrants(ctx: Context, limit: number): Promise<number> {
  const result = await sql`delete from managed_grants where grant_id in
    (select grant_id from managed_grants where ended_at < clock_now() - interval '30 days' limit ${limit} for update skip locked)`.execute(ctx.db)
  return Number(result.numAffectedRows ?? 0n)
}

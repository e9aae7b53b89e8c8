import { sql } from 'kysely'
import { clientIsLive } from '../clients/store.ts'
import { consentIsLive } from '../consents/objects.ts'
import { type Context, perContext } from '../context.ts'
import { createBatch } from '../database/batch.ts'
import { drawToken } from '../lib/opaque-token.ts'
import { firstIdAt, newRowId, timeOfId } from '../lib/random.ts'
import { sessionWasEnded } from '../sessions/store.ts'
import { consentWasRemoved } from '../users/consents.ts'
import { joinLiveUser, userIsLive } from '../users/store.ts'
import { insertAccessTokens } from './access-tokens.ts'
import { type AuthorizationDetails, joinList, type PersonAuthorization, readPerson, restsOnConsent, splitList } from './authorization.ts'
import { insertGrants } from './grants.ts'

// Owns authorization_codes. A code is redeemed by one statement that consumes it and keeps the grant and the access token at once, or
// does nothing: whoever comes second finds a used code, and a wrong verifier does not burn a code that somebody else holds.

/** The longest that a profile lets a code live (clients/profiles.ts). Seconds. */
const LONGEST_LIFETIME_SECONDS = 60
/** A used code is remembered this long, so that a replay is recognised. Seconds. */
const KEPT_SECONDS = 3600

export interface NewCode {
  readonly clientKey: string
  readonly userId: string
  readonly sessionId: string
  readonly redirectUri: string
  /** Whether the request named it; then the token request must, too (RFC 6749 §4.1.3). */
  readonly redirectUriGiven: boolean
  readonly codeChallenge: string | undefined
  readonly scopes: readonly string[]
  readonly audience: readonly string[]
  readonly details: AuthorizationDetails
  readonly authTime: number
  /** What the code is bound to before it is redeemed (RFC 9449 §10), or null. */
  readonly confirmation: string | null
  /** Seconds. */
  readonly lifetime: number
  /** With `offline_access` the grant outlives the session. */
  readonly offline: boolean
}

/** Makes a code and returns its text. */
export async function createCode(ctx: Context, code: NewCode): Promise<string> {
  const token = drawToken('ac', ctx.clock.now())
  await sql`insert into authorization_codes (code_id, secret_hash, grant_id, client_key, user_id, session_id, redirect_uri, redirect_uri_given, code_challenge, scope, audience, details, auth_time, offline, confirmation, expires_at)
    values (${token.id}, ${token.hash}, ${newRowId(ctx.clock.now())}, ${code.clientKey}, ${code.userId}, ${code.sessionId}, ${code.redirectUri}, ${code.redirectUriGiven},
      ${code.codeChallenge ?? null}, ${code.scopes.join(' ')}, ${joinList(code.audience)}, ${JSON.stringify(code.details)}, to_timestamp(${code.authTime}), ${code.offline}, ${code.confirmation},
      clock_now() + make_interval(secs => ${Math.min(code.lifetime, LONGEST_LIFETIME_SECONDS)}))`.execute(ctx.db)
  return token.text
}

export interface CodeRedemption {
  readonly codeId: string
  readonly codeHash: Buffer
  readonly clientKey: string
  readonly redirectUri: string | null
  /** The challenge of the presented verifier; null when none was sent. */
  readonly codeChallenge: string | null
  readonly tokenId: string
  readonly tokenHash: Buffer
  /** Null for a client that gets no refresh token. */
  readonly refreshHash: Buffer | null
  readonly audience: string | null
  readonly lifetime: number
  /** What the request proved to hold; null when nothing. */
  readonly confirmation: string | null
  /** Less than what the person allowed, where the request says so: the JSON of it, or null. */
  readonly authorizationDetails: string | null
  /** What refresh tokens are bound to: the same for a public client, nothing for one that authenticates. */
  readonly grantConfirmation: string | null
}

export interface RedeemedCode {
  readonly grantId: string
  readonly scopes: readonly string[]
  readonly audience: readonly string[]
  readonly person: PersonAuthorization
}

const REDEEM = {
  name: 'redeem-authorization-code',
  text: `with item as (
      select * from unnest($1::uuid[], $2::bytea[], $3::bigint[], $4::text[], $5::text[], $6::uuid[], $7::bytea[], $8::bytea[], $9::text[], $10::int[], $11::text[], $12::text[], $13::jsonb[])
        as t (code_id, code_hash, client_key, redirect_uri, code_challenge, token_id, token_hash, refresh_hash, audience, lifetime, confirmation, grant_confirmation, authorization_details)),
    consumed as (
      update authorization_codes k set used_at = clock_now() from item
      where k.code_id = item.code_id and k.secret_hash = item.code_hash and k.client_key = item.client_key
        and k.used_at is null and k.expires_at > clock_now()
        and (k.redirect_uri = item.redirect_uri or (item.redirect_uri is null and not k.redirect_uri_given))
        and k.code_challenge is not distinct from item.code_challenge
        and (k.confirmation is null or k.confirmation = item.confirmation)
        and (item.audience is null or k.audience is null or string_to_array(item.audience, ' ') <@ string_to_array(k.audience, ' '))
        and ${userIsLive('k.user_id')} and ${clientIsLive('k.client_key')} and not ${consentWasRemoved('k.user_id', 'k.client_key', 'k.scope')} and (k.offline or not ${sessionWasEnded('k.session_id')})
        and (k.details->'consent'->'until' is null or ${consentIsLive(`(${restsOnConsent('k.details')})`)})
      returning k.grant_id, k.client_key, k.user_id, k.session_id, k.scope as granted_scope, k.audience as granted_audience, k.details, k.auth_time, k.offline,
        item.token_id, item.token_hash, item.refresh_hash, item.lifetime, item.confirmation, item.grant_confirmation, item.authorization_details, k.scope, coalesce(item.audience, k.audience) as audience),
    started as (${insertGrants('consumed')}),
    minted as (${insertAccessTokens('consumed')})
    select k.token_id, k.grant_id, k.scope, k.audience, k.user_id, k.session_id, k.auth_time, k.details, u.claims, u.groups from consumed k ${joinLiveUser('k.user_id')}`,
}

const redeem = perContext((ctx: Context) =>
  createBatch<CodeRedemption, RedeemedCode>({
    together: ctx.config.batchStatements,
    key: (redemption) => redemption.codeId,
    run: async (redemptions) => {
      const column = <K extends keyof CodeRedemption>(name: K): CodeRedemption[K][] => redemptions.map((redemption) => redemption[name])
      const rows = await ctx.hot(REDEEM, [column('codeId'), column('codeHash'), column('clientKey'), column('redirectUri'), column('codeChallenge'), column('tokenId'), column('tokenHash'), column('refreshHash'), column('audience'), column('lifetime'), column('confirmation'), column('grantConfirmation'), column('authorizationDetails')])
      const byToken = new Map(rows.map((row) => [row[0], row]))
      return redemptions.map(({ tokenId }) => {
        const row = byToken.get(tokenId)
        return row && { grantId: String(row[1]), scopes: splitList(row[2]), audience: splitList(row[3]), person: readPerson(row, 4) }
      })
    },
  }),
)

/** Consumes a code and keeps what it pays for, in one statement. Nothing when any condition fails: explainCode says which. */
export function redeemCode(ctx: Context, redemption: CodeRedemption): Promise<RedeemedCode | undefined> {
  return redeem(ctx)(redemption)
}

/** What the person allowed in authorization details: they stand with the code from its making on. Nothing for a code that is not this client's. */
export async function readCodeDetails(ctx: Context, code: Pick<CodeRedemption, 'codeId' | 'codeHash' | 'clientKey'>): Promise<AuthorizationDetails | undefined> {
  const { rows } = await sql<{ details: AuthorizationDetails }>`select details from authorization_codes where code_id = ${code.codeId} and secret_hash = ${code.codeHash} and client_key = ${code.clientKey}`.execute(ctx.db)
  return rows[0]?.details
}

/** Consumes a code of this server's own pages: whose sign-in it stands for. Nothing is issued for it. Nothing when it is not good, or was used. */
export async function takeOwnCode(ctx: Context, code: Pick<CodeRedemption, 'codeId' | 'codeHash' | 'clientKey' | 'codeChallenge'>): Promise<{ readonly userId: string; readonly sessionId: string } | undefined> {
  const { rows } = await sql<{ user_id: string; session_id: string }>`update authorization_codes k set used_at = clock_now()
    where code_id = ${code.codeId} and secret_hash = ${code.codeHash} and client_key = ${code.clientKey} and code_challenge = ${code.codeChallenge}
      and used_at is null and expires_at > clock_now() returning user_id, session_id`.execute(ctx.db)
  return rows[0] === undefined ? undefined : { userId: rows[0].user_id, sessionId: rows[0].session_id }
}

/** Voids the codes of a person for a client that are not redeemed yet. One that is being redeemed is waited for. */
export async function voidCodes(ctx: Context, userId: string, clientKey: string): Promise<void> {
  // The key carries the time: only the last minutes' codes are looked at.
  const since = firstIdAt(ctx.clock.now() - 5 * LONGEST_LIFETIME_SECONDS * 1000)
  await sql`update authorization_codes set used_at = clock_now() where code_id > ${since} and user_id = ${userId} and client_key = ${clientKey} and used_at is null`.execute(ctx.db)
}

export type CodeFault = 'unknown' | 'client' | 'redirect_uri' | 'pkce' | 'binding' | 'expired' | 'audience' | 'replayed' | 'not live'

export interface CodeExplanation {
  readonly fault: CodeFault
  readonly grantId: string | undefined
  readonly userId: string | undefined
  /** How the code stands, for those who may read the diagnosis; nothing of an unknown one. */
  readonly facts: CodeFacts | undefined
}

export interface CodeFacts {
  readonly ageSeconds: number
  readonly lifetimeSeconds: number
  readonly usedAgeSeconds: number | undefined
  readonly usedAt: Date | undefined
  readonly redirectUri: string
  readonly codeChallenge: string | undefined
  readonly audience: string | undefined
  readonly confirmation: string | undefined
}

interface CodeRow {
  readonly grant_id: string
  readonly user_id: string
  readonly same_client: boolean
  readonly same_redirect: boolean
  readonly same_challenge: boolean
  readonly same_binding: boolean
  readonly same_audience: boolean
  readonly used: boolean
  readonly expired: boolean
  readonly redirect_uri: string
  readonly code_challenge: string | null
  readonly audience: string | null
  readonly confirmation: string | null
  readonly used_at: Date | null
  readonly expires_at: Date
  readonly over: number
  readonly used_age: number | null
}

function factsOf(codeId: string, row: CodeRow): CodeFacts {
  const { redirect_uri, code_challenge, audience, confirmation, used_at, expires_at, over, used_age } = row
  const lifetimeSeconds = Math.round((expires_at.getTime() - timeOfId(codeId)) / 1000)
  return { ageSeconds: lifetimeSeconds + over, lifetimeSeconds, usedAgeSeconds: used_age ?? undefined, usedAt: used_at ?? undefined, redirectUri: redirect_uri, codeChallenge: code_challenge ?? undefined, audience: audience ?? undefined, confirmation: confirmation ?? undefined }
}

function faultOf(row: CodeRow): CodeFault {
  if (!row.same_client) return 'client'
  if (!row.same_redirect) return 'redirect_uri'
  if (!row.same_challenge) return 'pkce'
  if (!row.same_binding) return 'binding'
  // Only whoever passes the checks above is told from a thief: then the second use means that the code was stolen somewhere.
  if (row.used) return 'replayed'
  if (row.expired) return 'expired'
  return row.same_audience ? 'not live' : 'audience'
}

/** The slow path: why a code was not taken. */
export async function explainCode(ctx: Context, redemption: CodeRedemption): Promise<CodeExplanation> {
  const { codeId, codeHash, clientKey, redirectUri, codeChallenge, audience, confirmation } = redemption
  const { rows } = await sql<CodeRow>`
    select grant_id, user_id, client_key = ${clientKey} as same_client,
      (redirect_uri = ${redirectUri} or (${redirectUri}::text is null and not redirect_uri_given)) as same_redirect,
      code_challenge is not distinct from ${codeChallenge} as same_challenge,
      (confirmation is null or confirmation is not distinct from ${confirmation}) as same_binding,
      (${audience}::text is null or audience is null or string_to_array(${audience}, ' ') <@ string_to_array(audience, ' ')) as same_audience,
      used_at is not null as used, expires_at <= clock_now() as expired, redirect_uri, code_challenge, audience, confirmation, used_at,
      expires_at, extract(epoch from clock_now() - expires_at)::int as over, extract(epoch from clock_now() - used_at)::int as used_age
    from authorization_codes where code_id = ${codeId} and secret_hash = ${codeHash}`.execute(ctx.db)
  const row = rows[0]
  return row === undefined ? { fault: 'unknown', grantId: undefined, userId: undefined, facts: undefined } : { fault: faultOf(row), grantId: row.grant_id, userId: row.user_id, facts: factsOf(codeId, row) }
}

/** Deletes at most `limit` old codes with an id above `after`, and says up to which id it came; nothing when there are no more. */
export async function deleteExpiredCodes(ctx: Context, after: string, limit: number): Promise<{ readonly deleted: number; readonly upTo: string } | undefined> {
  const before = firstIdAt(ctx.clock.now() - (LONGEST_LIFETIME_SECONDS + KEPT_SECONDS) * 1000)
  const { rows } = await sql<{ deleted: string; up_to: string | null }>`
    with chunk as (select code_id from authorization_codes where code_id > ${after} and code_id < ${before} order by code_id limit ${limit} for update skip locked),
    gone as (delete from authorization_codes k using chunk where k.code_id = chunk.code_id and k.expires_at < clock_now() returning k.code_id)
    select (select count(*) from gone) as deleted, (select code_id from chunk order by code_id desc limit 1) as up_to`.execute(ctx.db)
  const row = rows[0]
  return row === undefined || row.up_to === null ? undefined : { deleted: Number(row.deleted), upTo: row.up_to }
}

import type { Context } from '../context.ts'
import type { Client } from '../clients/client.ts'
import { sectorDetails } from '../clients/sector.ts'
import { clientIsLive } from '../clients/store.ts'
import { newRowId } from '../lib/random.ts'
import { heldWasRemoved, holdConsent } from '../users/consents.ts'
import { joinLiveUser, userIsLive } from '../users/store.ts'
import { insertAccessTokens } from './access-tokens.ts'
import { type AuthorizationDetails, joinList, type PersonAuthorization, readPerson } from './authorization.ts'
import { insertGrants } from './grants.ts'

// Grants that start without an authorization code: a token in the front channel, one for another token, one for an assertion. One
// statement keeps the grant and its first access token, or neither. Whoever calls has noted the use of the consent before (noteUse): what is
// not there cannot be held still, and a withdrawal in this very moment would miss the grant.

export interface DirectGrant {
  readonly client: Client
  readonly userId: string
  readonly sessionId: string | undefined
  readonly scopes: readonly string[]
  readonly audience: readonly string[]
  /** What was established, but for the client's sector, which is always added: no grant can forget it. */
  readonly details: AuthorizationDetails
  /** Seconds since the epoch. */
  readonly authTime: number
  readonly offline: boolean
  readonly token: { readonly id: string; readonly hash: Buffer }
  /** Seconds. */
  readonly lifetime: number
  /** Null for none. */
  readonly refreshHash: Buffer | null
  readonly confirmation: string | null
  readonly grantConfirmation: string | null
}

/** The part of a statement that keeps a grant and its token for each row of `source`, which has the columns of both. */
export function startGrants(source: string): string {
  return `started as (${insertGrants(source)}), minted as (${insertAccessTokens(source)})`
}

const START = {
  name: 'start-direct-grant',
  text: `with item as (
      select $1::uuid as grant_id, $2::bigint as client_key, $3::uuid as user_id, $4::uuid as session_id, $5::text as granted_scope, $5::text as scope,
        $6::text as granted_audience, $6::text as audience, $7::jsonb as details, to_timestamp($8::double precision) as auth_time, $9::boolean as offline,
        $10::uuid as token_id, $11::bytea as token_hash, $12::int as lifetime, $13::bytea as refresh_hash, $14::text as confirmation, $15::text as grant_confirmation, null::jsonb as authorization_details),
    ${holdConsent('$3::uuid', '$2::bigint')},
    live as (select item.* from item where ${userIsLive('item.user_id')} and ${clientIsLive('item.client_key')} and not ${heldWasRemoved('item.scope')}),
    ${startGrants('live')}
    select l.user_id, l.session_id, l.auth_time, l.details, u.claims, u.groups, l.grant_id from live l ${joinLiveUser('l.user_id')}`,
}

export interface StartedGrant {
  readonly grantId: string
  readonly person: PersonAuthorization
}

/** Keeps a grant and its access token. Nothing when the person or the client may not act any more, or the person took any of it back. */
export async function startGrant(ctx: Context, grant: DirectGrant): Promise<StartedGrant | undefined> {
  const { client, userId, sessionId, scopes, audience, details, authTime, offline, token, lifetime, refreshHash, confirmation, grantConfirmation } = grant
  const [row] = await ctx.hot(START, [newRowId(ctx.clock.now()), client.key, userId, sessionId ?? null, scopes.join(' '), joinList(audience), JSON.stringify({ ...details, ...sectorDetails(client) }), authTime, offline, token.id, token.hash, lifetime, refreshHash, confirmation, grantConfirmation])
  return row && { grantId: String(row[6]), person: readPerson(row, 0) }
}

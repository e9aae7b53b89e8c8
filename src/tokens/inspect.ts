import { approvedScopes } from '../apis/approved-scopes.ts'
import { isForNobody } from '../apis/store.ts'
import { findClientByKey, joinLiveClient } from '../clients/store.ts'
import { type Context, perContext } from '../context.ts'
import { createBatch } from '../database/batch.ts'
import { verifyOwn } from '../keys/verify.ts'
import { epochSeconds } from '../lib/clock.ts'
import { sameDigest } from '../lib/digest.ts'
import { readToken } from '../lib/opaque-token.ts'
import type { AuthorizationDetail } from '../protocol/authorization-details.ts'
import { ACCESS_TOKEN_TYPE } from '../protocol/names.ts'
import { joinLiveUser } from '../users/store.ts'
import { joinLiveAccessToken } from './access-tokens.ts'
import { type Actor, bearerOf, detailsOfToken, type PersonAuthorization, readPerson, splitList } from './authorization.ts'
import { GRANT_IS_LIVE, joinGrant } from './grants.ts'

// Owns the one question "what does this access token stand for now": userinfo, introspection and the gatekeeper ask it. Everything a token
// rests on (client, person, grant, session) is asked in the same statement; a reading path writes nothing.

/** A live access token. */
export interface InspectedToken {
  readonly tokenId: string
  readonly clientKey: string
  readonly clientId: string
  readonly scopes: readonly string[]
  readonly audience: readonly string[]
  /** Seconds since the epoch. */
  readonly expiresAt: number
  /** Absent for a token without a person. */
  readonly person: PersonAuthorization | undefined
  readonly format: 'opaque' | 'jwt'
  /** What it is bound to, as its row has it. */
  readonly confirmation: string | undefined
  /** Who acts for the person. */
  readonly actor: Actor | undefined
  /** The API whose scope all of its scopes hang on, where they are not the person's word to its client (exchanged-tokens.ts). */
  readonly via?: string | undefined
  readonly authorizationDetails: readonly AuthorizationDetail[]
}

interface Found extends Omit<InspectedToken, 'format'> {
  readonly hash: Buffer
}

const INSPECT = {
  name: 'inspect-access-token',
  text: `select a.token_id, a.secret_hash, a.client_key, c.client_id, a.scope, a.audience, a.expires_at, a.grant_id, a.confirmation, a.actor, a.via, a.authorization_details, g.user_id, g.session_id, g.auth_time, g.details, u.claims, u.groups, g.scope
    from unnest($1::uuid[]) as item (token_id)
    ${joinLiveAccessToken('item.token_id')}
    ${joinLiveClient('a.client_key')}
    ${joinGrant('a.grant_id')}
    ${joinLiveUser('g.user_id', 'left join')}
    where a.grant_id is null or (u.user_id is not null and ${GRANT_IS_LIVE})`,
}

/** What the person took back of the grant is gone from every token that came from it. What an API receives hangs on the scope that lets it in, not on what its caller may ask. */
function stillGiven(scopes: readonly string[], granted: readonly string[], via: unknown): readonly string[] {
  if (typeof via === 'string') return granted.includes(`gk_${via}`) ? scopes : []
  return scopes.filter((scope) => granted.includes(scope))
}

function readFound(row: readonly unknown[]): Found {
  const [tokenId, hash, clientKey, clientId, scope, audience, expiresAt, grantId, confirmation, actor, via, details] = row
  const person = grantId === null ? undefined : readPerson(row, 12)
  return {
    tokenId: String(tokenId),
    hash: Buffer.isBuffer(hash) ? hash : Buffer.alloc(0),
    clientKey: String(clientKey),
    clientId: String(clientId),
    scopes: grantId === null ? splitList(scope) : stillGiven(splitList(scope), splitList(row.at(-1)), via),
    audience: splitList(audience),
    // No later than the consent that it came from.
    expiresAt: Math.min(expiresAt instanceof Date ? Math.floor(expiresAt.getTime() / 1000) : 0, person?.details.consent?.until ?? Infinity),
    confirmation: typeof confirmation === 'string' ? confirmation : undefined,
    // Written by us.
    actor: actor === null ? undefined : (actor as Actor),
    via: typeof via === 'string' ? via : undefined,
    person,
    // Written by us, too.
    authorizationDetails: detailsOfToken({ authorizationDetails: details === null ? undefined : (details as readonly AuthorizationDetail[]), person }),
  }
}

const inspect = perContext((ctx: Context) =>
  createBatch<string, Found>({
    together: ctx.config.batchStatements,
    key: (tokenId) => tokenId,
    run: async (tokenIds) => {
      const rows = await ctx.hot(INSPECT, [[...new Set(tokenIds)]])
      const found = new Map(rows.map((row) => [String(row[0]), readFound(row)]))
      return tokenIds.map((tokenId) => found.get(tokenId))
    },
  }),
)

async function inspectOpaque(ctx: Context, text: string): Promise<InspectedToken | undefined> {
  const presented = readToken('at', text)
  if (presented === undefined) return undefined
  const found = await inspect(ctx)(presented.id)
  return found !== undefined && sameDigest(found.hash, presented.hash) ? { ...found, format: 'opaque' } : undefined
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

async function inspectJwt(ctx: Context, text: string): Promise<InspectedToken | undefined> {
  const claims = await verifyOwn(ctx.keyring, text, ACCESS_TOKEN_TYPE, ctx.config.issuer)
  const id = claims?.['jti']
  const expiry = claims?.['exp']
  if (typeof id !== 'string' || !UUID.test(id) || typeof expiry !== 'number' || expiry <= epochSeconds(ctx.clock)) return undefined
  const found = await inspect(ctx)(id)
  return found && { ...found, format: 'jwt' }
}

// What was taken from the client since is gone from its tokens. From memory: within STALENESS_MS, in every process.
async function asApproved(ctx: Context, token: InspectedToken): Promise<InspectedToken | undefined> {
  if (token.audience.length > 0 && (await isForNobody(ctx, token.audience))) return undefined
  if (!token.scopes.some((scope) => scope.startsWith('gk_'))) return token
  const client = await findClientByKey(ctx, token.clientKey)
  return client && { ...token, scopes: await approvedScopes(ctx, client, token.scopes, bearerOf(token.person)) }
}

/** What a token that was live still stands for, or nothing. */
export async function inspectAgain(ctx: Context, { tokenId, format }: InspectedToken): Promise<InspectedToken | undefined> {
  const found = await inspect(ctx)(tokenId)
  return found && asApproved(ctx, { ...found, format })
}

/** What a presented access token stands for, or nothing: unknown, expired, revoked, or resting on something that is gone. */
export async function inspectAccessToken(ctx: Context, text: string): Promise<InspectedToken | undefined> {
  const token = await (text.startsWith('ptr_') ? inspectOpaque(ctx, text) : inspectJwt(ctx, text))
  return token && asApproved(ctx, token)
}

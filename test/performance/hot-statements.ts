import { randomBytes } from 'node:crypto'
import type { HotStatement } from '../../src/database/hot-query.ts'
import type { Context } from '../../src/context.ts'
import { drawSecret, drawToken, readToken, tokenText } from '../../src/lib/opaque-token.ts'
import { challengeOf } from '../../src/protocol/pkce.ts'
import { mintClientToken } from '../../src/tokens/access-tokens.ts'
import { type CodeRedemption, createCode, redeemCode } from '../../src/tokens/authorization-codes.ts'
import { type Rotation, rotateRefreshToken, settleAnswer } from '../../src/tokens/grants.ts'
import { inspectAccessToken } from '../../src/tokens/inspect.ts'
import { CALLBACK } from '../support/world.ts'

// The hot statements as the product sends them, with the values that it sends: walked through its own functions, never copied.

export const VERIFIER = 'a-verifier-for-tests-that-is-long-enough-to-be-one'

export interface Person {
  readonly userId: string
  readonly clientKey: string
}

export interface Recorded extends HotStatement {
  readonly values: readonly unknown[]
}

/** Somebody of world.ts, and the key of a client. */
export async function findPerson(ctx: Context, clientId: string): Promise<Person> {
  const user = await ctx.db.selectFrom('users').select('user_id').where('username', '=', 'ada').executeTakeFirstOrThrow()
  const client = await ctx.db.selectFrom('clients').select('client_key').where('client_id', '=', clientId).executeTakeFirstOrThrow()
  return { userId: user.user_id, clientKey: client.client_key }
}

/** A code of a person for a client, as its text. */
export function newCode(ctx: Context, { userId, clientKey }: Person, scopes: readonly string[]): Promise<string> {
  return createCode(ctx, {
    clientKey,
    userId,
    sessionId: '00000000-0000-7000-8000-000000000000',
    redirectUri: CALLBACK,
    redirectUriGiven: true,
    codeChallenge: challengeOf(VERIFIER),
    scopes,
    audience: [],
    details: {},
    authTime: Math.floor(ctx.clock.now() / 1000),
    offline: false,
    lifetime: 60,
    confirmation: null,
  })
}

/** What the code grant asks of a code. */
export function redemptionOf(ctx: Context, person: Person, code: { readonly id: string; readonly hash: Buffer }, refreshHash: Buffer): CodeRedemption {
  const access = drawToken('at', ctx.clock.now())
  return {
    codeId: code.id,
    codeHash: code.hash,
    clientKey: person.clientKey,
    redirectUri: CALLBACK,
    codeChallenge: challengeOf(VERIFIER) ?? null,
    tokenId: access.id,
    tokenHash: access.hash,
    refreshHash,
    audience: null,
    lifetime: 3600,
    confirmation: null,
    grantConfirmation: null,
    authorizationDetails: null,
  }
}

/** What the refresh grant asks of a grant. */
export function rotationOf(ctx: Context, { clientKey }: Person, grantId: string, presentedHash: Buffer): Rotation {
  const access = drawToken('at', ctx.clock.now())
  return { grantId, clientKey, presentedHash, nextHash: drawSecret().hash, tokenId: access.id, tokenHash: access.hash, scope: null, audience: null, lifetime: 3600, sealedAnswer: randomBytes(300), confirmation: null,
    authorizationDetails: null }
}

/** A grant with a refresh token. */
export async function newGrant(ctx: Context, person: Person, scopes: readonly string[]): Promise<{ readonly grantId: string; readonly refresh: ReturnType<typeof drawSecret>; readonly refreshToken: string }> {
  const code = readToken('ac', await newCode(ctx, person, scopes))
  if (code === undefined) throw new Error('no code')
  const refresh = drawSecret()
  const redeemed = await redeemCode(ctx, redemptionOf(ctx, person, code, refresh.hash))
  if (redeemed === undefined) throw new Error('the code was not taken')
  return { grantId: redeemed.grantId, refresh, refreshToken: tokenText('rt', redeemed.grantId, refresh.secret) }
}

/** Everything the hot paths send, once each, by name. */
export async function recordHotStatements(ctx: Context): Promise<ReadonlyMap<string, Recorded>> {
  const recorded = new Map<string, Recorded>()
  const { hot } = ctx
  const recording: Context = { ...ctx, hot: (statement, values) => hot(statement, values).finally(() => recorded.set(statement.name, { ...statement, values })) }
  const person = await findPerson(recording, 'planner')
  const access = drawToken('at', recording.clock.now())
  await mintClientToken(recording, { id: access.id, hash: access.hash, clientKey: person.clientKey, scope: 'gk_calendar', audience: null, lifetime: 3600, confirmation: null, authorizationDetails: [] })
  await inspectAccessToken(recording, access.text)
  const { grantId, refresh } = await newGrant(recording, person, ['openid', 'profile'])
  const rotation = rotationOf(recording, person, grantId, refresh.hash)
  await rotateRefreshToken(recording, rotation)
  await settleAnswer(recording, { grantId, refreshHash: rotation.nextHash, sealedAnswer: randomBytes(1200) })
  return recorded
}

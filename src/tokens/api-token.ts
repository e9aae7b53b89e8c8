import { LRUCache } from 'lru-cache'
import { type Api, ownScopes, readApiScope } from '../apis/api.ts'
import { audiencesOf } from '../apis/gatekeeper-address.ts'
import { type Context, perContext } from '../context.ts'
import { drawToken } from '../lib/opaque-token.ts'
import { JWT_LIFETIME_SECONDS, mintClientToken } from './access-tokens.ts'
import { mintExchangedToken } from './exchanged-tokens.ts'
import type { InspectedToken } from './inspect.ts'
import { signAccessToken } from './issue.ts'

// Owns the short token that goes on to an API instead of the caller's: a JWT made out to that API alone, with its own names of what is
// allowed. It rests on what the caller's token rests on.

/** What of a token is about an API: the scope that lets in, and the parts of it. */
export function scopesFor({ api_id }: Pick<Api, 'api_id'>, scopes: readonly string[]): readonly string[] {
  return scopes.filter((scope) => readApiScope(scope)?.apiId === api_id)
}

/** Milliseconds in which the same call gets the same token: a hundred calls of a page are not a hundred rows. */
const REUSED = 60_000

interface Made {
  readonly at: number
  readonly token: Promise<string | undefined>
}

const made = perContext((_ctx: Context) => new LRUCache<string, Made>({ max: 10_000 }))

async function make(ctx: Context, api: Api, subject: InspectedToken): Promise<string | undefined> {
  const { clientKey, clientId, person, authorizationDetails } = subject
  const [audience] = audiencesOf(ctx.config, api)
  const scopes = scopesFor(api, subject.scopes)
  const { id, hash } = drawToken('at', ctx.clock.now())
  const most = Math.min(JWT_LIFETIME_SECONDS, Math.floor(subject.expiresAt - ctx.clock.now() / 1000))
  const kept = person === undefined ? (await mintClientToken(ctx, { id, hash, clientKey, scope: scopes.join(' '), audience, lifetime: most, confirmation: null, authorizationDetails })) && most : await mintExchangedToken(ctx, { subjectTokenId: subject.tokenId, id, hash, clientKey, scopes, audience, lifetime: most, confirmation: null, actor: subject.actor, via: subject.via })
  if (kept === false || kept === undefined) return undefined
  return signAccessToken(ctx, { clientId }, { scopes, toldScopes: ownScopes(api, scopes), audience: [audience], person, actor: subject.actor, lifetime: kept, authorizationDetails }, api, id, undefined)
}

/** A token of at most five minutes for an API, out of one that was shown for it; nothing when that one is not live any more. */
export function tokenForApi(ctx: Context, api: Api, subject: InspectedToken): Promise<string | undefined> {
  const key = JSON.stringify([subject.tokenId, audiencesOf(ctx.config, api)[0], scopesFor(api, subject.scopes), api.access_token_signing_alg])
  const known = made(ctx).get(key)
  if (known !== undefined && ctx.clock.now() - known.at < REUSED) return known.token
  const token = make(ctx, api, subject)
  made(ctx).set(key, { at: ctx.clock.now(), token })
  token.catch(() => made(ctx).delete(key))
  return token
}

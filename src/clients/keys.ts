import { LRUCache } from 'lru-cache'
import { type Context, perContext } from '../context.ts'
import { FetchFailure } from '../lib/guarded-fetch.ts'
import type { FindKeys } from '../protocol/jwt.ts'
import { fits, type JsonWebKeySet, jsonWebKeySet, type PublicJwk } from './json-web-keys.ts'
import { fitsEncryption } from './response-encryption.ts'

// Owns the keys that clients sign with, and that we encrypt for them with: registered by value, or published at an address of theirs. What was fetched is kept for a while;
// a key that is not in it makes us look once more, but not more often than REST_MS: whoever sends made-up key ids must not make us a
// battering ram against that address.

const KEPT_MS = 600_000
const REST_MS = 15_000
const CACHED_SETS = 5_000

interface Fetched {
  readonly keys: readonly PublicJwk[]
  readonly at: number
}

async function fetchKeys(ctx: Context, uri: string): Promise<Fetched> {
  const at = ctx.clock.now()
  try {
    const answer = await ctx.fetch(uri, { headers: { accept: 'application/jwk-set+json, application/json' } })
    const set = answer.status === 200 ? jsonWebKeySet.safeParse(JSON.parse(await answer.text())) : undefined
    if (set?.success === true) return { keys: set.data.keys, at }
    ctx.log.warn({ event: 'client.jwks', status: answer.status }, 'the key set of a client could not be used')
  } catch (error) {
    if (!(error instanceof FetchFailure) && !(error instanceof SyntaxError)) throw error
    ctx.log.warn({ event: 'client.jwks', reason: error instanceof FetchFailure ? error.reason : 'not JSON' }, 'the key set of a client could not be fetched')
  }
  return { keys: [], at }
}

const sets = perContext(() => new LRUCache<string, Promise<Fetched>>({ max: CACHED_SETS }))

/** The set of an address, not older than `oldest` milliseconds. An older one stays when the address does not answer. */
async function publishedKeys(ctx: Context, uri: string, oldest: number): Promise<readonly PublicJwk[]> {
  const known = sets(ctx).get(uri)
  const before = await known
  if (before !== undefined && ctx.clock.now() - before.at < oldest) return before.keys
  // Somebody else is fetching already.
  if (sets(ctx).get(uri) !== known) return (await sets(ctx).get(uri))?.keys ?? []
  const fetching = fetchKeys(ctx, uri).then((fetched) => (fetched.keys.length === 0 && before !== undefined ? { ...fetched, keys: before.keys } : fetched))
  sets(ctx).set(uri, fetching)
  fetching.catch(() => sets(ctx).delete(uri))
  return (await fetching).keys
}

/** Whose public keys are said by value, or published at an address: a client, or another party. */
interface Keyed {
  readonly metadata: { readonly jwks?: JsonWebKeySet | undefined; readonly jwks_uri?: string | undefined }
}

/** Whether a client has a key like this: registered, or published now. */
export async function findKey(ctx: Context, client: Keyed, isWanted: (key: PublicJwk) => boolean): Promise<boolean> {
  return (await matchingKeys(ctx, client, (keys) => keys.filter(isWanted))).length > 0
}

async function matchingKeys(ctx: Context, { metadata: { jwks, jwks_uri } }: Keyed, match: (keys: readonly PublicJwk[]) => readonly PublicJwk[]): Promise<readonly PublicJwk[]> {
  if (jwks !== undefined) return match(jwks.keys)
  if (jwks_uri === undefined) return []
  const found = match(await publishedKeys(ctx, jwks_uri, KEPT_MS))
  return found.length > 0 ? found : match(await publishedKeys(ctx, jwks_uri, REST_MS))
}

/** Finds the keys of a client that may have made a signature: by `kid` where there is one, else each that fits the algorithm. */
export function keysOf(ctx: Context, client: Keyed): FindKeys {
  return ({ alg, kid }) => matchingKeys(ctx, client, (keys) => keys.filter((key) => fits(key, alg) && (kid === undefined || key.kid === undefined || key.kid === kid)))
}

/** The key that something is encrypted with for a client: the first one that fits, of those that say so before those that say nothing. */
export async function encryptionKeyOf(ctx: Context, client: Keyed, alg: string): Promise<PublicJwk | undefined> {
  const keys = await matchingKeys(ctx, client, (all) => all.filter((key) => fitsEncryption(key, alg)))
  return keys.find((key) => key.use === 'enc') ?? keys[0]
}

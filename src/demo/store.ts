import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import type { Context } from '../context.ts'
import { deriveKey, sha256 } from '../lib/digest.ts'
import { randomBytes } from '../lib/random.ts'
import { seal, unseal } from '../lib/sealed.ts'
import { temporarilyUnavailable } from '../protocol/error.ts'
import type { Walk } from './walk.ts'

// Owns demo_walks: one row a browser, found by the hash of its cookie and sealed with a key made of it. Who has the database alone
// has none of the tokens in it.

const LIFETIME_SECONDS = 86_400
/** As long as the slowest step may take; then the row is free again by itself. Seconds. */
const BUSY_SECONDS = 30
const WAIT_MS = 50
const MOST_WAITS = 300
const COOKIE = /^[A-Za-z0-9_-]{43}$/

interface Handle {
  readonly hash: Buffer
  readonly key: Buffer
}

function handleOf(cookie: string): Handle {
  return { hash: sha256(`demo/${cookie}`), key: deriveKey(Buffer.from(cookie), 'portner/demo-walk') }
}

/** Names a browser's walk without giving away its cookie: for form tokens. */
export function walkName(cookie: string): string {
  return handleOf(cookie).hash.toString('base64url')
}

function close(handle: Handle, walk: Walk): Buffer {
  return seal(handle.key, Buffer.from(JSON.stringify(walk)), 'demo-walk')
}

// What is sealed with the cookie's key was written by close above.
function open(handle: Handle, sealed: Buffer): Walk | undefined {
  const plain = unseal(handle.key, sealed, 'demo-walk')
  return plain === undefined ? undefined : (JSON.parse(plain.toString()) as Walk)
}

/** Keeps a new walk and returns its cookie. Walks that nobody came back to leave at the same time. */
export async function createWalk(ctx: Context, walk: Walk): Promise<string> {
  const cookie = randomBytes(32).toString('base64url')
  const handle = handleOf(cookie)
  await sql`delete from demo_walks where expires_at < clock_now()`.execute(ctx.db)
  await sql`insert into demo_walks (walk_hash, sealed, expires_at) values (${handle.hash}, ${close(handle, walk)}, clock_now() + make_interval(secs => ${LIFETIME_SECONDS}))`.execute(ctx.db)
  return cookie
}

export async function readWalk(ctx: Context, cookie: string | undefined): Promise<Walk | undefined> {
  if (cookie === undefined || !COOKIE.test(cookie)) return undefined
  const handle = handleOf(cookie)
  const { rows } = await sql<{ sealed: Buffer }>`select sealed from demo_walks where walk_hash = ${handle.hash} and expires_at > clock_now()`.execute(ctx.db)
  return rows[0] === undefined ? undefined : open(handle, rows[0].sealed)
}

async function take(ctx: Context, handle: Handle): Promise<Walk | undefined> {
  const { rows } = await sql<{ sealed: Buffer }>`update demo_walks set busy_until = clock_now() + make_interval(secs => ${BUSY_SECONDS})
    where walk_hash = ${handle.hash} and expires_at > clock_now() and busy_until < clock_now() returning sealed`.execute(ctx.db)
  return rows[0] === undefined ? undefined : open(handle, rows[0].sealed)
}

async function giveBack(ctx: Context, handle: Handle, walk: Walk): Promise<void> {
  await sql`update demo_walks set sealed = ${close(handle, walk)}, busy_until = '-infinity' where walk_hash = ${handle.hash}`.execute(ctx.db)
}

/**
 * Changes a walk, one request at a time: a button pressed twice must not redeem a code twice. Nothing when there is no such walk. Throws
 * what the change throws (the walk stays as it was), and `temporarily_unavailable` when another step takes too long.
 */
export async function changeWalk<T extends { readonly walk: Walk }>(ctx: Context, cookie: string | undefined, change: (walk: Walk) => Promise<T>): Promise<T | undefined> {
  if (cookie === undefined || (await readWalk(ctx, cookie)) === undefined) return undefined
  const handle = handleOf(cookie)
  for (let waits = 0; waits < MOST_WAITS; waits++) {
    const walk = await take(ctx, handle)
    if (walk === undefined) {
      await sleep(WAIT_MS)
      continue
    }
    let after = walk
    try {
      const changed = await change(walk)
      after = changed.walk
      return changed
    } finally {
      await giveBack(ctx, handle, after)
    }
  }
  throw temporarilyUnavailable('Another step of this walk is still under way')
}

import { LRUCache } from 'lru-cache'
import { type Context, perContext } from '../context.ts'

// How often this process goes out for documents that strangers name: a made-up path costs us a request, and must not cost a host thousands.

const WINDOW_MS = 60_000
const PER_HOST = 20
const IN_ALL = 300
const ALL = ''

interface Count {
  readonly since: number
  asked: number
}

const counts = perContext(() => new LRUCache<string, Count>({ max: 5000 }))

function count(ctx: Context, key: string): number {
  const now = ctx.clock.now()
  const known = counts(ctx).get(key)
  if (known !== undefined && now - known.since < WINDOW_MS) return ++known.asked
  counts(ctx).set(key, { since: now, asked: 1 })
  return 1
}

/** Counts one look at a host, and says whether it may be taken. */
export function mayLook(ctx: Context, host: string): boolean {
  return count(ctx, host) <= PER_HOST && count(ctx, ALL) <= IN_ALL
}

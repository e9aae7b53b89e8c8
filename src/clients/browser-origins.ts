import type { Context } from '../context.ts'
import type { KnownOrigins } from '../http/cors.ts'
import { isRegisteredOrigin, listReturning } from './store.ts'

const MOST_NAMED = 5

/** What clients have to do with the origins of pages: for preflights, which name no client. */
export function browserOrigins(ctx: Context): KnownOrigins {
  return { allows: (origin) => isRegisteredOrigin(ctx, origin), findReturning: (origin) => listReturning(ctx.db, origin, MOST_NAMED) }
}

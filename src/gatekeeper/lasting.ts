import type { EventEmitter } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { type Context, perContext } from '../context.ts'
import { createPlaces } from '../lib/places.ts'
import { OAuthError } from '../protocol/error.ts'

// Owns how many answers may be on their way at once: an event stream or a WebSocket keeps its connections for hours, and whoever opens enough of
// them would leave none for anybody else. What lasts is refused while there is still room for calls that do not; and nobody is let in to wait
// for a connection that may never come free.

/** Of one API, in one process, that announce to last: fewer than there are connections to an upstream (upstream.ts). */
export const MOST_LASTING = 384
/** Of one API, whatever they are. */
const MOST_OF_API = 500
/** Of all APIs together, in one process: each takes two descriptors. */
const MOST_IN_ALL = 8000

const underWay = perContext((_ctx: Context) => createPlaces({ ofOne: MOST_OF_API, ofAll: MOST_IN_ALL }))

/** Whether a call says itself that it is going to last. */
export function saysToLast({ headers }: Pick<IncomingMessage, 'headers'>): boolean {
  return headers.upgrade?.toLowerCase() === 'websocket' || headers.accept?.toLowerCase().includes('text/event-stream') === true
}

/** Throws 503 where there is no room for a call. */
export function requireRoom(ctx: Context, apiId: string, isLasting: boolean): void {
  const places = underWay(ctx)
  const most = isLasting ? MOST_LASTING : MOST_OF_API
  const count = places.count(apiId)
  if (places.hasRoom(apiId) && count < most) return
  const trace = { cause: 'server.unavailable', compared: [{ name: 'open streams of the API', sent: String(count), expected: `< ${most}` }] } as const
  throw new OAuthError('temporarily_unavailable', 'Too many streams of this API are open', { status: 503, headers: { 'retry-after': '5' }, detail: 'gatekeeper.room', trace })
}

/** Counts an answer that has begun, until `over` closes. */
export function countAnswer(ctx: Context, apiId: string, over: EventEmitter): void {
  over.once('close', underWay(ctx).take(apiId))
}

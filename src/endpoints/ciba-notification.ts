import { z } from 'zod'
import type { Context } from '../context.ts'
import { FetchFailure } from '../lib/guarded-fetch.ts'
import type { Decided } from '../tokens/decoupled-requests.ts'

// Owns how a client in ping mode hears that a decision was made (CIBA Core §10.2): one request, once; whatever it answers, it can poll.

const AAD = 'ciba'
const kept = z.strictObject({ endpoint: z.string(), token: z.string(), authReqId: z.string() })
export type Notification = z.output<typeof kept>

export function sealNotification(ctx: Context, notification: Notification): Buffer {
  return ctx.sealing.seal('ciba-notification', Buffer.from(JSON.stringify(notification)), AAD)
}

async function ping(ctx: Context, { endpoint, token, authReqId }: Notification): Promise<void> {
  try {
    const { status } = await ctx.fetch(endpoint, { method: 'POST', headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' }, body: JSON.stringify({ auth_req_id: authReqId }) })
    if (status >= 300) ctx.log.warn({ event: 'ciba.ping', status }, 'a client did not take a notification')
  } catch (error) {
    ctx.log.warn({ event: 'ciba.ping', reason: error instanceof FetchFailure ? error.reason : 'failed' }, 'a client could not be notified')
  }
}

/** Tells the client that it may ask for its tokens, if it wants to be told. The person waits for none of it. */
export async function tellClient(ctx: Context, { notification }: Decided): Promise<void> {
  const plain = notification && ctx.sealing.unseal('ciba-notification', notification, AAD)
  if (plain !== undefined) void ping(ctx, kept.parse(JSON.parse(plain.toString('utf8'))))
}

import { subjectFor } from '../clients/sector.ts'
import { findClientByKey } from '../clients/store.ts'
import type { Context } from '../context.ts'
import { FetchFailure } from '../lib/guarded-fetch.ts'
import { endLogoutDelivery, type LogoutDelivery, takeLogoutDeliveries } from '../sessions/logout-deliveries.ts'
import { signLogoutToken } from '../tokens/logout-token.ts'
import type { Job } from './job.ts'

// Tells clients that a session has ended (OpenID Connect Back-Channel Logout 1.0), off every request's path: a client that hangs keeps
// nobody waiting, and one that is away hears it within a day.

const AT_ONCE = 32

/** What became of a delivery: heard, refused for good, or to be tried again. */
type Outcome = 'delivered' | 'refused' | 'later'

async function send(ctx: Context, uri: string, token: string): Promise<Outcome> {
  try {
    const { status } = await ctx.fetch(uri, { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: new URLSearchParams({ logout_token: token }).toString() })
    if (status >= 200 && status < 300) return 'delivered'
    return status >= 500 || status === 429 || status === 408 ? 'later' : 'refused'
  } catch (error) {
    if (error instanceof FetchFailure) return error.reason === 'forbidden' ? 'refused' : 'later'
    throw error
  }
}

async function deliver(ctx: Context, delivery: LogoutDelivery): Promise<void> {
  const client = await findClientByKey(ctx, delivery.clientKey)
  const uri = client?.metadata.backchannel_logout_uri
  if (client === undefined || uri === undefined) return endLogoutDelivery(ctx, delivery.deliveryId)
  const outcome = delivery.isOver ? 'refused' : await send(ctx, uri, await signLogoutToken(ctx, client, { sub: subjectFor(ctx, client, delivery.userId), sid: delivery.sessionId }))
  if (outcome !== 'delivered') ctx.log[outcome === 'refused' ? 'warn' : 'info']({ event: 'logout.delivery', client_id: client.clientId, outcome, attempts: delivery.attempts }, 'a client was not told that a session ended')
  if (outcome !== 'later') await endLogoutDelivery(ctx, delivery.deliveryId)
}

async function run(ctx: Context, stopping: () => boolean): Promise<number> {
  let total = 0
  while (!stopping()) {
    const due = await takeLogoutDeliveries(ctx, AT_ONCE)
    await Promise.all(due.map((delivery) => deliver(ctx, delivery)))
    total += due.length
    if (due.length < AT_ONCE) break
  }
  return total
}

export const deliverLogoutsJob: Job = { name: 'deliver-logouts', everySeconds: 2, run }

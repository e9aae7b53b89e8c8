import { findClientByKey } from '../clients/store.ts'
import { beginSending, type ConsentEvent, describeEvent, listEvents, noteSent, numberAllEvents, restFeed, takeUnsentFeeds, type UnsentFeed } from '../consents/events.ts'
import { signedHeaders } from '../consents/webhook.ts'
import type { Context } from '../context.ts'
import { epochSeconds } from '../lib/clock.ts'
import { FetchFailure } from '../lib/guarded-fetch.ts'
import type { Job } from './job.ts'

// Sends what happened to consents to the webhooks of their clients (Standard Webhooks), each feed in its order and at least once: an event
// that is not taken is sent again, and what comes after it waits. One that nobody takes for a day is passed over; it stays in the feed.

const AT_ONCE = 16
const EVENTS_AT_ONCE = 100
const NO_WEBHOOK_SECONDS = 600
const LONGEST_MILLISECONDS = 86_400_000
const LEAST_ATTEMPTS = 5
/** A receiver that takes its time keeps the others waiting no longer. */
const TURN_MILLISECONDS = 10_000

async function isTaken(ctx: Context, clientKey: string, uri: string, clientId: string, event: ConsentEvent): Promise<boolean> {
  const { type, timestamp, ...data } = describeEvent(event, clientId)
  const body = JSON.stringify({ type, timestamp, data })
  const headers = signedHeaders(ctx, clientKey, uri, { id: event.eventId, timestamp: epochSeconds(ctx.clock), body })
  try {
    const { status } = await ctx.fetch(uri, { method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body })
    return status >= 200 && status < 300
  } catch (error) {
    if (error instanceof FetchFailure) return false
    throw error
  }
}

/** Sends events in their order until one is not taken, or the turn is over. Returns how many were. */
async function send(ctx: Context, { clientKey, attempts }: UnsentFeed, events: readonly ConsentEvent[], uri: string, clientId: string, stopping: () => boolean): Promise<number> {
  let sent = 0
  const until = ctx.clock.now() + TURN_MILLISECONDS
  for (const event of events) {
    if (stopping() || ctx.clock.now() > until) break
    const isOver = sent === 0 && attempts > LEAST_ATTEMPTS && ctx.clock.now() - event.happenedAt.getTime() > LONGEST_MILLISECONDS
    const taken = await isTaken(ctx, clientKey, uri, clientId, event)
    if (!taken) ctx.log[isOver ? 'warn' : 'info']({ event: 'consent.webhook', client_id: clientId, sequence: event.sequence, attempts, outcome: isOver ? 'passed over' : 'later' }, 'a client was not told what happened to a consent')
    if (!taken && !isOver) break
    if (!(await noteSent(ctx, clientKey, event.sequence))) break
    sent++
  }
  return sent
}

async function deliver(ctx: Context, feed: UnsentFeed, stopping: () => boolean): Promise<number> {
  const client = await findClientByKey(ctx, feed.clientKey)
  const uri = client?.metadata.consent_webhook_uri
  if (client === undefined || uri === undefined) {
    await restFeed(ctx, feed.clientKey, NO_WEBHOOK_SECONDS)
    return 0
  }
  const sent = (await beginSending(ctx, feed.clientKey)) ?? feed.sent
  const events = await listEvents(ctx, feed.clientKey, sent + 1, EVENTS_AT_ONCE)
  const count = await send(ctx, feed, events, uri, client.clientId, stopping)
  // What comes next is sent as soon as it is there.
  if (count === events.length) await restFeed(ctx, feed.clientKey, 0)
  return count
}

async function run(ctx: Context, stopping: () => boolean): Promise<number> {
  await numberAllEvents(ctx)
  const due = await takeUnsentFeeds(ctx, AT_ONCE)
  const counts = await Promise.all(due.map((feed) => deliver(ctx, feed, stopping)))
  return counts.reduce((total, count) => total + count, 0)
}

export const deliverConsentEventsJob: Job = { name: 'deliver-consent-events', everySeconds: 2, run }

import type { Context } from '../context.ts'
import { sha256 } from '../lib/digest.ts'
import { randomBytes } from '../lib/random.ts'
import { keepAttempt, takeAttempt } from './store.ts'

// Departures to a provider and what comes back of them. `state` leads to the journey and is 256 random bits; what is kept is named by the
// digest of provider and state, so that an answer finds it only at that provider's own address, in the browser that left, and once.

const STATE = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.[A-Za-z0-9_-]{43}$/

export function newState(interactionId: string): string {
  return `${interactionId}.${randomBytes(32).toString('base64url')}`
}

/** The journey that a `state` of ours names; nothing for anybody else's. */
export function journeyOf(state: string | undefined): string | undefined {
  return state === undefined ? undefined : STATE.exec(state)?.[1]
}

function nameOf(providerId: string, state: string): string {
  return sha256(`${providerId}/${state}`).toString('base64url')
}

/** Keeps what the provider's connector needs when the browser comes back. */
export async function keepDeparture(ctx: Context, interactionId: string, providerId: string, state: string, kept: string): Promise<boolean> {
  const name = nameOf(providerId, state)
  const sealed = ctx.sealing.seal('upstream-attempt', Buffer.from(kept), `${interactionId}/${name}`)
  return keepAttempt(ctx, interactionId, name, sealed.toString('base64url'))
}

/** What was kept for an answer, once; nothing when this browser did not leave for that provider, or has come back before. */
export async function takeDeparture(ctx: Context, interactionId: string, browserId: string, providerId: string, state: string): Promise<string | undefined> {
  const name = nameOf(providerId, state)
  const sealed = await takeAttempt(ctx, interactionId, browserId, name)
  const plain = sealed === undefined ? undefined : ctx.sealing.unseal('upstream-attempt', Buffer.from(sealed, 'base64url'), `${interactionId}/${name}`)
  return plain?.toString('utf8')
}

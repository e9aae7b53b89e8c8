import type { Context } from '../context.ts'
import { sha256 } from '../lib/digest.ts'
import { randomBytes } from '../lib/random.ts'
import { hasAttempt, keepAttempt, takeAttempt } from './store.ts'

// Departures to a provider and what comes back of them. `state` leads to the journey and is 256 random bits; what is kept is named by the
// digest of state and the address that the answer is to come to, so that an answer finds it only there, in the browser that left, and once.

const STATE = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.[A-Za-z0-9_-]{43}$/

export function newState(interactionId: string): string {
  return `${interactionId}.${randomBytes(32).toString('base64url')}`
}

/** The journey that a `state` of ours names; nothing for anybody else's. */
export function journeyOf(state: string | undefined): string | undefined {
  return state === undefined ? undefined : STATE.exec(state)?.[1]
}

/** What a departure is called. `place`: the last part of the address that its answer comes to. */
export function departureName(place: string, state: string): string {
  return sha256(`${place}/${state}`).toString('base64url')
}

export interface Departure {
  readonly providerId: string
  /** What the provider's connector needs when the browser comes back. */
  readonly kept: string
}

/** Keeps a departure until its answer comes. */
export async function keepDeparture(ctx: Context, interactionId: string, place: string, state: string, departure: Departure): Promise<boolean> {
  const name = departureName(place, state)
  const sealed = ctx.sealing.seal('upstream-attempt', Buffer.from(JSON.stringify(departure)), `${interactionId}/${name}`)
  return keepAttempt(ctx, interactionId, name, sealed.toString('base64url'))
}

/** Whether an answer to that state is still awaited at that place. */
export async function isAwaited(ctx: Context, place: string, state: string): Promise<boolean> {
  const id = journeyOf(state)
  return id !== undefined && hasAttempt(ctx, id, departureName(place, state))
}

/** What was kept for an answer, once; nothing when this browser did not leave for there, or has come back before. */
export async function takeDeparture(ctx: Context, interactionId: string, browserId: string, place: string, state: string): Promise<Departure | undefined> {
  const name = departureName(place, state)
  const sealed = await takeAttempt(ctx, interactionId, browserId, name)
  const plain = sealed === undefined ? undefined : ctx.sealing.unseal('upstream-attempt', Buffer.from(sealed, 'base64url'), `${interactionId}/${name}`)
  return plain === undefined ? undefined : (JSON.parse(plain.toString('utf8')) as Departure)
}

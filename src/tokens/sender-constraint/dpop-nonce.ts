import type { Context } from '../../context.ts'
import { hmacSha256, sameDigest } from '../../lib/digest.ts'

// The server's nonce (RFC 9449 §8): proves that a proof was made lately. It is a keyed digest of the time, so any process makes and knows
// it and nothing is kept.

/** Seconds that a nonce is the newest, and how many before it still count. */
const STEP_SECONDS = 60
const STEPS = 5

function nonceOf(ctx: Context, step: number): string {
  return hmacSha256(ctx.sealing.macKey('dpop-nonce'), `${step}`).toString('base64url')
}

function currentStep(ctx: Context): number {
  return Math.floor(ctx.clock.now() / 1000 / STEP_SECONDS)
}

export function newDpopNonce(ctx: Context): string {
  return nonceOf(ctx, currentStep(ctx))
}

/** Whether a nonce is one of ours and at most five minutes old. */
export function isDpopNonce(ctx: Context, nonce: string): boolean {
  const step = currentStep(ctx)
  return Array.from({ length: STEPS + 1 }, (_, age) => nonceOf(ctx, step - age)).some((known) => sameDigest(Buffer.from(known), Buffer.from(nonce)))
}

import type { Context } from '../context.ts'
import { clearAttempts, countAttempt } from './attempts.ts'

// How many wrong codes there may be: five on one journey, ten for one person, counted before the code is looked at. Six digits are a
// million guesses, of which three are right; whoever is here knows the password already.

const PER_JOURNEY = 5
const JOURNEY_SECONDS = 86_400
const PER_USER = 10
const USER_SECONDS = 900

function userKey(userId: string): string {
  return `factor/user/${userId}`
}

export type FactorLimit =
  /** `left`: how many more tries this journey has after this one. */
  | { readonly is: 'open'; readonly left: number }
  | { readonly is: 'throttled'; readonly until: Date }
  /** This journey is over for codes: it must be begun again, with the first proof. */
  | { readonly is: 'exhausted' }

/** Counts one code. */
export async function throttleFactor(ctx: Context, userId: string, interactionId: string): Promise<FactorLimit> {
  const journey = await countAttempt(ctx, `factor/journey/${interactionId}`, JOURNEY_SECONDS)
  if (journey.count > PER_JOURNEY) return { is: 'exhausted' }
  const user = await countAttempt(ctx, userKey(userId), USER_SECONDS)
  if (user.count > PER_USER) return { is: 'throttled', until: user.until }
  return { is: 'open', left: PER_JOURNEY - journey.count }
}

/** A good code starts the person's counter anew. */
export async function factorSucceeded(ctx: Context, userId: string): Promise<void> {
  await clearAttempts(ctx, userKey(userId))
}

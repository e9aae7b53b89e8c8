import type { Session } from '../../sessions/session.ts'
import { displayName, type User } from '../../users/user.ts'
import { chosenAccount, mustSignInAgain } from '../chosen-account.ts'
import type { Factor, FactorQuestion } from '../factors/factor.ts'
import { factors } from '../factors/index.ts'
import type { Account, Journey } from '../journey.ts'
import { type FactorNeed, secondFactorNeed } from '../second-factor-need.ts'
import type { Visit } from './step.ts'

/** Whose second factor the pages of a journey are about. */
export interface FactorDue {
  readonly account: Account
  /** The sign-in that is to be lifted. */
  readonly proven: Session
  /** Nobody is signed in yet. */
  readonly isPending: boolean
  readonly need: FactorNeed
}

/** The second factor that a journey waits for; nothing when it waits for something else, or for nothing. */
export function factorDue(journey: Journey): FactorDue | undefined {
  const account = chosenAccount(journey)
  const proven = account?.pending ?? account?.session
  if (account === undefined || proven === undefined || mustSignInAgain(journey, account)) return undefined
  const isPending = account.pending !== undefined
  const need = secondFactorNeed(journey, proven, isPending)
  // A wish holds nobody up who has none.
  if (need === undefined || (need === 'acr_values' && journey.factors.length === 0)) return undefined
  return { account, proven, isPending, need }
}

/** The factor that is asked for now: the picked one, else the first. Nothing when the person has none. */
export function askedFactor(journey: Journey): Factor | undefined {
  const picked = journey.factors.find((name) => name === journey.progress.factorMethod) ?? journey.factors[0]
  return factors.find(({ name }) => name === picked)
}

export function questionOf(visit: Visit, { account }: FactorDue, language: string): FactorQuestion {
  return { user: account.user, browserId: visit.browserId, interactionId: visit.interaction.id, language }
}

/** Which of somebody's accounts it is, in few words. */
export function labelOf(user: User): string {
  return user.claims.email ?? user.username ?? displayName(user)
}

import { asksTwoFactors, hasTwoFactors, satisfiesAcr, type SignInFacts } from '../protocol/acr.ts'
import { essentialAcr } from '../protocol/claims-request.ts'
import type { Journey } from './journey.ts'

// Owns who must prove a second factor, and why. A remembered device spares a person the question at the sign-in (sign-in.ts does not mark the
// session then); it is no proof, so whoever demands proof gets it.

/** Why a second factor is asked for. */
export type FactorNeed = 'sign_in' | 'essential_acr' | 'client' | 'acr_values'

/** The demands of the client that no page but this one can meet. */
function demandOf({ request, client }: Pick<Journey, 'request' | 'client'>, facts: SignInFacts): FactorNeed | undefined {
  const essential = essentialAcr(request.claims) ?? []
  if (essential.some(asksTwoFactors) && !essential.some((value) => satisfiesAcr(facts, value))) return 'essential_acr'
  return client.metadata.require_second_factor === true ? 'client' : undefined
}

/** `acr_values` is a wish (OpenID Connect Core §3.1.2.1): it is granted to whoever can, and nobody is held up by it. */
function isWished({ request }: Pick<Journey, 'request'>, facts: SignInFacts): boolean {
  return request.acrValues.some(asksTwoFactors) && !request.acrValues.some((value) => satisfiesAcr(facts, value)) && !request.prompt.includes('none')
}

/** Whether a sign-in might have to be lifted: only then it matters which factors the person has. Pure. */
export function secondFactorNeed(journey: Pick<Journey, 'request' | 'client'>, facts: SignInFacts, isPending: boolean): FactorNeed | undefined {
  if (hasTwoFactors(facts) && !isPending) return undefined
  const demand = demandOf(journey, facts)
  if (demand !== undefined) return demand
  if (isPending) return 'sign_in'
  return isWished(journey, facts) ? 'acr_values' : undefined
}

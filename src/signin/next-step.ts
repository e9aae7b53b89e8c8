import type { ClaimsRequest } from '../protocol/claims-request.ts'
import { invalidScope, type OAuthError } from '../protocol/error.ts'
import type { Session } from '../sessions/session.ts'
import type { User } from '../users/user.ts'
import { chosenAccount } from './chosen-account.ts'
import { agreedConsent, grantedClaims, grantedScopes, isAllWithheld } from './granted-scopes.ts'
import type { GrantedConsent } from '../tokens/authorization.ts'
import type { Journey } from './journey.ts'
import { steps } from './steps/index.ts'
import type { Reason, Step } from './steps/step.ts'

// The dispatcher: the one place that decides what comes next, or that the journey is done.

export interface Done {
  readonly kind: 'done'
  readonly user: User
  readonly session: Session
  readonly scopes: readonly string[]
  /** The claims asked for by name, as far as the person allowed them. */
  readonly claims: ClaimsRequest
  /** The consent that it rests on; nothing where the operator implies it and nothing was given before. */
  readonly consent: GrantedConsent | undefined
}

function consentOf(journey: Journey): GrantedConsent | undefined {
  const agreed = agreedConsent(journey)
  if (agreed !== undefined) return { id: agreed.consentId, until: agreed.until }
  return journey.consent.consentId === undefined ? undefined : { id: journey.consent.consentId }
}

export type Next = Done | { readonly kind: 'step'; readonly step: Step; readonly reason: Reason } | { readonly kind: 'refused'; readonly error: OAuthError }

/** What comes next. With `prompt=none` nothing may be shown: the first step's reason becomes the refusal. */
export function nextStep(journey: Journey): Next {
  if (isAllWithheld(journey)) return { kind: 'refused', error: invalidScope('The scope has not been approved for this person', { parameter: 'scope', trace: { cause: 'scope.not_approved', compared: journey.withheld.map((scope) => ({ name: 'scope.organization_not_approved', sent: scope })) } }) }
  const silent = journey.request.prompt.includes('none')
  for (const step of steps) {
    const reason = step.reason(journey)
    if (reason === undefined) continue
    return silent || reason.refuses === true ? { kind: 'refused', error: reason.silently() } : { kind: 'step', step, reason }
  }
  const account = chosenAccount(journey)
  if (account?.session === undefined) throw new Error('the steps let a journey pass without a sign-in')
  return { kind: 'done', user: account.user, session: account.session, scopes: grantedScopes(journey), claims: grantedClaims(journey), consent: consentOf(journey) }
}

import { isWithinDetails } from '../protocol/authorization-details.ts'
import type { Journey } from './journey.ts'

/** The scopes that the person may leave out (`optional_scopes`). */
export function isOptional(journey: Journey, scope: string): boolean {
  return journey.client.metadata.optional_scopes.includes(scope)
}

function isDeclined(journey: Journey, scope: string): boolean {
  return isOptional(journey, scope) && journey.consent.declined.includes(scope)
}

/** What the person has not decided about yet. */
export function undecidedScopes(journey: Journey): readonly string[] {
  return journey.request.scopes.filter((scope) => !journey.consent.granted.includes(scope) && !isDeclined(journey, scope))
}

/** Whether there are authorization details that the person has not allowed before, or that are for once. */
export function hasUndecidedDetails({ request, consent }: Journey): boolean {
  const { authorizationDetails = [], singleUse } = request
  return singleUse === true || !isWithinDetails(authorizationDetails, consent.authorizationDetails ?? [])
}

/** What the client gets of what it asked for. Implied consent covers all but what the person has unticked when asked. */
export function grantedScopes(journey: Journey): readonly string[] {
  if (journey.client.metadata.consent === 'implied') return journey.request.scopes.filter((scope) => !isDeclined(journey, scope))
  return journey.request.scopes.filter((scope) => journey.consent.granted.includes(scope))
}

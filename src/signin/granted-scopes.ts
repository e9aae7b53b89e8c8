import { withoutOrphans } from '../apis/api.ts'
import { isWithinDetails } from '../protocol/authorization-details.ts'
import type { ClaimsRequest } from '../protocol/claims-request.ts'
import { claimsWithin } from '../users/claims.ts'
import type { Journey } from './journey.ts'

/** The scopes that the person may leave out (`optional_scopes`). */
export function isOptional(journey: Journey, scope: string): boolean {
  return journey.client.metadata.optional_scopes.includes(scope)
}

function isDeclined(journey: Journey, scope: string): boolean {
  return isOptional(journey, scope) && journey.consent.declined.includes(scope)
}

/** Everything that the person is asked for: the scopes, and those of the claims that are asked for by name. */
export function askedScopes({ request }: Journey): readonly string[] {
  return [...request.scopes, ...(request.claimScopes ?? [])]
}

/** What the person has not decided about yet. */
export function undecidedScopes(journey: Journey): readonly string[] {
  return askedScopes(journey).filter((scope) => !journey.consent.granted.includes(scope) && !isDeclined(journey, scope))
}

/** Whether there are authorization details that the person has not allowed before, or that are for once. */
export function hasUndecidedDetails({ request, consent }: Journey): boolean {
  const { authorizationDetails = [], singleUse } = request
  return singleUse === true || !isWithinDetails(authorizationDetails, consent.authorizationDetails ?? [])
}

function granted(journey: Journey, scopes: readonly string[]): readonly string[] {
  if (journey.client.metadata.consent === 'implied') return scopes.filter((scope) => !isDeclined(journey, scope))
  return scopes.filter((scope) => journey.consent.granted.includes(scope))
}

/** What the client gets of what it asked for. Implied consent covers all but what the person has unticked when asked. */
export function grantedScopes(journey: Journey): readonly string[] {
  return withoutOrphans(granted(journey, journey.request.scopes))
}

/** The claims that the client gets by their names: those of scopes that it was granted. */
export function grantedClaims(journey: Journey): ClaimsRequest {
  return claimsWithin(journey.request.claims, granted(journey, askedScopes(journey)))
}

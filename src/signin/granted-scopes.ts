import { withoutOrphans } from '../apis/api.ts'
import { isWithinDetails } from '../protocol/authorization-details.ts'
import type { ClaimsRequest } from '../protocol/claims-request.ts'
import { claimsWithin } from '../users/claims.ts'
import { chosenAccount } from './chosen-account.ts'
import { isAssumed } from './institution.ts'
import type { Journey } from './journey.ts'
import type { Progress } from './store.ts'

/** What a client registered a scope as: one with an end is asked for with its number of days. */
function registeredAs({ request: { limited } }: Journey, scope: string): string {
  return limited?.purpose[limited.scopes.indexOf(scope)] ?? scope
}

/** The scopes that the person may leave out (`optional_scopes`). */
export function isOptional(journey: Journey, scope: string): boolean {
  return journey.client.metadata.optional_scopes.includes(registeredAs(journey, scope))
}

function isDeclined(journey: Journey, scope: string): boolean {
  return isOptional(journey, scope) && journey.consent.declined.includes(scope)
}

/** Whether the person took back what the client must have: nobody else's word stands for theirs then. */
export function hasTakenBack(journey: Journey): boolean {
  return askedScopes(journey).some((scope) => journey.consent.declined.includes(scope) && !isOptional(journey, scope))
}

/** Everything that the person is asked for: the scopes, and those of the claims that are asked for by name. */
export function askedScopes({ request, withheld }: Journey): readonly string[] {
  return [...request.scopes, ...(request.claimScopes ?? [])].filter((scope) => !withheld.includes(scope))
}

/** Whether nothing is left of what the client asked for, because others have not approved it. */
export function isAllWithheld(journey: Journey): boolean {
  return journey.withheld.length > 0 && askedScopes(journey).length === 0
}

/** Whether consent to it has an end. */
export function isLimited({ request }: Journey, scope: string): boolean {
  return request.limited?.scopes.includes(scope) === true
}

/** Whether its API gets to know more than the person was told when they allowed it. */
function tellsMore({ received, consent }: Journey, scope: string): boolean {
  return received.some((one) => one.startsWith(`${scope}>`) && consent.received?.includes(one) !== true)
}

/** What the person has not decided about yet. What has an end is decided anew each time. */
export function undecidedScopes(journey: Journey): readonly string[] {
  const isKnown = (scope: string): boolean => journey.consent.granted.includes(scope) && !tellsMore(journey, scope)
  return askedScopes(journey).filter((scope) => isLimited(journey, scope) || (!isKnown(scope) && !isDeclined(journey, scope)))
}

/** Whether there are authorization details that the person has not allowed before, or that are for once. */
export function hasUndecidedDetails({ request, consent }: Journey): boolean {
  const { authorizationDetails = [], singleUse } = request
  return singleUse === true || !isWithinDetails(authorizationDetails, consent.authorizationDetails ?? [])
}

/** What was agreed to in this journey that has an end, by the account that it is about. */
export function agreedConsent(journey: Journey): NonNullable<Progress['agreed']> | undefined {
  const { agreed } = journey.progress
  return agreed !== undefined && agreed !== null && agreed.userId === chosenAccount(journey)?.user.userId ? agreed : undefined
}

function granted(journey: Journey, scopes: readonly string[]): readonly string[] {
  const assumed = isAssumed(journey)
  return scopes.filter((scope) => {
    if (isLimited(journey, scope)) return agreedConsent(journey)?.scopes.includes(scope) === true
    return assumed ? !isDeclined(journey, scope) : journey.consent.granted.includes(scope)
  })
}

/** What the client gets of what it asked for. Implied consent covers all but what the person has unticked when asked. */
export function grantedScopes(journey: Journey): readonly string[] {
  return withoutOrphans(granted(journey, journey.request.scopes.filter((scope) => !journey.withheld.includes(scope))))
}

/** The claims that the client gets by their names: those of scopes that it was granted. */
export function grantedClaims(journey: Journey): ClaimsRequest {
  return claimsWithin(journey.request.claims, granted(journey, askedScopes(journey)))
}

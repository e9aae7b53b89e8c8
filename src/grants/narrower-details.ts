import { type AuthorizationDetail, isWithinDetails } from '../protocol/authorization-details.ts'
import { invalidAuthorizationDetails } from '../protocol/error.ts'
import type { AuthorizationDetails } from '../tokens/authorization.ts'
import type { GrantRequest } from './grant-type.ts'

// What two grants share that turn what a person allowed into a token that allows less of it (RFC 9396 §6.1). What was allowed never changes
// once it was written, so it may be read before the statement that consumes the artefact. It is no grant itself and not in the list.

type Asked = Pick<GrantRequest<unknown>, 'authorizationDetails'>

/** Throws `invalid_authorization_details` when more is asked than was allowed; an artefact that is not there is its own statement's to refuse. */
export function requireNarrower({ authorizationDetails }: Asked, allowed: AuthorizationDetails | undefined): void {
  if (allowed === undefined || isWithinDetails(authorizationDetails, allowed.authorizationDetails ?? [])) return
  throw invalidAuthorizationDetails('The authorization_details are more than what was allowed')
}

/** What the token says of its own, for the authorization. */
export function narrowedDetails({ authorizationDetails }: Asked): { readonly authorizationDetails?: readonly AuthorizationDetail[] } {
  return authorizationDetails.length === 0 ? {} : { authorizationDetails }
}

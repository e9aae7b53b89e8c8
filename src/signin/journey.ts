import type { AuthorizationRequest } from '../authorization-request/request.ts'
import { clientName, isEnabled, type Client } from '../clients/client.ts'
import { isRegisteredRedirect } from '../protocol/redirect-uri.ts'
import type { Organization } from '../organizations/organization.ts'
import type { Session } from '../sessions/session.ts'
import type { ProviderFacts } from '../upstream/provider.ts'
import type { ProviderHint } from '../upstream/provider-hint.ts'
import type { Consent } from '../users/consents.ts'
import type { User } from '../users/user.ts'
import type { Progress } from './store.ts'

// Owns the state of a journey as the steps see it: everything they ask about, so that their reasons are pure. Does not own how it is read
// (read-journey.ts), what follows from it (next-step.ts), nor the row (store.ts).

/** A person this browser knows: signed in here, or remembered by the device. */
export interface Account {
  readonly user: User
  readonly session: Session | undefined
  /** Signed in during this journey but for a second factor. To every other step nobody is signed in. */
  readonly pending: Session | undefined
  readonly provider: ProviderFacts | undefined
  /** Whether the client takes sign-ins of that provider. */
  readonly accepted: boolean
}

export interface Journey {
  readonly request: AuthorizationRequest
  readonly client: Client
  readonly progress: Progress
  /** Seconds since the epoch. */
  readonly now: number
  readonly accounts: readonly Account[]
  /** The only provider that the client accepts, if there is just one. */
  readonly soleProvider: ProviderFacts | undefined
  /** The second factors that the chosen account has, where that matters: names, the first one is asked for. */
  readonly factors: readonly string[]
  /** The providers that the request names. */
  readonly hint: ProviderHint
  /** What the chosen and signed-in account has let this client have before. */
  readonly consent: Consent
  /** The organization that the chosen and signed-in account belongs to. */
  readonly institution: Organization | undefined
  /** What APIs get to know about the person with what is asked for (apis/scopes.ts). */
  readonly received: readonly string[]
  /** What the client asks for and does not get of this person, because somebody has not approved it. */
  readonly withheld: readonly string[]
}

/** Whether the client of a kept request may still be answered there: both may have changed since the request was checked. */
export function isStillValid(client: Client, request: AuthorizationRequest): boolean {
  return isEnabled(client) && (request.decoupled !== undefined || isRegisteredRedirect(request.redirectUri, client.metadata.redirect_uris))
}

/** The provider that needs no choice: the one that the request names, else the only one there is. */
export function settledProvider({ hint, progress, soleProvider }: Journey): ProviderFacts | undefined {
  const named = hint.accepted.length === 1 && progress.other !== true ? hint.accepted[0] : undefined
  return named ?? soleProvider
}

export function nameOf(journey: Journey, language: string): string {
  return clientName(journey.client, language)
}

import { ACR_TWO_FACTORS, satisfiesAcr } from '../protocol/acr.ts'
import { insufficientUserAuthentication } from '../protocol/error.ts'
import type { Trace } from '../protocol/trace.ts'
import type { Client } from '../clients/client.ts'
import type { PersonAuthorization } from '../tokens/authorization.ts'

/** How somebody must have signed in for a resource. */
export interface SignInDemand {
  readonly acrValues: readonly string[]
  /** Seconds. */
  readonly maxAge?: number
}

/** What our own endpoints demand of the tokens of a client: one that needs two factors gets nothing for a token from before it did. */
export function demandOf(client: Client | undefined): SignInDemand {
  return { acrValues: client?.metadata.require_second_factor === true ? [ACR_TWO_FACTORS] : [] }
}

/** Refuses a token whose sign-in was too weak or too long ago, and says which would do: the client asks for that (RFC 9470 §3). `now` in seconds since the epoch. */
export function requireSignIn({ person, clientId }: { readonly person: PersonAuthorization; readonly clientId: string }, { acrValues, maxAge }: SignInDemand, now: number): void {
  const { acr, amr = [] } = person.details
  const isWeak = acrValues.length > 0 && !acrValues.some((value) => satisfiesAcr({ acr, amr, factors: [] }, value))
  const isOld = maxAge !== undefined && now - person.authTime > maxAge
  const trace: Trace = { cause: 'token.step_up', clientId, compared: [...(isWeak ? [{ name: 'acr', sent: acr, expected: acrValues.join(' ') }] : []), ...(isOld ? [{ name: 'auth_time: age (s)', sent: String(now - person.authTime), expected: `≤ ${maxAge}` }] : [])] }
  if (isWeak || isOld) throw insufficientUserAuthentication(isWeak ? 'A stronger sign-in is needed' : 'A more recent sign-in is needed', acrValues, maxAge, trace)
}

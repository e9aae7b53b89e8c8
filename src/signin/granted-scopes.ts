import type { Journey } from './journey.ts'

/** The scopes that the person may leave out (`optional_scopes`). */
export function isOptional(journey: Journey, scope: string): boolean {
  return journey.client.metadata.optional_scopes.includes(scope)
}

/** What the person has not decided about yet. */
export function undecidedScopes(journey: Journey): readonly string[] {
  const { granted, declined } = journey.consent
  return journey.request.scopes.filter((scope) => !granted.includes(scope) && !(isOptional(journey, scope) && declined.includes(scope)))
}

/** What the client gets of what it asked for. */
export function grantedScopes(journey: Journey): readonly string[] {
  if (journey.client.metadata.consent === 'implied') return journey.request.scopes
  return journey.request.scopes.filter((scope) => journey.consent.granted.includes(scope))
}

import { OAuthError, refine } from './error.ts'

// Where a protected resource says what it wants (RFC 9728), and how a refusal leads there. Not what it says.

export const RESOURCE_METADATA = '/.well-known/oauth-protected-resource'

/** Where the metadata of a resource is (RFC 9728 §3.1). */
export function resourceMetadataAddress(resource: string): string {
  const { origin, pathname } = new URL(resource)
  return `${origin}${RESOURCE_METADATA}${pathname === '/' ? '' : pathname}`
}

// A challenge begins with its scheme; commas in a quoted text part nothing (RFC 9110 §11.6.1).
function addToChallenges(header: string, parameter: string): string {
  const parts = [...header.matchAll(/(?:[^,"]|"[^"]*")+/g)].map(([part]) => part.trim())
  const challenges: string[][] = []
  for (const part of parts) {
    if (/^[A-Za-z]+( |$)/.test(part)) challenges.push([part])
    else challenges.at(-1)?.push(part)
  }
  return challenges.map((one) => (one.length === 1 && !one[0]?.includes(' ') ? `${one[0]} ${parameter}` : [...one, parameter].join(', '))).join(', ')
}

/** A refusal of a resource, with the address where to read what it wants (RFC 9728 §5.1). */
export function pointToMetadata(error: unknown, address: string): unknown {
  const challenge = error instanceof OAuthError ? error.headers['www-authenticate'] : undefined
  if (!(error instanceof OAuthError) || challenge === undefined) return error
  return refine(error, { headers: { ...error.headers, 'www-authenticate': addToChallenges(challenge, `resource_metadata="${address}"`) } })
}

import { canParseUrl } from '../lib/can-parse-url.ts'
import { isLoopbackRedirect } from '../protocol/redirect-uri.ts'

const MOST = 50

/**
 * The origins whose scripts may read answers meant for a public client that describes itself: those that it is sent back to. Whoever runs a
 * script there gets the code anyway.
 */
export function ownOrigins(method: unknown, redirectUris: unknown): readonly string[] {
  if (method !== 'none' || !Array.isArray(redirectUris)) return []
  const web = redirectUris.filter((uri): uri is string => typeof uri === 'string' && canParseUrl(uri) && (uri.startsWith('https://') || isLoopbackRedirect(uri)))
  return [...new Set(web.map((uri) => new URL(uri).origin))].slice(0, MOST)
}

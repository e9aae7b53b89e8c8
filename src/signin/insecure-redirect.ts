import type { InsecureRedirect } from '../http/views.ts'
import { isInsecureRedirect, isLoopbackRedirect, redirectOrigin } from '../protocol/redirect-uri.ts'

/** What the person is warned of when the client's address is plain http; the words differ for this very computer. */
export function insecureRedirect(redirectUri: string): InsecureRedirect | undefined {
  if (!isInsecureRedirect(redirectUri)) return undefined
  return { origin: redirectOrigin(redirectUri), loopback: isLoopbackRedirect(redirectUri) }
}

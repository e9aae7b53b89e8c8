import { isOwnClient } from '../clients/own-clients.ts'
import type { InsecureRedirect } from '../http/views.ts'
import { isInsecureRedirect, isLoopbackRedirect, redirectOrigin } from '../protocol/redirect-uri.ts'
import type { Journey } from './journey.ts'

/** What the person is warned of when the client's address is plain http; the words differ for this very computer. This server's own pages lead nowhere else. */
export function insecureRedirect({ client, request: { redirectUri } }: Pick<Journey, 'client' | 'request'>): InsecureRedirect | undefined {
  if (isOwnClient(client.clientId) || !isInsecureRedirect(redirectUri)) return undefined
  return { origin: redirectOrigin(redirectUri), loopback: isLoopbackRedirect(redirectUri) }
}

import type { Context } from '../context.ts'
import { UpstreamFailure } from '../upstream/connector.ts'
import { openConnector } from '../upstream/open.ts'
import { findProvider } from '../upstream/store.ts'

// Owns whether a place to sign in can be reached with what is stored of it, in words: its discovery document, its metadata, or a bind with
// our own account. By the connector's own way out, so it reaches nothing that a sign-in does not; and no secret is in what it tells.

/** The words are `admin.word.<result>`. */
export type ConnectionResult = 'connection-good' | 'connection-untried' | 'connection-forbidden' | 'connection-silent' | 'connection-slow' | 'connection-certificate' | 'connection-account' | 'connection-secret' | 'connection-base' | 'connection-discovery' | 'connection-metadata' | 'connection-other'

export interface Connection {
  readonly result: ConnectionResult
  /** What exactly: a registered word, a code, a sentence of ours. */
  readonly detail?: string
}

const MEANINGS: readonly (readonly [RegExp, ConnectionResult])[] = [
  [/^forbidden$/, 'connection-forbidden'],
  [/^(too-slow|deadline)$/, 'connection-slow'],
  [/CERT|TLS|SSL|SIGNATURE|_ISSUER_/, 'connection-certificate'],
  [/^(unreachable|connection|E[A-Z]+)$/, 'connection-silent'],
  [/^our own account/, 'connection-account'],
  [/^bind_password/, 'connection-secret'],
  [/^(base_dn|result 32)$/, 'connection-base'],
  [/^([a-z]+_endpoint|jwks_uri|issuer|status|too-large|unknown|OAUTH_[A-Z_]+)$/, 'connection-discovery'],
  [/metadata|entity|the address answers|the file|document|XML|xml/, 'connection-metadata'],
]

function resultOf(detail: string): ConnectionResult {
  return MEANINGS.find(([pattern]) => pattern.test(detail))?.[1] ?? 'connection-other'
}

/** Tries it now. Nobody is signed in, and nothing is counted as trouble. */
export async function tryConnection(ctx: Context, providerId: string): Promise<Connection> {
  const facts = await findProvider(ctx, providerId)
  const connector = facts && openConnector(ctx, facts)
  if (connector?.check === undefined) return { result: 'connection-untried' }
  try {
    await connector.check()
    return { result: 'connection-good' }
  } catch (error) {
    if (error instanceof UpstreamFailure) return { result: resultOf(error.detail), detail: error.detail }
    throw error
  }
}

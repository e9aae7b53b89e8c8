import type { Client } from '../clients/client.ts'
import type { Context } from '../context.ts'
import { readToken } from '../lib/opaque-token.ts'
import { readRefreshFacts } from './grants.ts'
import type { TokenResponse } from './issue.ts'

// Owns what a client with the switch `extended_token_response` is told beside RFC 6749 §5.1. The numbers are the grant's own, so an answer
// that is given twice (tokens/refresh-answer.ts) is the same both times; it costs such a client one more question to the database.

export interface ExtendedMembers {
  /** That there are tokens; what is pending or denied is an error. */
  readonly status: 'approved'
  /** How often the grant was refreshed. */
  readonly refresh_count: number
  /** Seconds since the epoch, and from then. */
  readonly refresh_token_issued_at?: number
  readonly refresh_token_expires_in?: number
}

/** The response with how its refresh token stands. */
export async function extendResponse(ctx: Context, client: Client, response: TokenResponse): Promise<TokenResponse & ExtendedMembers> {
  const refresh = response.refresh_token === undefined ? undefined : readToken('rt', response.refresh_token)
  const facts = refresh && (await readRefreshFacts(ctx, refresh.id, client.key))
  if (facts === undefined) return { ...response, status: 'approved', refresh_count: 0 }
  return { ...response, status: 'approved', refresh_count: facts.count, refresh_token_issued_at: facts.issuedAt, refresh_token_expires_in: facts.lifetime }
}

import { isForNobody } from '../apis/store.ts'
import { findClientByKey } from '../clients/store.ts'
import type { Context } from '../context.ts'
import { sameDigest } from '../lib/digest.ts'
import { readToken } from '../lib/opaque-token.ts'
import { readUnprovenClaims } from '../protocol/jwt.ts'
import type { LaterTrace } from '../protocol/trace.ts'
import { type KeptAccessToken, readAccessToken } from './access-tokens.ts'
import { readGrantEnd } from './grants.ts'

// Owns why an access token is worth nothing, for those who may read the diagnosis of its client. Asked after the answer has left; whoever sent
// the token hears the one sentence of RFC 6750.

async function endOf(ctx: Context, kept: KeptAccessToken): Promise<LaterTrace> {
  if (kept.revokedAt !== undefined) return { cause: 'token.revoked', hints: [{ name: 'revoked_at', values: { time: kept.revokedAt.toISOString() } }] }
  if (kept.overSeconds >= 0) return { cause: 'token.expired', compared: [{ name: 'exp (seconds from now)', sent: String(-kept.overSeconds), expected: '> 0' }] }
  if (await isForNobody(ctx, kept.audience)) return { cause: 'resource.unknown', compared: [{ name: 'aud', sent: kept.audience.join(' ') }] }
  const end = kept.grantId === undefined ? undefined : await readGrantEnd(ctx, kept.grantId)
  if (end?.revokedAt !== undefined) return { cause: 'token.revoked', hints: [{ name: 'revoked_by_grant', values: { time: end.revokedAt.toISOString() } }] }
  return { cause: 'token.revoked', hints: [{ name: end?.sessionEnded === true ? 'session_ended' : 'person_gone' }] }
}

/** A JWT is found by its id; what it says of itself is not believed. */
function jwtId(text: string): string | undefined {
  try {
    const { jti } = readUnprovenClaims(text)
    return typeof jti === 'string' && /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(jti) ? jti : undefined
  } catch {
    return undefined
  }
}

/** What became of a token that was presented and is not live. */
export async function explainAccessToken(ctx: Context, text: string): Promise<LaterTrace> {
  const presented = readToken('at', text)
  const id = presented?.id ?? jwtId(text)
  const kept = id === undefined ? undefined : await readAccessToken(ctx, id)
  if (kept === undefined || (presented !== undefined && !sameDigest(presented.hash, kept.hash))) return { cause: 'token.unknown' }
  return { ...(await endOf(ctx, kept)), clientId: (await findClientByKey(ctx, kept.clientKey))?.clientId }
}

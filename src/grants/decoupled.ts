import type { z } from 'zod'
import { isPublic, mayUseGrant } from '../clients/client.ts'
import type { Context } from '../context.ts'
import { drawSecret, tokenText } from '../lib/opaque-token.ts'
import { accessDenied, authorizationPending, expiredToken, invalidGrant, type OAuthError, slowDown } from '../protocol/error.ts'
import { DECOUPLED_LIFETIME_SECONDS, POLL_SECONDS, type PollState, pollRequest, redeemRequest } from '../tokens/decoupled-requests.ts'
import { confirmationText } from '../tokens/sender-constraint/constraint.ts'
import type { GrantRequest, Redemption } from './grant-type.ts'

// What the two grants share whose person decides elsewhere (RFC 8628 §3.4, CIBA Core §10.1). It is no grant itself and not in the list.

const ANSWERS: Readonly<Record<PollState, () => OAuthError>> = {
  unknown: () => invalidGrant('The request is not known', { detail: 'decoupled.unknown', trace: { cause: 'device.unknown' } }),
  used: () => invalidGrant('The tokens of this request were handed out before', { detail: 'decoupled.used', trace: { cause: 'device.used' } }),
  pending: () => authorizationPending('The person has not decided yet'),
  slow: () => slowDown('The client asks too often; wait five seconds longer', { trace: { cause: 'device.too_fast', compared: [{ name: 'interval (s)', expected: `≥ ${POLL_SECONDS}` }] } }),
  denied: () => accessDenied('The person did not allow it', { trace: { cause: 'device.denied' } }),
  expired: () => expiredToken('The request is over; start again', { trace: { cause: 'device.expired', compared: [{ name: 'lifetime (s)', expected: `≤ ${DECOUPLED_LIFETIME_SECONDS}` }] } }),
  // Approved, but the person or the client may not act any more, or the person took it back since.
  approved: () => invalidGrant('What was allowed does not hold any more', { detail: 'decoupled.not_live', trace: { cause: 'code.ended', hints: [{ name: 'person_gone' }] } }),
}

/** Tokens for an approved request, or how it stands. */
export async function redeemDecoupled(ctx: Context, request: GrantRequest<z.output<z.ZodObject>>, kind: 'device' | 'ciba', presented: string): Promise<Redemption> {
  const { client, access, lifetime, confirmation } = request
  const refresh = mayUseGrant(client, 'refresh_token') ? drawSecret() : undefined
  const bound = confirmationText(confirmation)
  const redeemed = await redeemRequest(ctx, { kind, presented, clientKey: client.key, token: access, lifetime, refreshHash: refresh?.hash ?? null, confirmation: bound, grantConfirmation: isPublic(client) ? bound : null })
  if (redeemed === undefined) throw ANSWERS[await pollRequest(ctx, kind, presented, client.key)]()
  const { grantId, scopes, audience, person } = redeemed
  const refreshToken = refresh === undefined ? undefined : tokenText('rt', grantId, refresh.secret)
  return { kind: 'authorized', authorization: { scopes, audience, person }, drawn: { access, refreshToken } }
}

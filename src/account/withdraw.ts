import { findClientByKey } from '../clients/store.ts'
import { withdrawConsents } from '../consents/objects.ts'
import type { Context } from '../context.ts'
import { tellOfWithdrawal } from '../sessions/logout-deliveries.ts'
import { voidCodes } from '../tokens/authorization-codes.ts'
import { revokeGrantsOf } from '../tokens/grants.ts'
import { findOwnConsent, removeConsent } from '../users/consents.ts'
import { endManagedGrantsOf } from '../users/managed-grants.ts'

/** Takes back what the client has told of since: consents from elsewhere, which stand on nothing else here. */
async function withdrawLater(ctx: Context, userId: string, consentId: string): Promise<boolean> {
  const own = await findOwnConsent(ctx, userId, consentId)
  if (own === undefined || (await withdrawConsents(ctx, { userId, clientKey: own.clientKey }, 'person')) === 0) return false
  ctx.audit.record({ event: 'consent.removed', userId, clientId: (await findClientByKey(ctx, own.clientKey))?.clientId ?? own.clientKey })
  return true
}

/**
 * Takes back everything that a person has let a client have: the consent, what goes on while they are signed out, and codes on their way.
 * Its tokens are dead at their next use. False when it is not theirs, or was taken back. In this order, so that nothing that was under way
 * can outlive it: once the consent is gone no code is redeemed any more, a code that is being redeemed is waited for, and then no grant is
 * left. The client is told, as of a sign-out (Back-Channel Logout).
 */
export async function withdraw(ctx: Context, userId: string, consentId: string): Promise<boolean> {
  const clientKey = await removeConsent(ctx, userId, consentId)
  if (clientKey === undefined) return withdrawLater(ctx, userId, consentId)
  await endManagedGrantsOf(ctx, userId, clientKey)
  await withdrawConsents(ctx, { userId, clientKey }, 'person')
  await voidCodes(ctx, userId, clientKey)
  const sessionIds = await revokeGrantsOf(ctx, userId, clientKey)
  const client = await findClientByKey(ctx, clientKey)
  if (client?.metadata.backchannel_logout_uri !== undefined) await tellOfWithdrawal(ctx, clientKey, userId, sessionIds)
  ctx.audit.record({ event: 'consent.removed', userId, clientId: client?.clientId ?? clientKey })
  return true
}

import { findClientByKey } from '../clients/store.ts'
import { findConsentObject, withdrawConsents } from '../consents/objects.ts'
import type { Context } from '../context.ts'
import { tellOfWithdrawal } from '../sessions/logout-deliveries.ts'
import { findConsentById, findOwnConsent, removeConsent } from '../users/consents.ts'
import { endManagedGrantsOf } from '../users/managed-grants.ts'
import { voidCodes } from './authorization-codes.ts'
import { voidApprovals } from './decoupled-requests.ts'
import { revokeGrantsOf } from './grants.ts'

// Owns taking a consent back with everything that rests on it, whoever does it: the person on their own pages, or an operator who says why.
// Does not own the two kinds of consents (users/consents.ts, consents/objects.ts).

/** Who takes it back. An operator's reason is kept with the record of it, for other operators. */
export type Withdrawer = { readonly by: 'person' } | { readonly by: 'operator'; readonly reason: string; readonly actor?: string | undefined }

const PERSON: Withdrawer = { by: 'person' }

async function record(ctx: Context, who: Withdrawer, userId: string, clientKey: string, consentId: string): Promise<void> {
  const clientId = (await findClientByKey(ctx, clientKey))?.clientId ?? clientKey
  ctx.audit.record(who.by === 'person' ? { event: 'consent.removed', userId, clientId } : { event: 'consent.withdrawn', userId, clientId, consentId, by: who.by, reason: who.reason, ...(who.actor === undefined ? {} : { actor: who.actor }) })
}

/** Takes back what the client has told of since: consents from elsewhere, which stand on nothing else here. */
async function withdrawLater(ctx: Context, userId: string, consentId: string, who: Withdrawer): Promise<boolean> {
  const own = await findOwnConsent(ctx, userId, consentId)
  if (own === undefined || (await withdrawConsents(ctx, { userId, clientKey: own.clientKey }, who.by)) === 0) return false
  await record(ctx, who, userId, own.clientKey, consentId)
  return true
}

/**
 * Takes back everything that a person has let a client have: the consent, what goes on while they are signed out, and codes on their way.
 * Its tokens are dead at their next use. False when it is not theirs, or was taken back. In this order, so that nothing that was under way
 * can outlive it: once the consent is gone nothing starts any more, a code or a device's request that is being redeemed is waited for, and
 * then no grant is left. The client is told, as of a sign-out (Back-Channel Logout).
 */
export async function withdraw(ctx: Context, userId: string, consentId: string, who: Withdrawer = PERSON): Promise<boolean> {
  const clientKey = await removeConsent(ctx, userId, consentId, who.by)
  if (clientKey === undefined) return withdrawLater(ctx, userId, consentId, who)
  await endManagedGrantsOf(ctx, userId, clientKey)
  await withdrawConsents(ctx, { userId, clientKey }, who.by)
  await voidCodes(ctx, userId, clientKey)
  await voidApprovals(ctx, userId, clientKey)
  const sessionIds = await revokeGrantsOf(ctx, userId, clientKey)
  const client = await findClientByKey(ctx, clientKey)
  if (client?.metadata.backchannel_logout_uri !== undefined) await tellOfWithdrawal(ctx, clientKey, userId, sessionIds)
  await record(ctx, who, userId, clientKey, consentId)
  return true
}

/**
 * An operator takes back a consent of either kind by its identifier: one with an end alone, one without together with all that its client
 * has of the person. `over`: it had ended before. Nothing for an identifier that is no consent's.
 */
export async function withdrawAsOperator(ctx: Context, consentId: string, reason: string, actor?: string): Promise<'withdrawn' | 'over' | undefined> {
  const who: Withdrawer = { by: 'operator', reason, actor }
  const object = await findConsentObject(ctx, consentId)
  if (object !== undefined) {
    const { userId, clientKey } = object
    if ((await withdrawConsents(ctx, { consentId, userId }, who.by)) === 0) return 'over'
    await record(ctx, who, userId, clientKey, consentId)
    return 'withdrawn'
  }
  const lasting = await findConsentById(ctx, consentId)
  if (lasting === undefined) return undefined
  return (await withdraw(ctx, lasting.userId, consentId, who)) ? 'withdrawn' : 'over'
}

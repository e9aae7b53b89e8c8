import type { Client } from '../clients/client.ts'
import type { Context } from '../context.ts'
import { invalidGrant } from '../protocol/error.ts'
import type { RedeemedCode } from '../tokens/authorization-codes.ts'
import { revokeGrant, revokeOlderOfManaged } from '../tokens/grants.ts'
import { keepManagedGrant } from '../users/managed-grants.ts'

/**
 * Writes what a redeemed code did to the grant that its client manages. Tokens from before the change end: they say less, or more, than the
 * grant does now. Throws `invalid_grant` when the grant was ended since the code was made, or changed by a later one; then nothing of the code lives. No grant type
 * itself and not in the list.
 */
export async function settleManagedGrant(ctx: Context, client: Client, { grantId, scopes, person }: RedeemedCode): Promise<void> {
  const { managed, claims, authorizationDetails } = person.details
  if (managed === undefined) return
  const { userId } = person.subject
  const kept = await keepManagedGrant(ctx, { grantId: managed.id, by: grantId, change: managed.change, clientKey: client.key, userId, scopes, resources: managed.resources, claims: claims ?? {}, authorizationDetails: authorizationDetails ?? [] })
  if (!kept) {
    await revokeGrant(ctx, grantId)
    throw invalidGrant('The grant was revoked, or changed by a later request', { detail: 'code.grant_ended', trace: { cause: 'code.ended' } })
  }
  if (managed.change !== 'create') await revokeOlderOfManaged(ctx, userId, client.key, managed.id)
}

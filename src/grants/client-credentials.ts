import { z } from 'zod'
import { invalidGrant } from '../protocol/error.ts'
import { withoutOrphans } from '../apis/api.ts'
import { approvedScopes, judgeScopes, notApproved } from '../apis/approved-scopes.ts'
import { isOwnScope } from '../apis/scope-definition.ts'
import { mintClientToken } from '../tokens/access-tokens.ts'
import { joinList } from '../tokens/authorization.ts'
import { confirmationText } from '../tokens/sender-constraint/constraint.ts'
import type { Client } from '../clients/client.ts'
import type { Context } from '../context.ts'
import { defineGrant } from './grant-type.ts'
import { requireRegistered } from './registered-scopes.ts'

// The client credentials grant (RFC 6749 §4.4): a client for itself, without a person and without a refresh token.

/** Scopes about a person mean nothing here; a client that asks for none gets what it may have without one. */
async function grantedScopes(ctx: Context, client: Client, requested: readonly string[]): Promise<readonly string[]> {
  if (requested.length === 0) return approvedScopes(ctx, client, withoutOrphans(client.scopes.filter((scope) => !isOwnScope(scope))), 'client')
  requireRegistered(requested, client)
  const { scopes, missing } = await judgeScopes(ctx, client, requested, 'client')
  if (scopes.length === 0) throw notApproved(missing, 'tokens without a person')
  return scopes
}

export const clientCredentials = defineGrant({
  type: 'client_credentials',
  parameters: z.object({}),
  publicClients: 'refused',
  readsDetails: true,
  redeem: async ({ client, scopes, resources, authorizationDetails, access, lifetime, confirmation }, ctx) => {
    const granted = await grantedScopes(ctx, client, scopes)
    const kept = await mintClientToken(ctx, { id: access.id, hash: access.hash, clientKey: client.key, scope: granted.join(' '), audience: joinList(resources), lifetime, confirmation: confirmationText(confirmation), authorizationDetails })
    if (!kept) throw invalidGrant('The client may no longer have tokens', { detail: 'client.disabled', trace: { cause: 'client.disabled' } })
    return { kind: 'authorized', authorization: { scopes: granted, audience: resources, person: undefined, authorizationDetails }, drawn: { access, refreshToken: undefined } }
  },
})

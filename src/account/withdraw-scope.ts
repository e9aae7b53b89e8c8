import { readApiScope } from '../apis/api.ts'
import type { Context } from '../context.ts'
import { voidCodes } from '../tokens/authorization-codes.ts'
import { voidApprovals } from '../tokens/decoupled-requests.ts'
import { narrowGrants } from '../tokens/grants.ts'
import { removeScopes } from '../users/consents.ts'
import { narrowManagedGrantsOf } from '../users/managed-grants.ts'
import { type Application, scopesOf } from './application-rows.ts'

/** Without `openid` there is nothing left to have; that is removing the application. What has an end is taken back as the consent that it is. */
export function isRemovable({ limited }: Application, scope: string): boolean {
  return scope !== 'openid' && !limited.some(({ scopes }) => scopes.includes(scope))
}

/** An API's parts go with the API. */
function lostWith(scope: string, scopes: readonly string[]): readonly string[] {
  const named = readApiScope(scope)
  const parts = named === undefined || named.name !== undefined ? [] : scopes.filter((one) => readApiScope(one)?.apiId === named.apiId)
  return [...new Set([scope, ...parts])]
}

/**
 * Takes back one scope of what a person has let a client have; the rest stays. Tokens that are out are without it at their next use. False
 * when there is nothing of the kind. In this order: once it counts as declined no code with it is redeemed, a code that is being redeemed is
 * waited for, and then no grant with it is left. The client gets it again only by asking.
 */
export async function withdrawScope(ctx: Context, userId: string, application: Application, scope: string): Promise<boolean> {
  const scopes = [...scopesOf(application), ...(application.live?.offline === true ? ['offline_access'] : [])]
  if (!scopes.includes(scope) || !isRemovable(application, scope)) return false
  const lost = lostWith(scope, scopes)
  const clientKey = await removeScopes(ctx, userId, application.consent.consentId, lost)
  if (clientKey === undefined) return false
  await narrowManagedGrantsOf(ctx, userId, clientKey, lost)
  await voidCodes(ctx, userId, clientKey)
  await voidApprovals(ctx, userId, clientKey)
  await narrowGrants(ctx, userId, clientKey, lost)
  ctx.audit.record({ event: 'consent.narrowed', userId, clientId: application.client.clientId, scope: lost.join(' ') })
  return true
}

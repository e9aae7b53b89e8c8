import { withoutOrphans } from '../apis/api.ts'
import type { AuthorizationRequest } from '../authorization-request/request.ts'
import type { Client } from '../clients/client.ts'
import type { Context } from '../context.ts'
import { isWithinDetails } from '../protocol/authorization-details.ts'
import { invalidGrantId } from '../protocol/error.ts'
import type { Done } from '../signin/next-step.ts'
import type { ManagedPart } from '../tokens/authorization.ts'
import { findConsent } from '../users/consents.ts'
import { findManagedGrant, type ManagedGrant, newManagedGrantId } from '../users/managed-grants.ts'

// What a request gets that makes or changes a grant (Grant Management for OAuth 2.0 §5.2). The grant itself is written when the code is
// redeemed (grants/managed-grant.ts): what nobody fetches changes nothing.

export interface Asked {
  readonly request: AuthorizationRequest
  readonly done: Done
}

function together<T>(one: readonly T[], other: readonly T[]): readonly T[] {
  return [...new Set([...one, ...other])]
}

/** What the grant has and the client may still have: what was taken from the client, or taken back by the person, does not come again with it. */
export async function allowedContent(ctx: Context, client: Client, grant: ManagedGrant): Promise<Pick<ManagedGrant, 'scopes' | 'authorizationDetails'>> {
  const consent = await findConsent(ctx.db, grant.userId, client.key)
  const isImplied = client.metadata.consent === 'implied'
  return {
    scopes: withoutOrphans(grant.scopes.filter((scope) => client.scopes.includes(scope) && (isImplied || consent.granted.includes(scope)))),
    authorizationDetails: grant.authorizationDetails.filter((detail) => isWithinDetails([detail], consent.authorizationDetails ?? [])),
  }
}

async function merged(ctx: Context, client: Client, { request, done }: Asked, grant: ManagedGrant): Promise<Asked> {
  const { scopes, authorizationDetails: details } = await allowedContent(ctx, client, grant)
  const fresh = (request.authorizationDetails ?? []).filter((detail) => !isWithinDetails([detail], details))
  const authorizationDetails = [...details, ...fresh]
  const claims = { userinfo: { ...grant.claims.userinfo, ...done.claims.userinfo }, id_token: { ...grant.claims.id_token, ...done.claims.id_token } }
  return {
    request: { ...request, resources: together(grant.resources, request.resources), ...(authorizationDetails.length === 0 ? {} : { authorizationDetails }) },
    done: { ...done, claims, scopes: withoutOrphans(together(scopes, done.scopes)) },
  }
}

/** The request with what its grant adds to it, and how the code names the grant. Throws `invalid_grant_id` for a grant of somebody else, or one that was ended. */
export async function withManagedGrant(ctx: Context, client: Client, asked: Asked): Promise<Asked & { readonly managed?: ManagedPart }> {
  const { grantChange } = asked.request
  if (grantChange === undefined) return asked
  const { change, grantId } = grantChange
  if (grantId === undefined) return { ...asked, managed: { id: newManagedGrantId(), change, resources: asked.request.resources } }
  const grant = await findManagedGrant(ctx, grantId, client.key)
  if (grant === undefined || grant.userId !== asked.done.user.userId) throw invalidGrantId('The grant is not known', { parameter: 'grant_id', detail: grant === undefined ? 'grant.ended' : 'grant.other_person' })
  const whole = change === 'merge' ? await merged(ctx, client, asked, grant) : asked
  return { ...whole, managed: { id: grantId, change, resources: whole.request.resources } }
}

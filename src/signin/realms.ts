import { approvedScopes, asksOrganizations } from '../apis/approved-scopes.ts'
import type { Client } from '../clients/client.ts'
import type { Context } from '../context.ts'
import { findOrganization } from '../organizations/store.ts'
import { findProvider } from '../upstream/store.ts'
import { listIdentities } from '../users/identities.ts'
import type { User } from '../users/user.ts'

// Where a person belongs, as far as organizations decide what clients may have about their people.

/** The realms of a person: of their organization, and of every place that they have signed in at. */
export async function realmsOf(ctx: Context, user: User): Promise<readonly string[]> {
  const [organization, identities] = await Promise.all([findOrganization(ctx, user.organizationId), listIdentities(ctx.db, user.userId)])
  const providers = await Promise.all([...new Set(identities.map(({ providerId }) => providerId))].map((id) => findProvider(ctx, id)))
  return [...new Set([...(organization?.realms ?? []), ...providers.flatMap((facts) => facts?.realms ?? [])])]
}

/** What a grant keeps of where its person belongs: asked only when an organization decides about one of the scopes. */
export async function realmDetails(ctx: Context, user: User, scopes: readonly string[]): Promise<{ readonly realms?: readonly string[] }> {
  return (await asksOrganizations(ctx, scopes)) ? { realms: await realmsOf(ctx, user) } : {}
}

/** Those of the scopes that a client does not get of this person, whatever the person says. */
export async function withheldScopes(ctx: Context, client: Client, user: User, scopes: readonly string[]): Promise<readonly string[]> {
  const { realms = [] } = await realmDetails(ctx, user, scopes)
  const approved = await approvedScopes(ctx, client, scopes, { realms })
  return scopes.filter((scope) => !approved.includes(scope))
}

import type { Context } from '../context.ts'
import type { Identity } from '../upstream/connector.ts'
import type { ProviderFacts } from '../upstream/provider.ts'
import { findOrCreateUser } from '../users/identities.ts'
import { normalizeUsername, type User } from '../users/user.ts'

/** The person for whom a provider vouches, made at the first sign-in. `typedName`: the name that was typed here, if one was. */
export function personOf(ctx: Context, { provider }: ProviderFacts, identity: Identity, typedName?: string): Promise<User> {
  const { issuer, subject, claims, groups } = identity
  const loginName = typedName === undefined ? undefined : normalizeUsername(typedName)
  return findOrCreateUser(ctx.db, { providerId: provider.provider_id, issuer, subject, loginName, organizationId: provider.organization, claims, groups })
}

import type { Context } from '../context.ts'
import type { Identity } from '../upstream/connector.ts'
import type { ProviderFacts } from '../upstream/provider.ts'
import { keepAffiliations } from '../users/affiliations.ts'
import { findOrCreatePerson } from '../users/identities.ts'
import type { SecondaryId } from '../users/secondary-ids.ts'
import { normalizeUsername, type User } from '../users/user.ts'
import { affiliationsOf } from './affiliations-of.ts'

/** The ids that the operator believes this provider about, and no other. */
function trustedIds({ provider }: ProviderFacts, { secondaryIds }: Identity): readonly SecondaryId[] {
  return (secondaryIds ?? []).filter(({ kind }) => provider.trusted_identifiers?.includes(kind) === true)
}

/** The person for whom a provider vouches, made at the first sign-in. `typedName`: the name that was typed here, if one was. */
export async function personOf(ctx: Context, facts: ProviderFacts, identity: Identity, typedName?: string): Promise<User> {
  const { provider } = facts
  const { issuer, subject, claims, groups } = identity
  const loginName = typedName === undefined ? undefined : normalizeUsername(typedName)
  const user = await findOrCreatePerson(ctx, { providerId: provider.provider_id, issuer, subject, loginName, organizationId: provider.organization, claims, groups }, trustedIds(facts, identity))
  await keepAffiliations(ctx.db, user.userId, provider.provider_id, affiliationsOf(facts, identity))
  return user
}

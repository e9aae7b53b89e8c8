import type { Context } from '../context.ts'
import { findOrganization } from '../organizations/store.ts'
import { listPrincipalNames } from '../users/affiliations.ts'
import { findUsers } from '../users/store.ts'
import type { User } from '../users/user.ts'

// Owns what institutions call people, as Dataporten tells it (`feide:user@realm`): by the word of the provider, and for an account that is
// here its name at the organization's realm. National ids and the like are kept as hashes only, and nobody gets them.

async function localName(ctx: Context, { username, organizationId }: User): Promise<string | undefined> {
  const realms = (await findOrganization(ctx, organizationId))?.realms ?? []
  if (username === undefined || realms[0] === undefined) return undefined
  if (!username.includes('@')) return `${username}@${realms[0]}`
  return realms.includes(username.slice(username.lastIndexOf('@') + 1)) ? username : undefined
}

/** The names of many people, each with `feide:` before it. Who has none has an empty list. */
export async function principalNamesOf(ctx: Context, userIds: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
  const [said, users] = await Promise.all([listPrincipalNames(ctx.db, userIds), findUsers(ctx.db, userIds)])
  const named = users.map(async (user): Promise<[string, readonly string[]]> => {
    const local = await localName(ctx, user)
    const all = [...new Set([...(local === undefined ? [] : [local]), ...(said.get(user.userId) ?? [])])]
    return [user.userId, all.map((name) => `feide:${name}`)]
  })
  return new Map(await Promise.all(named))
}

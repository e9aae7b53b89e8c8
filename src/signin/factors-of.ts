import { sql } from 'kysely'
import type { Context } from '../context.ts'
import { findOrganization } from '../organizations/store.ts'
import type { User } from '../users/user.ts'
import { preferredFactor } from '../users/factor-preferences.ts'
import type { Factor } from './factors/factor.ts'
import { factors } from './factors/index.ts'

/** The second factors that a person has: the one that is asked for first, and the last resorts last. Empty when there are only last resorts. */
export async function factorsOf(ctx: Context, user: User): Promise<readonly Factor[]> {
  const { rows } = await sql<{ preferred: string | null; has: readonly boolean[] }>`select ${preferredFactor(user.userId)} as preferred, array[${sql.join(factors.map((factor) => factor.has(ctx, user)))}] as has`.execute(ctx.db)
  const [{ preferred, has } = { preferred: null, has: [] }] = rows
  const own = factors.filter((_, i) => has[i] === true)
  // A paper of codes alone protects nothing: it is for whoever has lost the rest.
  if (own.every((factor) => factor.isFallback)) return []
  const rank = (factor: Factor): number => (factor.isFallback ? 2 : factor.name === preferred ? 0 : 1)
  return own.toSorted((a, b) => rank(a) - rank(b))
}

/** Whether a password alone never signs this person in: they have a second factor, or their organization wants one. */
export async function mustProveFactor(ctx: Context, user: User): Promise<boolean> {
  const [own, organization] = await Promise.all([factorsOf(ctx, user), findOrganization(ctx, user.organizationId)])
  return own.length > 0 || organization?.second_factor === 'required'
}

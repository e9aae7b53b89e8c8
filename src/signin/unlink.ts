import type { Context } from '../context.ts'
import { inTransaction } from '../database/transaction.ts'
import { endSessionsOf } from '../sessions/store.ts'
import { endAffiliations } from '../users/affiliations.ts'
import { deleteIdentity, listIdentities } from '../users/identities.ts'
import { hasPassword } from '../users/passwords.ts'
import { holdUsers } from '../users/store.ts'

/** How many ways a person has to sign in: institutions, and the password here. */
async function waysIn(db: Parameters<typeof listIdentities>[0], userId: string): Promise<number> {
  const [identities, password] = [await listIdentities(db, userId), await hasPassword(db, userId)]
  return identities.length + (password ? 1 : 0)
}

/**
 * Takes a way to sign in from a person, and ends their sign-ins but one: whoever can sign in there is out. Never the last way: of two
 * removals at once one waits for the other. `unknown`: none of theirs.
 */
export async function unlinkIdentity(ctx: Context, userId: string, identityId: string, keptSession: string): Promise<'done' | 'last' | 'unknown'> {
  const result = await inTransaction(ctx.db, async (trx) => {
    if ((await holdUsers(trx, [userId])).length === 0) return 'unknown' as const
    const identity = (await listIdentities(trx, userId)).find(({ id }) => id === identityId)
    if (identity === undefined) return 'unknown' as const
    if ((await waysIn(trx, userId)) < 2) return 'last' as const
    await deleteIdentity(trx, userId, identity)
    await endAffiliations(trx, userId, identity.providerId)
    await endSessionsOf(trx, userId, keptSession)
    return identity
  })
  if (typeof result === 'string') return result
  ctx.audit.record({ event: 'identity.unlinked', userId, providerId: result.providerId })
  return 'done'
}

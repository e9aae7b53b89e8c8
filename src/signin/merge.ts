import { moveOwnedClients } from '../clients/store.ts'
import { moveConsentObjects } from '../consents/objects.ts'
import type { Context } from '../context.ts'
import { inTransaction } from '../database/transaction.ts'
import { moveMemberships } from '../organizations/members.ts'
import { moveOperator } from '../organizations/operators.ts'
import { moveGroupMemberships } from '../groups/ad-hoc.ts'
import { moveInvitations } from '../groups/invitations.ts'
import { moveRememberedAccounts } from '../sessions/devices.ts'
import { endSessionsOf } from '../sessions/store.ts'
import { moveAffiliations } from '../users/affiliations.ts'
import { voidAddressChanges } from '../users/address-changes.ts'
import { moveConsents } from '../users/consents.ts'
import { moveManagedGrants } from '../users/managed-grants.ts'
import { deleteFactorPreferences } from '../users/factor-preferences.ts'
import { moveIdentities } from '../users/identities.ts'
import { deletePasskeys } from '../users/passkeys.ts'
import { deletePassword } from '../users/passwords.ts'
import { deleteRecoveryCodes } from '../users/recovery-codes.ts'
import { voidResetLinks } from '../users/reset-links.ts'
import { moveSecondaryIds } from '../users/secondary-ids.ts'
import { holdUsers, readAges, redirectUser, type UserAge } from '../users/store.ts'
import { deleteTotpSecret } from '../users/totp-secrets.ts'
import { forgetTrustedDevices } from '../users/trusted-devices.ts'

// Owns how two people become one (security.md rule 25). Whoever calls has proof of both, fresh and from one browser. The older id stays, and
// with it its own credentials; the other one's institutions, consents and roles come over, its password, factors and every sign-in of it do not: what
// an attacker may have set up on the side that joins must not open the side that stays. Its id is nobody else's ever and leads to the one that stays.

export interface Merged {
  readonly survivor: string
  readonly loser: string
}

/** Which of two stays: the older one. Nothing when one of them is gone, or was merged already. */
function decide(ages: readonly UserAge[]): Merged | undefined {
  const [first, second] = [...ages].sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime() || (a.userId < b.userId ? -1 : 1))
  return first === undefined || second === undefined ? undefined : { survivor: first.userId, loser: second.userId }
}

/** Which of two would stay, and since when each is there. */
export async function staysOf(ctx: Context, one: string, other: string): Promise<{ readonly survivor: string | undefined; readonly since: ReadonlyMap<string, Date> }> {
  const ages = await readAges(ctx.db, [one, other])
  return { survivor: decide(ages)?.survivor, since: new Map(ages.map(({ userId, createdAt }) => [userId, createdAt])) }
}

/** Makes one person of two, in one transaction; of a hundred at once one does it. */
export async function mergeUsers(ctx: Context, one: string, other: string): Promise<Merged | undefined> {
  const merged = await inTransaction(ctx.db, async (trx) => {
    const pair = decide(await holdUsers(trx, [one, other]))
    if (pair === undefined) return undefined
    const { survivor, loser } = pair
    await moveIdentities(trx, loser, survivor)
    await moveSecondaryIds(trx, loser, survivor)
    await moveAffiliations(trx, loser, survivor)
    await moveGroupMemberships(trx, loser, survivor)
    await moveInvitations(trx, loser, survivor)
    await moveConsents(trx, loser, survivor)
    await moveManagedGrants(trx, loser, survivor)
    await moveConsentObjects(trx, loser, survivor)
    await moveRememberedAccounts(trx, loser, survivor)
    for (const move of [moveMemberships, moveOperator, moveOwnedClients]) await move(trx, loser, survivor)
    await endSessionsOf(trx, loser)
    for (const drop of [deletePassword, deletePasskeys, deleteTotpSecret, deleteRecoveryCodes, forgetTrustedDevices, deleteFactorPreferences, voidResetLinks, voidAddressChanges]) await drop(trx, loser)
    await redirectUser(trx, loser, survivor)
    return pair
  })
  if (merged !== undefined) ctx.audit.record({ event: 'users.merged', userId: merged.survivor, mergedId: merged.loser })
  return merged
}

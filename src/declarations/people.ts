import type { Context } from '../context.ts'
import { endSessionsOf } from '../sessions/store.ts'
import { sendResetLink } from '../signin/recovery.ts'
import { revokeGrantsOfSession } from '../tokens/grants.ts'
import { listAcceptedLocalProviders } from '../upstream/store.ts'
import { confirmedAddress } from '../users/confirmed-address.ts'
import { removeFactors } from '../users/remove-factors.ts'
import { setUserStatus } from '../users/store.ts'
import type { User } from '../users/user.ts'
import type { Changer } from './changer.ts'
import { actorOf, byWay } from './way.ts'

// Owns what an operator's word about a person leads to beside the change itself, by whatever way it comes: what is recorded of it, and that the
// person is told.

const NO_SESSION = '00000000-0000-0000-0000-000000000000'

/** Locks a person out, or lets them in again: at the next use of any session or token. */
export async function setLocked(ctx: Context, changer: Changer, { userId, status }: User, locked: boolean): Promise<void> {
  const to = locked ? 'locked' : 'active'
  if (status === to) return
  if (await setUserStatus(ctx.db, userId, to)) ctx.audit.record({ event: 'user.changed', userId, change: byWay(changer, to), ...actorOf(changer) })
}

/** Signs a person out everywhere; with `offlineToo` also what applications may do while nobody is signed in. Gives how many sessions ended. */
export async function endAllSessions(ctx: Context, changer: Changer, { userId }: User, offlineToo: boolean): Promise<number> {
  const sessions = await endSessionsOf(ctx.db, userId)
  if (offlineToo) await revokeGrantsOfSession(ctx, userId, { but: NO_SESSION })
  ctx.audit.record({ event: 'session.ended', userId, sessions, ...actorOf(changer) })
  return sessions
}

// Whoever talks an operator into taking a factor away has half of the account: its owner learns of it where that person cannot look.
export async function takeFactors(ctx: Context, changer: Changer, user: User, { reason, language }: { readonly reason: string | undefined; readonly language: string }): Promise<void> {
  await removeFactors(ctx, user.userId)
  ctx.audit.record({ event: 'factor.changed', userId: user.userId, change: byWay(changer, 'all removed'), ...(reason === undefined ? {} : { reason }), ...actorOf(changer) })
  const to = confirmedAddress(user)
  if (to !== undefined) await ctx.mail.send({ kind: 'factor-removed', to, language, expiresInSeconds: 86_400 })
}

/** The provider at which a person has a password here. */
async function localProviderOf(ctx: Context, user: User): Promise<string | undefined> {
  if (user.username === undefined) return undefined
  const providers = await listAcceptedLocalProviders(ctx, ['all'])
  return providers.find(({ provider }) => provider.organization === user.organizationId)?.provider.provider_id
}

/** Whether a person can be sent a link with which they set a new password: to an address that is confirmed, for a password that is here. */
export async function mayBeSentReset(ctx: Context, user: User): Promise<boolean> {
  return ctx.mail.isOffered && confirmedAddress(user) !== undefined && (await localProviderOf(ctx, user)) !== undefined
}

/** Sends it. */
export async function sendReset(ctx: Context, changer: Changer, user: User, language: string): Promise<void> {
  await sendResetLink(ctx, user, (await localProviderOf(ctx, user)) ?? '', language, changer.personId ?? changer.actor.userId)
}

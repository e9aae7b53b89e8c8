import type { Context } from '../context.ts'
import { removeFactors } from '../users/remove-factors.ts'
import { confirmedAddress } from '../users/confirmed-address.ts'
import { setUserStatus } from '../users/store.ts'
import type { User } from '../users/user.ts'
import { endSessionsOf } from '../sessions/store.ts'
import { revokeGrantsOfSession } from '../tokens/grants.ts'
import { listAcceptedLocalProviders } from '../upstream/store.ts'

// Owns what an operator's word about a person leads to beside the change itself: what is recorded of it, and that the person is told.

const NO_SESSION = '00000000-0000-0000-0000-000000000000'

/** Locks a person out, or lets them in again: at the next use of any session or token. */
export async function setLocked(ctx: Context, actor: string, { userId, status }: User, locked: boolean): Promise<void> {
  const to = locked ? 'locked' : 'active'
  if (status === to) return
  if (await setUserStatus(ctx.db, userId, to)) ctx.audit.record({ event: 'user.changed', userId, change: `${to} by an operator`, actor })
}

/** Signs a person out everywhere; with `offlineToo` also what applications may do while nobody is signed in. */
export async function endAllSessions(ctx: Context, actor: string, { userId }: User, offlineToo: boolean): Promise<void> {
  const sessions = await endSessionsOf(ctx.db, userId)
  if (offlineToo) await revokeGrantsOfSession(ctx, userId, { but: NO_SESSION })
  ctx.audit.record({ event: 'session.ended', userId, sessions, actor })
}

// Whoever talks an operator into taking a factor away has half of the account: its owner learns of it where that person cannot look.
export async function takeFactors(ctx: Context, actor: string, user: User, reason: string, language: string): Promise<void> {
  await removeFactors(ctx, user.userId)
  ctx.audit.record({ event: 'factor.changed', userId: user.userId, change: 'all removed by an operator', reason, actor })
  const to = confirmedAddress(user)
  if (to !== undefined) await ctx.mail.send({ kind: 'factor-removed', to, language, expiresInSeconds: 86_400 })
}

/** The provider at which a person has a password here. */
export async function localProviderOf(ctx: Context, user: User): Promise<string | undefined> {
  if (user.username === undefined) return undefined
  const providers = await listAcceptedLocalProviders(ctx, ['all'])
  return providers.find(({ provider }) => provider.organization === user.organizationId)?.provider.provider_id
}

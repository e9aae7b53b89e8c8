import type { Context } from '../context.ts'
import { endSessionOf, endSessionsOf } from '../sessions/store.ts'
import { revokeGrantsOfSession } from '../tokens/grants.ts'

// Ending sign-ins from the account pages. Every token that rests on one is dead at its next use; what a person let an application keep for
// the time when they are signed out stays, unless they say otherwise. Clients hear of it by
// themselves (sessions/logout-deliveries.ts).

/** Ends one of a person's sign-ins. False when it is not theirs, or is over. */
export async function endOne(ctx: Context, userId: string, sessionId: string, offlineToo: boolean): Promise<boolean> {
  if (!(await endSessionOf(ctx, userId, sessionId))) return false
  if (offlineToo) await revokeGrantsOfSession(ctx, userId, { sessionId })
  ctx.audit.record({ event: 'session.ended', userId, sessions: 1 })
  return true
}

/** Ends all sign-ins of a person but the one they are in; those that only ran out too, because refresh tokens may rest on them. */
export async function endOthers(ctx: Context, userId: string, keptSessionId: string, offlineToo: boolean): Promise<void> {
  const sessions = await endSessionsOf(ctx.db, userId, keptSessionId)
  if (offlineToo) await revokeGrantsOfSession(ctx, userId, { but: keptSessionId })
  ctx.audit.record({ event: 'session.ended', userId, sessions })
}

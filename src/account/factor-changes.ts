import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../context.ts'
import { goTo } from '../http/leave.ts'
import { page, requestLocale } from '../http/pages.ts'
import { liftSession } from '../sessions/store.ts'
import { factorsOf } from '../signin/factors-of.ts'
import { tellOfFactor } from '../signin/tell-of-factor.ts'
import { deleteRecoveryCodes, replaceRecoveryCodes } from '../users/recovery-codes.ts'
import { forgetTrustedDevices } from '../users/trusted-devices.ts'
import type { Account } from './section.ts'

// What follows when a person's second factors change, whichever it was.

export const TWO_STEP = '/account/two-step'
/** The message that says why a recent sign-in is asked for. */
export const WHY = 'account.again.two-step'

/** What follows every new factor. */
export async function noteAdded(ctx: Context, request: FastifyRequest, account: Account, change: string): Promise<void> {
  ctx.audit.record({ event: 'factor.changed', userId: account.user.userId, change: `${change} added` })
  await tellOfFactor(ctx, account.user, 'factor-added', requestLocale(request))
}

/** A new factor was proven just now: the sign-in is the stronger for it. With the first one come the codes for the day on which it is lost. */
export async function afterAdding(ctx: Context, request: FastifyRequest, reply: FastifyReply, account: Account, change: string, amr: readonly string[], isFirst: boolean): Promise<FastifyReply> {
  const { user, session, browserId } = account
  await noteAdded(ctx, request, account, change)
  await liftSession(ctx, browserId, session.sessionId, amr)
  if (!isFirst) return goTo(reply, `${TWO_STEP}?done=${change}-added`)
  return page(reply, request, 'recovery-codes', { codes: await replaceRecoveryCodes(ctx, user.userId), continueHref: `${TWO_STEP}?done=${change}-added` })
}

/** Without any factor there is nothing to recover and no device that need not be asked. */
export async function afterRemoving(ctx: Context, request: FastifyRequest, reply: FastifyReply, account: Account, change: string): Promise<FastifyReply> {
  const { user } = account
  ctx.audit.record({ event: 'factor.changed', userId: user.userId, change: `${change} removed` })
  await tellOfFactor(ctx, user, 'factor-removed', requestLocale(request))
  if ((await factorsOf(ctx, user)).length === 0) await Promise.all([deleteRecoveryCodes(ctx.db, user.userId), forgetTrustedDevices(ctx.db, user.userId)])
  return goTo(reply, `${TWO_STEP}?done=${change}-removed`)
}

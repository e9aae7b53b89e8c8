import type { FastifyReply } from 'fastify'
import type { Context } from '../../context.ts'
import { readCookie, writeCookie } from '../../http/cookies.ts'
import { visitorPlace } from '../../http/visitor-place.ts'
import { agentLabel } from '../../lib/user-agent.ts'
import { createBrowser, renewBrowser } from '../../sessions/browsers.ts'
import { createDevice, forgetAccount, rememberAccount } from '../../sessions/devices.ts'
import { DEVICE_SECONDS } from '../../sessions/session.ts'
import type { Session } from '../../sessions/session.ts'
import { liftSession, startSession } from '../../sessions/store.ts'
import { findOrganization } from '../../organizations/store.ts'
import { hasTwoFactors } from '../../protocol/acr.ts'
import { isTrustedDevice } from '../../users/trusted-devices.ts'
import { noteUse } from '../../upstream/uses.ts'
import type { User } from '../../users/user.ts'
import { factorsOf } from '../factors-of.ts'
import { moveInteraction } from '../store.ts'
import type { Visit } from './step.ts'

// Owns what happens once a person has proven who they are, in whatever way: session, cookies, what the device remembers. Whoever has a second
// factor, or belongs to an organization that wants one, is signed in only when that is proven too.

export interface Proof {
  readonly user: User
  readonly providerId: string
  readonly acr: string | undefined
  readonly amr: readonly string[]
  /** As far as a provider says so. Seconds since the epoch. */
  readonly authTime?: number | undefined
  /** False on a shared computer. */
  readonly remembered: boolean
}

// A new secret for the browser's cookie: whoever planted or copied the one before is left with nothing. Who comes with the one before (a
// double click whose first answer was lost, or whoever copied it) gets a browser of their own, never the new secret of the browser.
async function renewCookie(ctx: Context, reply: FastifyReply, visit: Visit, cookie?: string): Promise<string> {
  const renewed = visit.isSuperseded ? undefined : await renewBrowser(ctx, visit.browserId, cookie)
  const token = renewed ?? (await createBrowser(ctx))
  if (renewed === undefined) await moveInteraction(ctx, visit.interaction.id, token.id)
  writeCookie(reply, ctx.config, 'session', token.text)
  return token.id
}

async function remember(ctx: Context, reply: FastifyReply, deviceId: string | undefined, { user, providerId, remembered }: Proof): Promise<void> {
  const { userId } = user
  if (!remembered) {
    if (deviceId !== undefined) await forgetAccount(ctx, deviceId, userId)
    return
  }
  if (deviceId !== undefined) return rememberAccount(ctx, deviceId, { userId, providerId })
  const created = await createDevice(ctx, { userId, providerId })
  writeCookie(reply, ctx.config, 'device', created.text, DEVICE_SECONDS)
}

async function isFactorDue(ctx: Context, deviceId: string | undefined, { user, acr, amr, remembered }: Proof): Promise<boolean> {
  if (hasTwoFactors({ acr, amr, factors: [] })) return false
  const [own, organization] = await Promise.all([factorsOf(ctx, user), findOrganization(ctx, user.organizationId)])
  if (own.length === 0) return organization?.second_factor === 'required'
  return !remembered || deviceId === undefined || !(await isTrustedDevice(ctx, user.userId, deviceId))
}

/** Signs a person in: the session under a new cookie secret, the account remembered unless the computer is shared. Returns the visit as it is now. */
export async function signIn(ctx: Context, reply: FastifyReply, visit: Visit, proof: Proof): Promise<Visit> {
  const { user, providerId, acr, amr, authTime, remembered } = proof
  const browserId = await renewCookie(ctx, reply, visit, readCookie(reply.request, ctx.config, 'session'))
  const factorDue = await isFactorDue(ctx, visit.deviceId, proof)
  await startSession(ctx, { browserId, userId: user.userId, providerId, acr, amr, authTime, remembered, factorDue, agent: agentLabel(reply.request.headers['user-agent']), place: visitorPlace(ctx, reply.request) })
  if (!factorDue) ctx.audit.record({ event: 'login', userId: user.userId, providerId })
  noteUse(ctx, visit.interaction.clientKey, providerId)
  await remember(ctx, reply, visit.deviceId, proof)
  return { ...visit, browserId, isSuperseded: false }
}

/** Adds a proven second factor to the sign-in of a visit, under a new cookie secret. Returns the visit as it is now, or nothing when the sign-in is gone. */
export async function lift(ctx: Context, reply: FastifyReply, visit: Visit, session: Session, isPending: boolean, amr: readonly string[]): Promise<Visit | undefined> {
  const lifted = await liftSession(ctx, visit.browserId, session.sessionId, amr)
  if (lifted === undefined) return undefined
  const browserId = await renewCookie(ctx, reply, visit)
  ctx.audit.record(isPending ? { event: 'login', userId: session.userId, providerId: session.providerId } : { event: 'factor.proven', userId: session.userId })
  return { ...visit, browserId, isSuperseded: false }
}

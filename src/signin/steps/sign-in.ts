import type { FastifyReply } from 'fastify'
import type { Context } from '../../context.ts'
import { writeCookie } from '../../http/cookies.ts'
import { createBrowser, renewBrowser } from '../../sessions/browsers.ts'
import { createDevice, forgetAccount, rememberAccount } from '../../sessions/devices.ts'
import { DEVICE_SECONDS } from '../../sessions/session.ts'
import { startSession } from '../../sessions/store.ts'
import type { User } from '../../users/user.ts'
import { moveInteraction } from '../store.ts'
import type { Visit } from './step.ts'

// Owns what happens once a person has proven who they are, in whatever way: session, cookies, what the device remembers.

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
async function renewCookie(ctx: Context, reply: FastifyReply, visit: Visit): Promise<string> {
  const token = visit.isSuperseded ? await createBrowser(ctx) : await renewBrowser(ctx, visit.browserId)
  if (visit.isSuperseded) await moveInteraction(ctx, visit.interaction.id, token.id)
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
  const created = await createDevice(ctx)
  await rememberAccount(ctx, created.id, { userId, providerId })
  writeCookie(reply, ctx.config, 'device', created.text, DEVICE_SECONDS)
}

/** Signs a person in: the session under a new cookie secret, the account remembered unless the computer is shared. Returns the visit as it is now. */
export async function signIn(ctx: Context, reply: FastifyReply, visit: Visit, proof: Proof): Promise<Visit> {
  const { user, providerId, acr, amr, authTime, remembered } = proof
  const browserId = await renewCookie(ctx, reply, visit)
  await startSession(ctx, { browserId, userId: user.userId, providerId, acr, amr, authTime, remembered })
  ctx.audit.record({ event: 'login', userId: user.userId, providerId })
  await remember(ctx, reply, visit.deviceId, proof)
  return { ...visit, browserId, isSuperseded: false }
}

import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../context.ts'
import { readCookie, writeCookie } from '../http/cookies.ts'
import { createBrowser, findBrowser } from '../sessions/browsers.ts'
import { findDevice } from '../sessions/devices.ts'
import type { Session } from '../sessions/session.ts'
import { listSessions, listSignIns } from '../sessions/store.ts'

export interface BrowserOfRequest {
  readonly browserId: string | undefined
  /** The cookie is the one from before the last sign-in: it keeps a journey alive, and sees nobody signed in. */
  readonly isSuperseded: boolean
  readonly deviceId: string | undefined
  /** The session that the account pages were last opened for. */
  readonly accountSessionId?: string | undefined
}

/** Who is asking: the session cookie's browser and the device cookie's device, as far as they are good. */
export async function readBrowser(ctx: Context, request: FastifyRequest): Promise<BrowserOfRequest> {
  const [browser, deviceId] = await Promise.all([findBrowser(ctx, readCookie(request, ctx.config, 'session')), findDevice(ctx, readCookie(request, ctx.config, 'device'))])
  return { browserId: browser?.browserId, isSuperseded: browser?.isSuperseded ?? false, deviceId, accountSessionId: browser?.accountSessionId }
}

/** Who is signed in in the browser that asks, as far as its cookie may know. */
export async function sessionsOf(ctx: Context, { browserId, isSuperseded }: Pick<BrowserOfRequest, 'browserId' | 'isSuperseded'>): Promise<readonly Session[]> {
  return browserId === undefined || isSuperseded ? [] : listSessions(ctx, browserId)
}

/** The same with whoever's sign-in waits for a second factor. */
export async function signInsOf(ctx: Context, { browserId, isSuperseded }: Pick<BrowserOfRequest, 'browserId' | 'isSuperseded'>): Promise<{ readonly live: readonly Session[]; readonly pending: readonly Session[] }> {
  return browserId === undefined || isSuperseded ? { live: [], pending: [] } : listSignIns(ctx, browserId)
}

/** A browser to bind a journey to: the one there is, or a new one with its cookie. */
export async function ensureBrowser(ctx: Context, reply: FastifyReply, known: string | undefined): Promise<string> {
  if (known !== undefined) return known
  const token = await createBrowser(ctx)
  writeCookie(reply, ctx.config, 'session', token.text)
  return token.id
}

import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../context.ts'
import { readCookie, writeCookie } from '../http/cookies.ts'
import { createBrowser, findBrowser } from '../sessions/browsers.ts'
import { findDevice } from '../sessions/devices.ts'

export interface BrowserOfRequest {
  readonly browserId: string | undefined
  readonly deviceId: string | undefined
}

/** Who is asking: the session cookie's browser and the device cookie's device, as far as they are good. */
export async function readBrowser(ctx: Context, request: FastifyRequest): Promise<BrowserOfRequest> {
  const [browser, deviceId] = await Promise.all([findBrowser(ctx, readCookie(request, ctx.config, 'session')), findDevice(ctx, readCookie(request, ctx.config, 'device'))])
  return { browserId: browser?.browserId, deviceId }
}

/** A browser to bind a journey to: the one there is, or a new one with its cookie. */
export async function ensureBrowser(ctx: Context, reply: FastifyReply, known: string | undefined): Promise<string> {
  if (known !== undefined) return known
  const token = await createBrowser(ctx)
  writeCookie(reply, ctx.config, 'session', token.text)
  return token.id
}

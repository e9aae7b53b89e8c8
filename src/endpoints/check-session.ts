import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { AuthorizationRequest } from '../authorization-request/request.ts'
import type { Client } from '../clients/client.ts'
import { isOwnClient } from '../clients/own-clients.ts'
import type { Context } from '../context.ts'
import { assetPath } from '../http/assets.ts'
import { readCookie, writeScriptCookie } from '../http/cookies.ts'
import { refuseOtherMethods } from '../http/methods.ts'
import { findBrowser } from '../sessions/browsers.ts'
import { loginStateOf, sessionStateFor } from '../sessions/login-state.ts'
import type { Endpoint } from './endpoint.ts'

// Session management (OpenID Connect Session Management 1.0): the frame that a client's page asks, the cookie that the frame reads, and the
// parameter that the client got with its answer. Third-party cookies must reach the frame for it to be of any use; where browsers keep them
// away it says "error", and clients learn of a sign-out over the back channel only.

const PATH = '/oauth/check-session'

/** Nothing to see and nothing to click, hence any page may frame it: what it says it says to the asking origin about itself. */
const POLICY = "default-src 'none'; script-src 'self'; base-uri 'none'; form-action 'none'"

function frame(): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Session state</title><script src="${assetPath('check-session.js')}" defer></script></head><body></body></html>`
}

/** The origin whose scripts will ask; an app of a private scheme has none. */
function originOf(redirectUri: string): string | undefined {
  const { origin, protocol } = new URL(redirectUri)
  return protocol === 'https:' || protocol === 'http:' ? origin : undefined
}

/** The `session_state` of a good answer (§2), and the cookie that goes with it. Nothing for a request that is none of OpenID Connect. */
export async function tellSessionState(ctx: Context, reply: FastifyReply, browserId: string | undefined, client: Client, request: AuthorizationRequest, scopes: readonly string[]): Promise<{ readonly session_state?: string }> {
  const origin = originOf(request.redirectUri)
  if (browserId === undefined || origin === undefined || !scopes.includes('openid') || isOwnClient(client.clientId)) return {}
  const state = await loginStateOf(ctx, browserId)
  writeScriptCookie(reply, ctx.config, 'login_state', state)
  return { session_state: sessionStateFor(client.clientId, origin, state) }
}

/** Where the sign-ins of a browser may have changed: every form of ours, and the address that clients sign people out by. */
function mayHaveChanged(request: FastifyRequest): boolean {
  return request.method === 'POST' || request.url.startsWith('/oauth/logout')
}

async function renew(ctx: Context, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const before = readCookie(request, ctx.config, 'login_state')
  if (before === undefined || !mayHaveChanged(request)) return
  const browser = await findBrowser(ctx, readCookie(request, ctx.config, 'session'))
  const now = browser && (await loginStateOf(ctx, browser.browserId))
  if (now !== undefined && now !== before && !String(reply.getHeader('set-cookie') ?? '').includes('portner_login_state=')) writeScriptCookie(reply, ctx.config, 'login_state', now)
}

/** Keeps the cookie of browsers that have one, whichever page it was that signed somebody in or out. */
export function keepLoginState(app: FastifyInstance, ctx: Context): void {
  app.addHook('onSend', async (request, reply) => {
    // The answer itself is worth more than the cookie beside it.
    await renew(ctx, request, reply).catch((error: unknown) => ctx.log.warn({ err: error }, 'the login state of a browser could not be renewed'))
  })
}

export const checkSession: Endpoint = {
  name: 'check-session',
  answers: 'people',
  register: (app) => {
    const html = frame()
    app.get(PATH, async (_request, reply) => {
      reply.removeHeader('x-frame-options')
      return reply.header('content-security-policy', POLICY).header('cache-control', 'public, max-age=300').type('text/html; charset=utf-8').send(html)
    })
    refuseOtherMethods(app, PATH, ['GET'])
  },
  metadata: (issuer) => ({ check_session_iframe: `${issuer}${PATH}` }),
}

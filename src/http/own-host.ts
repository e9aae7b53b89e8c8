import type { FastifyInstance } from 'fastify'
import type { Context } from '../context.ts'
import { page } from './pages.ts'

/**
 * Pages are served under the issuer's name only: a browser that came by another one (127.0.0.1 for localhost, an old name) would lose its
 * cookies on the way, and the sign-in would end in an error nobody understands. For the routes of this scope.
 */
export function requireOwnHost(app: FastifyInstance, ctx: Context): void {
  const { host, protocol } = new URL(ctx.config.issuer)
  app.addHook('onRequest', async (request, reply) => {
    if (request.host.toLowerCase() === host) return undefined
    return page(reply, request, 'wrong-host', { opened: `${protocol}//${request.host.slice(0, 200)}`, issuer: ctx.config.issuer }, { status: 421 })
  })
}

import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Context } from '../context.ts'
import { newReference } from '../lib/random.ts'
import { OAuthError } from '../protocol/error.ts'
import { claimedClient } from './claimed-client.ts'
import { readableForms } from './forms.ts'
import { page } from './pages.ts'
import { traceRefusal } from './trace-request.ts'

function wrongHost(request: FastifyRequest, host: string): OAuthError {
  return new OAuthError('invalid_request', 'The server was reached under another host than its issuer', { status: 421, trace: { cause: 'issuer.host', compared: [{ name: 'Host', sent: request.host.slice(0, 200), expected: host }] } })
}

/**
 * Pages are served under the issuer's name only: a browser that came by another one (127.0.0.1 for localhost, an old name) would lose its
 * cookies on the way, and the sign-in would end in an error nobody understands. For the routes of this scope.
 */
export function requireOwnHost(app: FastifyInstance, ctx: Context): void {
  const { host, protocol } = new URL(ctx.config.issuer)
  app.addHook('onRequest', async (request, reply) => {
    if (request.host.toLowerCase() === host) return undefined
    const reference = newReference()
    traceRefusal(ctx, wrongHost(request, host), request, reference, claimedClient(request, readableForms(request)))
    void reply.header('x-request-id', reference)
    return page(reply, request, 'wrong-host', { opened: `${protocol}//${request.host.slice(0, 200)}`, issuer: ctx.config.issuer }, { status: 421 })
  })
}

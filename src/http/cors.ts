import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../context.ts'
import { compareAddresses } from '../protocol/redirect-difference.ts'
import { type FindReturning, traceRefusedPreflight } from './refused-preflight.ts'
import { traceWarning } from './trace-request.ts'

/** What is known of the origins of pages. */
export interface KnownOrigins {
  /** Whether any client registered it. */
  readonly allows: (origin: string) => Promise<boolean>
  readonly findReturning: FindReturning
}

function allow(reply: FastifyReply, origin: string): void {
  void reply.header('access-control-allow-origin', origin).header('vary', 'Origin').header('access-control-expose-headers', 'WWW-Authenticate, DPoP-Nonce, X-Request-Id')
}

/** Metadata and keys are for everybody. */
export function allowAnyOrigin(reply: FastifyReply): void {
  void reply.header('access-control-allow-origin', '*')
}

/** What is asked of a client here: the origins that it registered. */
interface ClientWithOrigins {
  readonly clientId: string
  readonly metadata: { readonly allowed_origins: readonly string[] }
}

/** Lets the asking page read this answer, if its origin is one that the client registered. A page that may not learns nothing of it; the client's developers do. */
export async function allowRegisteredOrigin(ctx: Context, request: FastifyRequest, reply: FastifyReply, client: ClientWithOrigins | undefined): Promise<void> {
  const { origin } = request.headers
  if (origin === undefined || client === undefined) return
  const registered = client.metadata.allowed_origins
  if (registered.includes(origin)) allow(reply, origin)
  else if (origin !== ctx.config.issuer) traceWarning(ctx, { cause: 'cors.origin', ...compareAddresses('Origin', origin, registered) }, request, client.clientId)
}

/**
 * Answers a preflight (Fetch §4.8): it names no client, so any client's registered origin passes; the answer itself is checked again. One that is
 * refused brings a reference, for who reads it in the tools of a browser.
 */
export function answerPreflight(app: FastifyInstance, ctx: Context, path: string, methods: readonly string[], { allows, findReturning }: KnownOrigins): void {
  app.options(path, async (request, reply) => {
    const { origin, 'access-control-request-method': method } = request.headers
    if (origin !== undefined && (await allows(origin))) {
      allow(reply, origin)
      void reply.header('access-control-allow-methods', methods.join(', ')).header('access-control-allow-headers', 'Authorization, Content-Type, DPoP').header('access-control-max-age', '600')
    } else if (origin !== undefined && method !== undefined) void reply.header('x-request-id', traceRefusedPreflight(ctx, request, origin, findReturning))
    return reply.code(204).header('cache-control', 'no-store').send()
  })
}

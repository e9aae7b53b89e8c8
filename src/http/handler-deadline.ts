import type { FastifyInstance, FastifyReply } from 'fastify'
import { temporarilyUnavailable } from '../protocol/error.ts'

// Owns how long a handler may take. Fastify's own handlerTimeout makes a timer, an AbortController and (for every request with a body) an
// aborted signal with its stack trace: a third of a token request's time, and the abort takes the timer away with it. One look a second
// at what is still under way costs nothing.

const MOST_MS = 10_000
const LOOK_MS = 1000

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route ends by itself what takes too long: it waits for others. */
    ownDeadline?: true
  }
}

/** Answers 503 in place of a handler that hangs. */
export function limitHandlers(app: FastifyInstance): void {
  // In the order of arrival: a look ends at the first one that is young.
  const underWay = new Map<FastifyReply, number>()
  const look = setInterval(() => {
    const before = performance.now() - MOST_MS
    for (const [reply, since] of underWay) {
      if (since > before) return
      underWay.delete(reply)
      if (!reply.sent && !reply.raw.destroyed) void reply.send(temporarilyUnavailable('The server took too long'))
    }
  }, LOOK_MS).unref()
  app.addHook('onRequest', (request, reply, done) => {
    if (request.routeOptions.config.ownDeadline !== true) underWay.set(reply, performance.now())
    done()
  })
  app.addHook('onResponse', (_request, reply, done) => {
    underWay.delete(reply)
    done()
  })
  app.addHook('onClose', (_app, done) => {
    clearInterval(look)
    done()
  })
}

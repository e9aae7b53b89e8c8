import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { ConfigError } from '../config.ts'

// Owns other addresses of endpoints, for clients that have those of another server built in. What a request was sent to is what a proof in it
// speaks of (http/proof.ts); to everything else it came to the endpoint itself.

/** Where a request goes that came to another address of the same endpoint (PORTNER_PATH_ALIASES); its query goes with it. */
export function aliasRewriter(aliases: ReadonlyMap<string, string>): (request: Pick<IncomingMessage, 'url'>) => string {
  return ({ url = '' }) => {
    const at = url.indexOf('?')
    const path = at < 0 ? url : url.slice(0, at)
    const target = aliases.get(path)
    return target === undefined ? url : target + url.slice(path.length)
  }
}

/** Stops the start of a server with another address for something that is not there: it would be found out by a client. */
export function requireKnownTargets(app: FastifyInstance, aliases: ReadonlyMap<string, string>): void {
  const unknown = [...aliases.values()].filter((url) => !(['GET', 'POST'] as const).some((method) => app.hasRoute({ method, url })))
  if (unknown.length > 0) throw new ConfigError(unknown.map((path) => `PORTNER_PATH_ALIASES: ${path} is not an endpoint of this server`))
}

import type { FastifyInstance, HTTPMethods } from 'fastify'
import { refusedByLimit } from '../protocol/error.ts'

const ALL: readonly HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']

/** Every other method of a path is 405 with `Allow`, not 404: the path is right, the method is not. */
export function refuseOtherMethods(app: FastifyInstance, path: string, allowed: readonly HTTPMethods[]): void {
  app.route({
    method: ALL.filter((method) => !allowed.includes(method)),
    url: path,
    // Before the body is looked at.
    onRequest: async (request) => {
      throw refusedByLimit(405, `Use ${allowed.join(' or ')}`, { allow: allowed.join(', ') }, { cause: 'request.get_on_token', compared: [{ name: 'HTTP', sent: request.method, expected: allowed.join(', ') }] })
    },
    handler: async () => undefined,
  })
}

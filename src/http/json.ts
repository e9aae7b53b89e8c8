import type { FastifyReply } from 'fastify'

/** JSON that must not be kept by anything on the way (RFC 6749 §5.1). */
export function sendJson(reply: FastifyReply, body: object, status = 200): FastifyReply {
  return reply.code(status).header('cache-control', 'no-store').header('pragma', 'no-cache').type('application/json; charset=utf-8').send(JSON.stringify(body))
}

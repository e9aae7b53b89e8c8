import type { FastifyReply } from 'fastify'

/** A file for the person alone: kept by nobody on the way, and never shown as a page of ours. */
export function sendFile(reply: FastifyReply, name: string, value: unknown): FastifyReply {
  void reply.headers({ 'cache-control': 'no-store', 'content-disposition': `attachment; filename="${name}"` })
  return reply.type('application/json; charset=utf-8').send(`${JSON.stringify(value, undefined, 2)}\n`)
}

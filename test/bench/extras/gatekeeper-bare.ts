import replyFrom from '@fastify/reply-from'
import { fastify } from 'fastify'

// What a proxy costs that decides nothing: @fastify/reply-from, with connections that are kept as the gatekeeper's are.

const app = fastify({ logger: false })
await app.register(replyFrom, { base: process.env['UPSTREAM'] ?? '', undici: { connections: 512, pipelining: 1 } })
app.all('/*', (_request, reply) => reply.from())
await app.listen({ port: 0, host: '127.0.0.1' })
const address = app.server.address()
process.send?.({ port: typeof address === 'object' ? address?.port : 0 })

import type { FastifyReply, FastifyRequest } from 'fastify'

// A preflight (Fetch §4.8) asks for what any page may do here: whatever its token lets it do. It brings no token, and no upstream is asked.

const NAMES = /^[A-Za-z0-9!#$%&'*+.^_`|~, -]{0,2000}$/

export function isPreflight({ method, headers }: FastifyRequest): boolean {
  return method === 'OPTIONS' && headers.origin !== undefined && headers['access-control-request-method'] !== undefined
}

export function answerPreflight({ headers }: FastifyRequest, reply: FastifyReply): FastifyReply {
  const wanted = headers['access-control-request-headers'] ?? ''
  return reply
    .code(204)
    .headers({ 'access-control-allow-origin': '*', 'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE', 'access-control-max-age': '600', 'cache-control': 'no-store', vary: 'Access-Control-Request-Headers' })
    .headers(NAMES.test(wanted) && wanted !== '' ? { 'access-control-allow-headers': wanted } : {})
    .send()
}

import type { Writable } from 'node:stream'
import { fastify, type FastifyInstance } from 'fastify'
import { isPlainFailure, presentApiError } from './api-errors.ts'
import type { Context } from '../context.ts'
import { hostRewriter } from './gatekeeper-host.ts'
import { limitHandlers } from './handler-deadline.ts'
import { isUnhurried } from './long-requests.ts'
import { aliasRewriter } from './path-aliases.ts'
import { toOAuthError } from './failure.ts'
import { invalidRequest, type OAuthError, refine, refusedByLimit } from '../protocol/error.ts'
import type { Compared } from '../protocol/trace.ts'

// Owns Fastify's options: limits and time-outs of every socket, where proxy headers count, and that nothing but our own log speaks.

const BODY_BYTES = 64 * 1024
const HEADER_BYTES = 16 * 1024
export const URL_BYTES = 8 * 1024

/** For what is answered before any hook has run. */
const BARE_HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer', 'content-security-policy': "default-src 'none'; frame-ancestors 'none'" }

/** What the socket gets when a request never became one. */
const RAW_STATUS: Readonly<Record<string, string>> = { HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large', ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout' }

/** Milliseconds and bytes that one connection gets. */
export const SOCKET_LIMITS = { connectionTimeout: 15_000, requestTimeout: 20_000, keepAliveTimeout: 30_000, http: { headersTimeout: 10_000, connectionsCheckingInterval: 2000, maxHeaderSize: HEADER_BYTES } } as const

/** Answers on the bare socket what never became a request, or not a whole one in time. */
export function answerUnreadable(error: Error, socket: Writable): void {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT' && isUnhurried(socket)) return
  const body = '{"error":"invalid_request","error_description":"The request could not be read"}'
  const headers = Object.entries({ ...BARE_HEADERS, 'content-type': 'application/json', connection: 'close', 'content-length': body.length })
  if (socket.writable) socket.end(`HTTP/1.1 ${RAW_STATUS[code] ?? '400 Bad Request'}\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`)
}

function pathOf(url = ''): Compared {
  return { name: 'path', sent: url.split('?', 1)[0] }
}

/** What is wrong with an address, whatever is there. The database knows no NUL, and nothing here has one in its address. */
function addressFault(url: string): OAuthError | undefined {
  if (url.split('?', 1)[0]?.includes('%00') === true) return invalidRequest('The address has characters that are not allowed', { trace: { cause: 'request.unreadable', compared: [pathOf(url)] } })
  if (url.length > URL_BYTES) return refusedByLimit(414, 'The address is too long', {}, { cause: 'request.too_large', compared: [{ name: 'address (bytes)', sent: String(url.length), expected: `≤ ${URL_BYTES}` }] })
  return undefined
}

export function createServer(ctx: Context): FastifyInstance {
  const { config } = ctx
  const app = fastify({
    bodyLimit: BODY_BYTES,
    ...SOCKET_LIMITS,
    forceCloseConnections: 'idle',
    return503OnClosing: true,
    trustProxy: config.trustProxy.length > 0 ? [...config.trustProxy] : false,
    // The longest name that anything here may have: an issuer (clients/trusted-issuers.ts).
    routerOptions: { maxParamLength: 500, ignoreTrailingSlash: false, caseSensitive: true },
    exposeHeadRoutes: false,
    ...(config.pathAliases.size === 0 && config.gatekeeperDomain === undefined ? {} : { rewriteUrl: hostRewriter(config, aliasRewriter(config.pathAliases)) }),
    logger: false,
    clientErrorHandler: answerUnreadable,
    // A path that cannot be decoded is nobody's: the same answer as any other unreadable request. No hook runs for it.
    frameworkErrors: (error, request, reply) => {
      void reply.headers(BARE_HEADERS)
      void presentApiError(ctx, refine(toOAuthError(error), { trace: { cause: 'request.unreadable', compared: [pathOf(request.raw.url)] } }), request, reply)
    },
  })
  // text/plain would let a page of another origin post without a preflight; a route adds what it reads.
  app.removeAllContentTypeParsers()
  limitHandlers(app)
  // Hooks without promises: each of those costs every request a turn of the microtask queue.
  app.addHook('onRequest', (request, reply, done) => {
    const { url = '' } = request.raw
    const fault = addressFault(url)
    if (fault !== undefined) void reply.headers(BARE_HEADERS)
    done(fault)
  })
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'unknown'
    const status = reply.statusCode
    ctx.metrics.requestDuration.observe({ route, method: request.method, status }, reply.elapsedTime / 1000)
    ctx.log[status >= 500 && !isPlainFailure(status) ? 'error' : 'info']({ event: 'request', route, method: request.method, status, ms: Math.round(reply.elapsedTime * 10) / 10 }, 'request')
    done()
  })
  return app
}

import { type ClientRequest, type IncomingMessage, request as plainRequest, type ServerResponse } from 'node:http'
import { request as tlsRequest } from 'node:https'
import { letTakeItsTime } from '../http/long-requests.ts'
import { CircuitOpen } from '../lib/circuit.ts'
import { OAuthError } from '../protocol/error.ts'
import { answerHeaders, type Surroundings } from './answer-headers.ts'
import { CallerGone, IDLE_MILLISECONDS, type Upstream, UpstreamSilent } from './upstream.ts'

// Owns the exchange with an upstream: one request out, its answer back, both as streams and at the slower one's pace. Decides nothing, and
// makes no header but those of the framing. It does not go through the guarded fetcher, which keeps answers in memory: what guards the
// address is the agent (upstream.ts).

export interface Outgoing {
  readonly method: string
  /** Path and query, byte for byte. */
  readonly path: string
  /** A flat list: names and values. */
  readonly headers: readonly string[]
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] !== undefined && headers['content-length'] !== '0')
}

/** How the body is framed towards the upstream: as it came. A method that brings bodies says that there is none. */
function framing(incoming: IncomingMessage, method: string): readonly string[] {
  const { 'content-length': length, 'transfer-encoding': coding } = incoming.headers
  if (coding !== undefined) return ['transfer-encoding', 'chunked']
  if (length !== undefined) return ['content-length', length]
  return method === 'POST' || method === 'PUT' || method === 'PATCH' ? ['content-length', '0'] : []
}

/** Opens a request to the upstream; nothing is sent yet but its head. */
export function openRequest({ origin, agent, proof }: Upstream, { method, path, headers }: Outgoing, more: readonly string[]): ClientRequest {
  const start = origin.protocol === 'https:' ? tlsRequest : plainRequest
  return start({ agent, host: origin.hostname.replace(/^\[|\]$/g, ''), port: origin.port === '' ? undefined : Number(origin.port), method, path, setHost: false, headers: ['host', origin.host, ...headers, ...proof, ...more] })
}

function isReset(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE')
}

/** One try. Gives the answer's head with its body to come; throws UpstreamSilent. */
function ask(upstream: Upstream, outgoing: Outgoing, incoming: IncomingMessage, response: ServerResponse): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const out = openRequest(upstream, outgoing, framing(incoming, outgoing.method))
    // A caller who is slow with a body is no silence of the upstream: its own socket's idle limit is for that.
    const waitsForCaller = (): boolean => hasBody(incoming) && !incoming.complete && !out.writableNeedDrain && out.socket?.connecting === false
    const timer: NodeJS.Timeout = setTimeout(() => void (waitsForCaller() ? timer.refresh() : out.destroy(new UpstreamSilent('too-slow'))), upstream.timeout)
    const leave = (): void => void out.destroy()
    // The time runs from the last that was sent: a long body is no silence of the upstream.
    const onChunk = (): void => void timer.refresh()
    response.once('close', leave)
    // A connection that was used before still has the short time-out of its idleness, by the upstream's own Keep-Alive header.
    out.once('socket', (socket) => void (socket.timeout === IDLE_MILLISECONDS || socket.setTimeout(IDLE_MILLISECONDS)))
    out.once('timeout', leave)
    out.once('response', (answer) => {
      clearTimeout(timer)
      incoming.off('data', onChunk)
      answer.once('end', () => response.off('close', leave))
      resolve(answer)
    })
    const fail = (error: Error): void => {
      clearTimeout(timer)
      response.off('close', leave)
      if (error instanceof UpstreamSilent) reject(error)
      else if (response.destroyed) reject(new CallerGone())
      else reject(new UpstreamSilent('unreachable', Object.assign(error, { again: out.reusedSocket && isReset(error) })))
    }
    out.on('error', fail)
    // A change of protocol that nobody asked for: Node gives the connection away and says nothing more.
    out.once('upgrade', (_answer, socket) => {
      socket.destroy()
      fail(new UpstreamSilent('unreachable'))
    })
    if (hasBody(incoming)) {
      incoming.pipe(out)
      incoming.on('data', onChunk)
    } else out.end()
  })
}

/** A connection that the upstream closed at the very moment of its use: what had no body and changes nothing is asked once more. */
function mayAskAgain(error: unknown, { method }: Outgoing, incoming: IncomingMessage): boolean {
  return error instanceof UpstreamSilent && error.cause instanceof Error && 'again' in error.cause && error.cause.again === true && (method === 'GET' || method === 'HEAD') && !hasBody(incoming)
}

function toRefusal(error: unknown, timeout: number): unknown {
  const headers = { 'retry-after': '5' }
  if (error instanceof CircuitOpen) return new OAuthError('upstream_unavailable', 'The API does not answer at the moment', { status: 502, headers, detail: `gatekeeper.circuit ${error.reason}` })
  if (!(error instanceof UpstreamSilent)) return error
  if (error.reason === 'too-slow') return new OAuthError('upstream_timeout', 'The API took too long to answer', { status: 504, detail: 'gatekeeper.timeout', trace: { cause: 'gatekeeper.timeout', compared: [{ name: 'answer begins (s)', expected: `≤ ${timeout / 1000}` }] } })
  return new OAuthError('upstream_unavailable', 'The API cannot be reached at the moment', { status: 502, detail: 'gatekeeper.unreachable', cause: error.cause })
}

/** Asks an upstream in turn, unless it is left alone for a while. Throws 502 and 504 for its silences. */
export async function askUpstream<T>({ circuit, timeout }: Upstream, work: () => Promise<T>): Promise<T> {
  try {
    return await circuit.run(work)
  } catch (error) {
    throw toRefusal(error, timeout)
  }
}

/** Sends a request on and gives the head of its answer. Throws UpstreamSilent. */
export async function exchange(upstream: Upstream, outgoing: Outgoing, incoming: IncomingMessage, response: ServerResponse): Promise<IncomingMessage> {
  incoming.socket.setTimeout(IDLE_MILLISECONDS)
  if (hasBody(incoming)) letTakeItsTime(incoming, response)
  const once = (): Promise<IncomingMessage> => ask(upstream, outgoing, incoming, response)
  return once().catch((error: unknown) => (mayAskAgain(error, outgoing, incoming) ? once() : Promise.reject(error)))
}

/**
 * Hands an answer to the caller. One that breaks off ends the connection: half an answer must not look like a whole one. Its head goes with what
 * of the body is there already, in one packet; without any it goes alone. (`pipeline` makes an abort of every end, with its stack trace.)
 */
export function answerWith(answer: IncomingMessage, response: ServerResponse, surroundings: Surroundings): void {
  const { statusCode = 0 } = answer
  response.writeHead(statusCode < 200 ? 502 : statusCode, answerHeaders(answer.rawHeaders, surroundings))
  const alone = setImmediate(() => response.flushHeaders())
  const breakOff = (): void => void response.destroy()
  answer.once('data', () => clearImmediate(alone)).once('end', () => clearImmediate(alone))
  answer.once('error', breakOff).once('close', () => answer.readableEnded || breakOff())
  response.once('error', () => answer.destroy())
  answer.pipe(response)
}

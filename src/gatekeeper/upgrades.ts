import { type IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { FastifyInstance } from 'fastify'

// Owns how a request that wants to change its protocol comes in: a WebSocket's handshake goes the way of every other request, so that nothing
// of the decision about it is another; whatever else asks (Java's client does, on http) is served as if it had not asked. It takes sockets
// from Node and gives them back; what flows over them belongs to tunnel.ts.

export interface Waiting {
  readonly socket: Duplex
  /** What was sent after the head. */
  readonly head: Buffer
}

const waiting = new WeakMap<IncomingMessage, Waiting>()

/** The connection of a WebSocket's handshake. */
export function waitingSocket(request: IncomingMessage): Waiting | undefined {
  return waiting.get(request)
}

function isHandshake({ method, headers }: IncomingMessage): boolean {
  return method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket' && headers['content-length'] === undefined && headers['transfer-encoding'] === undefined
}

/** The same head without the wish. */
function withoutUpgrade({ method, url, rawHeaders }: IncomingMessage): string {
  const lines = rawHeaders.flatMap((name, i) => (i % 2 === 0 && !['upgrade', 'http2-settings', 'connection'].includes(name.toLowerCase()) ? [`${name}: ${rawHeaders[i + 1]}\r\n`] : []))
  return `${method} ${url} HTTP/1.1\r\n${lines.join('')}\r\n`
}

/** Takes handshakes into the routes of a server. */
export function acceptUpgrades(app: FastifyInstance): void {
  app.server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (!isHandshake(request)) {
      socket.unshift(Buffer.concat([Buffer.from(withoutUpgrade(request), 'latin1'), head]))
      app.server.emit('connection', socket)
      return
    }
    socket.on('error', () => socket.destroy())
    const response = new ServerResponse(request)
    response.shouldKeepAlive = false
    // Node gives its own sockets here; the type says less.
    response.assignSocket(socket as Parameters<ServerResponse['assignSocket']>[0])
    response.once('finish', () => socket.end())
    waiting.set(request, { socket, head })
    app.routing(request, response)
  })
}

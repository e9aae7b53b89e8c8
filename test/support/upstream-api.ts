import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer, type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'

/** What an upstream saw of a request. */
export interface Seen {
  readonly method: string
  /** As it came over the wire. */
  readonly url: string
  /** A flat list of names, in lower case, and values. */
  readonly headers: readonly (readonly [string, string])[]
  readonly body: string
}

export interface UpstreamApi {
  readonly url: string
  /** Every request since the last look. */
  readonly seen: () => readonly Seen[]
  /** How many requests have not ended yet. */
  readonly underWay: () => number
  readonly close: () => Promise<void>
}

function headersOf({ rawHeaders }: IncomingMessage): readonly (readonly [string, string])[] {
  return rawHeaders.flatMap((name, i) => (i % 2 === 0 ? [[name.toLowerCase(), rawHeaders[i + 1] ?? ''] as const] : []))
}

/** Headers by which an answer would speak for the whole origin that it seems to come from, or for a connection that is not its own. */
export const FORBIDDEN_ANSWERS = ['set-cookie', 'set-cookie2', 'clear-site-data', 'service-worker-allowed', 'strict-transport-security', 'alt-svc', 'nel', 'report-to', 'reporting-endpoints', 'set-login', 'public-key-pins', 'accept-ch', 'critical-ch', 'origin-agent-cluster', 'origin-trial', 'document-policy', 'permissions-policy', 'proxy-authenticate', 'proxy-authentication-info', 'proxy-connection', 'te', 'access-control-allow-credentials', 'access-control-allow-methods', 'content-security-policy-report-only'] as const

/** What it does at some paths; everywhere else it says what it saw. */
const ways: Readonly<Record<string, RequestListener>> = {
  '/silent': () => undefined,
  // Its connection is kept, but not for long.
  '/brief': (_request, response) => void response.writeHead(200, { connection: 'keep-alive', 'keep-alive': 'timeout=2' }).end('brief'),
  '/stream': (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write('data: one\n\n')
    // The second one comes when whoever reads has the first: at the next request.
  },
  '/cut': (_request, response) => {
    response.writeHead(200, { 'content-length': '1000' })
    response.write('half')
    setImmediate(() => response.destroy())
  },
  // Answers that are none.
  '/switch': ({ socket }) => void socket.end('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: other\r\n\r\n'),
  '/odd': ({ socket }) => void socket.end('HTTP/1.1 099 Odd\r\ncontent-length: 0\r\n\r\n'),
  '/mirror': (request, response) => {
    response.writeHead(200, { 'content-type': 'application/octet-stream' })
    request.pipe(response)
  },
  '/naughty': (_request, response) => {
    response.writeHead(200, { ...Object.fromEntries(FORBIDDEN_ANSWERS.map((name) => [name, 'mine'])), 'cross-origin-resource-policy': 'same-site', 'x-content-type-options': 'sniff', 'content-security-policy': "script-src 'unsafe-inline'", 'www-authenticate': 'Basic realm="Sign in"', 'access-control-allow-origin': 'https://only.example', 'x-mine': 'kept', connection: 'x-hop', 'x-hop': 'of this connection', 'content-type': 'text/html' })
    response.end('<script>document.title = "ran"</script>')
  },
}

/** An API of somebody's: a real server that echoes, streams, is silent, and speaks WebSocket at /socket. */
export async function startUpstreamApi(options: { readonly tls?: ServerOptions } = {}): Promise<UpstreamApi> {
  const requests: Seen[] = []
  let underWay = 0
  const answer: RequestListener = (request, response) => {
    underWay += 1
    response.once('close', () => (underWay -= 1))
    const path = (request.url ?? '').split('?')[0] ?? ''
    const way = ways[path]
    if (way !== undefined) {
      way(request, response)
      return
    }
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const seen: Seen = { method: request.method ?? '', url: request.url ?? '', headers: headersOf(request), body: Buffer.concat(chunks).toString() }
      requests.push(seen)
      if (path === '/elsewhere') response.writeHead(302, { location: `${url}/next?a=1` }).end()
      else response.writeHead(path === '/missing' ? 404 : 200, { 'content-type': 'application/json' }).end(request.method === 'HEAD' ? undefined : JSON.stringify(seen))
    })
  }
  const server: Server = options.tls === undefined ? createServer(answer) : createTlsServer(options.tls, answer)
  const sockets = new WebSocketServer({ noServer: true })
  server.on('upgrade', (request, socket, head) => {
    requests.push({ method: 'UPGRADE', url: request.url ?? '', headers: headersOf(request), body: '' })
    if (request.url !== '/socket') {
      socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\nx-mine: no\r\n\r\nno')
      return
    }
    sockets.handleUpgrade(request, socket, head, (client) => client.on('message', (data, isBinary) => client.send(data, { binary: isBinary })))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `${options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    seen: () => requests.splice(0),
    underWay: () => underWay,
    close: async () => {
      for (const client of sockets.clients) client.terminate()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

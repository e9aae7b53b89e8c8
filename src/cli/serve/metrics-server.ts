import { createServer, type Server } from 'node:http'
import { Failure } from '../status.ts'

/** Serves `/metrics` on 127.0.0.1 only: figures about a sign-in server are nobody else's business. */
export async function serveMetrics(port: number, contentType: string, collect: () => Promise<string>): Promise<{ close(): void }> {
  const server: Server = createServer({ headersTimeout: 5000, requestTimeout: 5000 }, (request, response) => {
    if (request.method !== 'GET' || request.url !== '/metrics') {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('only /metrics is here\n')
      return
    }
    collect().then(
      (text) => response.writeHead(200, { 'content-type': contentType, 'cache-control': 'no-store' }).end(text),
      () => response.writeHead(503, { 'content-type': 'text/plain' }).end('the figures cannot be collected now\n'),
    )
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(new Failure(`PORTNER_METRICS_PORT ${port} cannot be listened on: ${error.message}`, 'choose another port')))
    server.listen(port, '127.0.0.1', resolve)
  })
  server.unref()
  return {
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

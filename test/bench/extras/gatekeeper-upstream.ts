import { createServer } from 'node:http'

// The API behind both proxies of gatekeeper.ts: it answers at once, the same every time.

const BODY = JSON.stringify({ events: Array.from({ length: 10 }, (_, i) => ({ id: i, title: `Event ${i}` })) })

const server = createServer((_request, response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(BODY) }).end(BODY)
}).listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.send?.({ port: typeof address === 'object' ? address?.port : 0 })
})

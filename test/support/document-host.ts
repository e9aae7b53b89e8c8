import { createServer, type ServerResponse } from 'node:http'

// A host where clients describe themselves: real HTTP on this machine, told by the test what stands at each path.

export interface DocumentHost {
  readonly origin: string
  /** What each path answers. */
  readonly paths: Map<string, (response: ServerResponse) => unknown>
  /** How often each path was asked for. */
  readonly hits: Map<string, number>
  /** Puts a document at a path, its own address in it, and gives the address. */
  publish(path: string, changes?: Readonly<Record<string, unknown>>, headers?: Readonly<Record<string, string>>): string
  close(): Promise<void>
}

export async function startDocumentHost(): Promise<DocumentHost> {
  const paths = new Map<string, (response: ServerResponse) => unknown>()
  const hits = new Map<string, number>()
  const server = createServer((request, response) => {
    const path = request.url ?? '/'
    hits.set(path, (hits.get(path) ?? 0) + 1)
    const answer = paths.get(path)
    if (answer === undefined) response.writeHead(404).end()
    else answer(response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const origin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
  return {
    origin,
    paths,
    hits,
    publish: (path, changes = {}, headers = {}) => {
      const client_id = `${origin}${path}`
      const document = { client_id, client_name: 'Agent', redirect_uris: ['https://agent.example.org/callback'], grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'], token_endpoint_auth_method: 'none', ...changes }
      paths.set(path, (response) => response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(document)))
      return client_id
    },
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

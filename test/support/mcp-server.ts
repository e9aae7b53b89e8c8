import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { z } from 'zod'
import { basic, post } from './relying-party.ts'

// A sample MCP server that Portner protects: it says where its tokens come from (RFC 9728), asks Portner about each (RFC 7662), and takes
// those that are for itself alone.

export interface SampleServer {
  readonly url: string
  /** The metadata address is told in the challenge. */
  close(): Promise<void>
}

export interface SampleOptions {
  readonly issuer: string
  readonly port: number
  readonly clientId: string
  readonly secret: string
  /** Who may come at all, and who may write. */
  readonly scope: string
  readonly writeScope: string
}

const PATH = '/mcp'

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return chunks.length === 0 ? undefined : (JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown)
}

function tools(person: string): McpServer {
  const server = new McpServer({ name: 'notes', version: '1.0.0' })
  server.registerTool('whoami', { description: 'Who is asking' }, () => ({ content: [{ type: 'text', text: person }] }))
  server.registerTool('write', { description: 'Writes a note', inputSchema: { note: z.string() } }, ({ note }) => ({ content: [{ type: 'text', text: `wrote ${note}` }] }))
  return server
}

export async function startSampleServer(options: SampleOptions): Promise<SampleServer> {
  const { issuer, port, clientId, secret, scope, writeScope } = options
  const origin = `http://localhost:${port}`
  const url = `${origin}${PATH}`
  const metadata = `${origin}/.well-known/oauth-protected-resource${PATH}`

  function challenge(response: ServerResponse, status: 401 | 403, more: string): void {
    response.writeHead(status, { 'www-authenticate': `Bearer ${more}resource_metadata="${metadata}"` }).end()
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '/', origin).pathname
    if (path === new URL(metadata).pathname) return void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ resource: url, authorization_servers: [issuer], scopes_supported: [scope], bearer_methods_supported: ['header'] }))
    if (path !== PATH) return void response.writeHead(404).end()
    const token = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1]
    if (token === undefined) return challenge(response, 401, '')
    const { body } = await post(issuer, '/oauth/introspection', { token }, { authorization: basic(clientId, secret) })
    const scopes = typeof body['scope'] === 'string' ? body['scope'].split(' ') : []
    if (body['active'] !== true || body['aud'] !== url || !scopes.includes(scope)) return challenge(response, 401, 'error="invalid_token", ')
    const message = await bodyOf(request)
    const isWrite = JSON.stringify(message ?? {}).includes('"name":"write"')
    if (isWrite && !scopes.includes(writeScope)) return challenge(response, 403, `error="insufficient_scope", scope="${scope} ${writeScope}", `)
    const transport = new StreamableHTTPServerTransport({ enableJsonResponse: true })
    const server = tools(String(body['sub']))
    await server.connect(transport)
    await transport.handleRequest(request, response, message)
    response.on('close', () => void server.close())
  }

  const server = createServer((request, response) => {
    void answer(request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(port, 'localhost', resolve))
  return {
    url,
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

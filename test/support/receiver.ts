import { createServer, type IncomingHttpHeaders } from 'node:http'

// The other end of what the server sends by itself: real HTTP on this machine. A story says what it keeps of each request and what it answers.

export interface ReceivedRequest {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface ReceiverAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export interface Receiver {
  close(): void
}

/** Listens on a port and answers each request as the story says. */
export async function startReceiver(port: number, answer: (request: ReceivedRequest) => ReceiverAnswer | Promise<ReceiverAnswer>): Promise<Receiver> {
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => void (body += chunk.toString()))
    request.on('end', () => {
      const said = async (): Promise<ReceiverAnswer> => answer({ path: request.url ?? '', headers: request.headers, body })
      void said().then(({ status, headers = {}, body: text }) => response.writeHead(status, headers).end(text))
    })
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return {
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

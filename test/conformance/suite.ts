import { createServer } from 'node:http'

// The addresses at which the suite answers a server: keys, requests and documents that it published, and calls that it hears.

export interface Heard {
  readonly method: string | undefined
  readonly path: string | undefined
  readonly type: string | undefined
  readonly body: string
}

export interface Suite {
  readonly at: (path: string) => string
  /** Answers GET on a path from now on. */
  readonly publish: (path: string, body: string, type?: string) => void
  readonly heard: readonly Heard[]
  readonly close: () => Promise<void>
}

export async function startSuite(): Promise<Suite> {
  const published = new Map<string, { readonly body: string; readonly type: string }>()
  const heard: Heard[] = []
  const listener = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => void (body += chunk.toString()))
    request.on('end', () => {
      const { method, url: path, headers } = request
      heard.push({ method, path, type: headers['content-type'], body })
      const found = published.get(path ?? '')
      if (method === 'POST') response.writeHead(200).end()
      else if (found === undefined) response.writeHead(404).end()
      else response.writeHead(200, { 'content-type': found.type }).end(found.body)
    })
  })
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  const address = listener.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    at: (path) => `http://127.0.0.1:${address.port}${path}`,
    publish: (path, body, type = 'application/json') => void published.set(path, { body, type }),
    heard,
    close: () => new Promise((resolve) => void listener.close(() => resolve())),
  }
}

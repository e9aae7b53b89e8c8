import { connect, type Socket } from 'node:net'

// One keep-alive connection that writes ready-made requests and reads answers by their Content-Length: the load must cost the machine as
// little as it can, and send a different request each time.

export interface Answer {
  readonly status: number
  readonly head: string
  readonly body: string
}

export interface HttpConnection {
  send(request: string): Promise<Answer>
  close(): void
}

interface Waiting {
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: Error) => void
}

function readAnswer(text: string): { readonly answer: Answer; readonly length: number } | undefined {
  const end = text.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const head = text.slice(0, end)
  const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0)
  if (text.length < end + 4 + length) return undefined
  return { answer: { status: Number(text.slice(9, 12)), head, body: text.slice(end + 4, end + 4 + length) }, length: end + 4 + length }
}

/** Opens a connection to a port of this machine. */
export function openConnection(port: number): Promise<HttpConnection> {
  const socket: Socket = connect({ port, host: '127.0.0.1', noDelay: true })
  let waiting: Waiting | undefined
  let text = ''
  const fail = (error: Error): void => {
    waiting?.reject(error)
    waiting = undefined
  }
  socket.setEncoding('latin1')
  socket.on('data', (chunk: string) => {
    text += chunk
    const read = readAnswer(text)
    if (read === undefined) return
    text = text.slice(read.length)
    const { resolve } = waiting ?? { resolve: () => {} }
    waiting = undefined
    resolve(read.answer)
  })
  socket.on('close', () => fail(new Error('the server closed the connection')))
  const connection: HttpConnection = {
    send: (request) =>
      new Promise((resolve, reject) => {
        if (socket.destroyed) throw new Error('the server has closed the connection')
        waiting = { resolve, reject }
        socket.write(request, 'latin1')
      }),
    close: () => socket.destroy(),
  }
  return new Promise((resolve, reject) => {
    socket.once('connect', () => resolve(connection))
    socket.once('error', (error) => {
      fail(error)
      reject(error)
    })
  })
}

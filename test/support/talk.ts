import { connect } from 'node:net'

export interface Talk {
  /** Everything that came, as soon as this is in it or the other end has closed. */
  readonly next: (wanted: string) => Promise<string>
  readonly send: (text: string) => void
  readonly end: () => void
}

/** Opens a connection, sends these bytes, and gives what comes, piece by piece. */
export async function talk(port: number, bytes: string): Promise<Talk> {
  const socket = connect(port, 'localhost')
  await new Promise((resolve) => socket.once('connect', resolve))
  let text = ''
  let wake = (): void => undefined
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1')
    wake()
  })
  socket.on('error', () => undefined)
  socket.on('close', () => wake())
  socket.write(bytes)
  return {
    next: async (wanted) => {
      while (!text.includes(wanted) && !socket.closed) await new Promise<void>((resolve) => (wake = resolve))
      return text
    },
    send: (more) => void socket.write(more),
    end: () => socket.destroy(),
  }
}

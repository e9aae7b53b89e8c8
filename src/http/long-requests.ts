import type { IncomingMessage, ServerResponse } from 'node:http'

// Owns which requests may take longer to arrive than the server's requestTimeout. Everybody else's are cut off there: a thousand slow senders
// would hold a thousand connections. Whoever was let in first sends for as long as something moves, and the idle limit of the socket is what
// ends that.

/** Milliseconds in which the rest of a request may come whose answer is given already. */
const REST_MS = 15_000

const unhurried = new WeakSet<object>()

/** Lets this request take its time until it is answered. */
export function letTakeItsTime(incoming: IncomingMessage, response: ServerResponse): void {
  const { socket } = incoming
  unhurried.add(socket)
  response.once('close', () => {
    unhurried.delete(socket)
    // Node has looked at the time of this request once and does not look again.
    if (!incoming.complete) setTimeout(() => incoming.complete || socket.destroy(), REST_MS).unref()
  })
}

/** Whether what comes over this socket may take its time. */
export function isUnhurried(socket: object): boolean {
  return unhurried.has(socket)
}

import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Duplex, pipeline } from 'node:stream'
import { type Context, perContext } from '../context.ts'
import { OAuthError } from '../protocol/error.ts'
import { openRequest, type Outgoing } from './forward.ts'
import { CallerGone, type Upstream, UpstreamSilent } from './upstream.ts'
import type { Waiting } from './upgrades.ts'

// Owns a WebSocket between caller and upstream (RFC 6455): its handshake, and the two directions of bytes that follow. When it
// ends is open-calls.ts's.

const HANDSHAKE = /^sec-websocket-(key|version|protocol|extensions)$/
const ANSWERED = /^sec-websocket-(accept|protocol|extensions)$/

function chosen(raw: readonly string[], wanted: RegExp): readonly string[] {
  return raw.flatMap((name, i) => (i % 2 === 0 && wanted.test(name.toLowerCase()) ? [name.toLowerCase(), raw[i + 1] ?? ''] : []))
}

function headOf(answer: IncomingMessage): string {
  const headers = ['connection', 'Upgrade', 'upgrade', 'websocket', ...chosen(answer.rawHeaders, ANSWERED)]
  const lines = headers.flatMap((name, i) => (i % 2 === 0 ? [`${name}: ${headers[i + 1] ?? ''}\r\n`] : []))
  return `HTTP/1.1 101 Switching Protocols\r\n${lines.join('')}\r\n`
}

const open = perContext((_ctx: Context) => new Set<Duplex>())

/** Ends every WebSocket. */
export function closeTunnels(ctx: Context): void {
  for (const socket of open(ctx)) socket.destroy()
}

function join(ctx: Context, caller: Waiting, upstream: Waiting): void {
  open(ctx).add(caller.socket)
  caller.socket.once('close', () => open(ctx).delete(caller.socket))
  if (upstream.head.length > 0) caller.socket.write(upstream.head)
  if (caller.head.length > 0) upstream.socket.write(caller.head)
  const done = (): void => {
    caller.socket.destroy()
    upstream.socket.destroy()
  }
  pipeline(upstream.socket, caller.socket, done)
  pipeline(caller.socket, upstream.socket, done)
}

export interface Tunnel {
  readonly upstream: Upstream
  readonly outgoing: Outgoing
  readonly incoming: IncomingMessage
  readonly response: ServerResponse
  readonly caller: Waiting
}

/** Opens it. Gives the upstream's answer where that is another than yes; throws UpstreamSilent. */
export function openTunnel(ctx: Context, { upstream, outgoing, incoming, response, caller }: Tunnel): Promise<IncomingMessage | undefined> {
  return new Promise((resolve, reject) => {
    const out = openRequest(upstream, outgoing, ['connection', 'Upgrade', 'upgrade', 'websocket', ...chosen(incoming.rawHeaders, HANDSHAKE)])
    const timer = setTimeout(() => void out.destroy(new UpstreamSilent('too-slow')), upstream.timeout)
    const leave = (): void => void out.destroy(new CallerGone())
    caller.socket.once('close', leave)
    const settled = (): void => {
      clearTimeout(timer)
      caller.socket.off('close', leave)
    }
    out.once('upgrade', (answer, socket, head) => {
      settled()
      response.detachSocket(incoming.socket)
      for (const one of [incoming.socket, socket]) one.setTimeout(0).setNoDelay(true)
      caller.socket.write(headOf(answer))
      join(ctx, caller, { socket, head })
      resolve(undefined)
    })
    out.once('response', (answer) => {
      settled()
      resolve(answer)
    })
    out.once('error', (error) => {
      settled()
      reject(error instanceof UpstreamSilent || error instanceof OAuthError ? error : new UpstreamSilent('unreachable', error))
    })
    out.end()
  })
}

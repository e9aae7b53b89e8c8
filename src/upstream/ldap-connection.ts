import { connect, isIP, type Socket } from 'node:net'
import { connect as connectSecurely, type ConnectionOptions } from 'node:tls'
import { Client } from 'ldapts'
import { UpstreamFailure } from './connector.ts'
import { LATE } from './ldap-failure.ts'

// Owns one conversation with a directory: reached in time, encrypted to a verified name before anything is said, bounded in time and size,
// and closed in the end whatever happened. Each has a connection of its own, so that nobody ever acts on another's bind.

export interface DirectoryAddress {
  /** ldap:// or ldaps://, a host and perhaps a port. */
  readonly url: string
  readonly startTls: boolean
  /** Certificates of authorities in PEM, and no others; nothing: those that Node trusts. */
  readonly authorities: string | undefined
}

const CONNECT_MILLISECONDS = 3000
const MESSAGE_MILLISECONDS = 5000
const MOST_BYTES = 2 * 1024 * 1024
const SIZE_CHECK_MILLISECONDS = 50

/** The host of a directory's address, as certificates name it. */
export function hostOf(url: string): string {
  return new URL(url).hostname.replace(/^\[|\]$/g, '')
}

function tlsOptions({ url, authorities }: DirectoryAddress): ConnectionOptions {
  const host = hostOf(url)
  // The host is what the certificate must name: over a socket that exists already (StartTLS) Node would else expect "localhost".
  return { host, ...(isIP(host) === 0 ? { servername: host } : {}), minVersion: 'TLSv1.2', ...(authorities === undefined ? {} : { ca: authorities }) }
}

function watchSize(sockets: readonly Socket[]): NodeJS.Timeout {
  return setInterval(() => {
    for (const socket of sockets) if (socket.bytesRead > MOST_BYTES) socket.destroy()
  }, SIZE_CHECK_MILLISECONDS)
}

async function encrypt(client: Client, address: DirectoryAddress): Promise<void> {
  if (address.startTls) await client.startTLS(tlsOptions(address))
}

/** Runs a conversation and closes it. `deadline` ends it at any point. Throws what the library throws, or UpstreamFailure. */
export async function converse<T>(address: DirectoryAddress, deadline: AbortSignal, talk: (client: Client) => Promise<T>): Promise<T> {
  const sockets: Socket[] = []
  const keep = <S extends Socket>(socket: S): S => {
    sockets.push(socket)
    return socket
  }
  const client = new Client({
    url: address.url,
    connectTimeout: CONNECT_MILLISECONDS,
    timeout: MESSAGE_MILLISECONDS,
    ...(address.url.startsWith('ldaps:') ? { tlsOptions: tlsOptions(address) } : {}),
    createConnection: ((port: number, host: string) => keep(connect({ port, host }))) as typeof connect,
    createSecureConnection: ((...given: [number, string, ConnectionOptions] | [ConnectionOptions]) => keep(given.length === 1 ? connectSecurely(given[0]) : connectSecurely(given[0], given[1], given[2]))) as typeof connectSecurely,
  })
  const size = watchSize(sockets)
  const late = new Promise<never>((_resolve, reject) => {
    const end = (): void => reject(new UpstreamFailure('unavailable', LATE))
    if (deadline.aborted) end()
    else deadline.addEventListener('abort', end, { once: true })
  })
  try {
    return await Promise.race([encrypt(client, address).then(() => talk(client)), late])
  } finally {
    clearInterval(size)
    await client.unbind().catch(() => undefined)
    for (const socket of sockets) socket.destroy()
  }
}

import type { CustomFetch } from 'openid-client'
import type { Context } from '../context.ts'
import { isLoopbackAddress } from '../lib/address-class.ts'
import { canParseUrl } from '../lib/can-parse-url.ts'
import { UpstreamFailure } from './connector.ts'

// What the connectors that speak HTTP share: the way out, its deadline, and which addresses may be declared.

/** Everything after the return together: the server gives a person an answer within ten seconds. Milliseconds. */
const DEADLINE_MILLISECONDS = 8000

/** The library's requests, by the one client there is. */
export function outgoing(ctx: Context): CustomFetch {
  return (url, { method, headers, body, signal }) => ctx.fetch(url, { method, headers, body: body instanceof ArrayBuffer ? new Uint8Array(body) : body instanceof ReadableStream ? undefined : body, signal })
}

/** The work, or that it took too long. */
export function within<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new UpstreamFailure('unavailable', 'deadline')), DEADLINE_MILLISECONDS)
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}

/** https, or http of this very machine, which is reached in tests only. */
export function isSecureAddress(text: string): boolean {
  if (!canParseUrl(text)) return false
  const { protocol, hostname, username } = new URL(text)
  const isLocal = hostname === 'localhost' || hostname.endsWith('.localhost') || isLoopbackAddress(hostname.replace(/^\[|\]$/g, ''))
  return username === '' && (protocol === 'https:' || (protocol === 'http:' && isLocal))
}

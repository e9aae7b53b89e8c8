import type { Context } from '../context.ts'
import { hmacSha256 } from '../lib/digest.ts'

// Owns how an event is signed for its receiver (Standard Webhooks). The secret of a webhook is made of this server's own secrets, the client
// and the address, and kept nowhere: with another address there is another secret, and while a server secret is being replaced there are
// signatures by both.

const PREFIX = 'whsec_'

function keysOf(ctx: Context, clientKey: string, uri: string): readonly Buffer[] {
  return ctx.sealing.macKeys('consent-webhook').map((key) => hmacSha256(key, `${clientKey} ${uri}`))
}

/** What the receiver verifies with: the first one is in use, the others are on their way out. */
export function webhookSecrets(ctx: Context, clientKey: string, uri: string): readonly string[] {
  return keysOf(ctx, clientKey, uri).map((key) => PREFIX + key.toString('base64'))
}

export interface Message {
  readonly id: string
  /** Seconds since the epoch. */
  readonly timestamp: number
  readonly body: string
}

/** The headers of a message, for the receiver at an address of a client. */
export function signedHeaders(ctx: Context, clientKey: string, uri: string, { id, timestamp, body }: Message): Readonly<Record<string, string>> {
  const signatures = keysOf(ctx, clientKey, uri).map((key) => `v1,${hmacSha256(key, `${id}.${timestamp}.${body}`).toString('base64')}`)
  return { 'webhook-id': id, 'webhook-timestamp': String(timestamp), 'webhook-signature': signatures.join(' ') }
}

import type { Context } from '../context.ts'

// What the gatekeeper and an API prove to each other is sent as it is, so it is kept sealed, bound to the API's id.

export function sealApiSecret(ctx: Context, apiId: string, secret: string): Buffer {
  return ctx.sealing.seal('api-secret', Buffer.from(secret), apiId)
}

/** The secret; nothing where there is none. Throws when there is one that the configured keys do not open. */
export function unsealApiSecret(ctx: Context, apiId: string, sealed: Buffer | undefined): string | undefined {
  if (sealed === undefined) return undefined
  const plain = ctx.sealing.unseal('api-secret', sealed, apiId)
  if (plain === undefined) throw new Error(`the secret of the API ${apiId} cannot be opened: PORTNER_SECRET_KEY has changed`)
  return plain.toString('utf8')
}

/** Whether that is the secret, to see whether a declared one is new. One that cannot be opened any more is another one. */
export function isSealedApiSecret(ctx: Context, apiId: string, sealed: Buffer, secret: string): boolean {
  return ctx.sealing.unseal('api-secret', sealed, apiId)?.toString('utf8') === secret
}

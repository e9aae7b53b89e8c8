import type { Context } from '../context.ts'

// What we prove ourselves with to a provider must be sent to it as it is, so it is kept sealed, bound to the provider's id.

export function sealSecret(ctx: Context, providerId: string, secret: string): Buffer {
  return ctx.sealing.seal('provider-settings', Buffer.from(secret), providerId)
}

/** The secret; nothing where there is none. Throws when there is one that the configured keys do not open. */
export function unsealSecret(ctx: Context, providerId: string, sealed: Buffer | undefined): string | undefined {
  if (sealed === undefined) return undefined
  const plain = ctx.sealing.unseal('provider-settings', sealed, providerId)
  if (plain === undefined) throw new Error(`the secret of the provider ${providerId} cannot be opened: PORTNER_SECRET_KEY has changed`)
  return plain.toString('utf8')
}

/** Whether that is the secret, to see whether a declared one is new. One that cannot be opened any more is another one. */
export function isSealedSecret(ctx: Context, providerId: string, sealed: Buffer, secret: string): boolean {
  return ctx.sealing.unseal('provider-settings', sealed, providerId)?.toString('utf8') === secret
}

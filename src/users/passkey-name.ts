import type { Context } from '../context.ts'

/** What a passkey is called that nobody named: people know it again by its day. */
export function defaultPasskeyName(ctx: Pick<Context, 'clock'>): string {
  return `Passkey ${new Date(ctx.clock.now()).toISOString().slice(0, 10)}`
}

import type { Context } from '../context.ts'
import { confirmedAddress } from '../users/confirmed-address.ts'
import type { User } from '../users/user.ts'

/**
 * Tells the owner of an account by mail that a proof was added or taken away, in the account or on the way to an application: whoever got in
 * with a password would keep the door open with a key of their own, and the owner learns of it where they cannot look.
 */
export async function tellOfFactor(ctx: Context, user: User, kind: 'factor-added' | 'factor-removed', language: string): Promise<void> {
  const to = confirmedAddress(user)
  if (to !== undefined) await ctx.mail.send({ kind, to, language, expiresInSeconds: 86_400 })
}

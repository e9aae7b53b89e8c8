import { createRegistrationToken } from '../clients/registrations.ts'
import type { Context } from '../context.ts'
import type { Changer } from './changer.ts'
import { actorOf } from './way.ts'

/** Gives out a token with which others register clients (RFC 7591 §3). It is told once. */
export async function giveRegistrationToken(ctx: Context, changer: Changer, token: { readonly note: string; readonly uses: number; readonly seconds: number }): Promise<string> {
  const text = await createRegistrationToken(ctx.db, token, ctx.clock.now())
  ctx.audit.record({ event: 'registration_token.given', uses: token.uses, seconds: token.seconds, through: changer.through, ...actorOf(changer) })
  return text
}

import { sql } from 'kysely'
import { drawEmailCode, hasEmailCode, takeEmailCode } from '../../users/email-codes.ts'
import { takesEmailCodes } from '../../users/factor-preferences.ts'
import { countAttempt } from '../attempts.ts'
import type { Factor } from './factor.ts'
import { typedCode } from './typed-code.ts'

const MOST_MAILS = 5
const WINDOW_SECONDS = 900
const MINUTES = 10

/** A code by e-mail, for whoever has turned that on: a mailbox is often open on the same device, so it is nobody's second factor unasked. */
export const emailCode: Factor = {
  name: 'email-code',
  kind: 'code',
  isFallback: false,
  has: (ctx, { userId, claims }) => (ctx.mail.isOffered && claims.email !== undefined && claims.email_verified === true ? takesEmailCodes(userId) : sql`false`),
  isSent: (ctx, { user, interactionId }) => hasEmailCode(ctx, user.userId, interactionId),
  send: async (ctx, { user, interactionId, language }) => {
    const { userId, claims } = user
    const { count } = await countAttempt(ctx, `factor/mail/${userId}`, WINDOW_SECONDS)
    if (count > MOST_MAILS || claims.email === undefined) return
    const code = await drawEmailCode(ctx, userId, interactionId)
    await ctx.mail.send({ kind: 'sign-in-code', to: claims.email, language, code, values: { minutes: MINUTES }, expiresInSeconds: MINUTES * 60 })
  },
  prove: async (ctx, { user, interactionId }, form) => {
    const is = await takeEmailCode(ctx, user.userId, interactionId, typedCode(form))
    return is === 'good' ? { is, amr: ['otp'] } : { is }
  },
}

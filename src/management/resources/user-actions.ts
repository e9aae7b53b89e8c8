import { z } from 'zod'
import type { Context } from '../../context.ts'
import { endAllSessions, mayBeSentReset, sendReset, takeFactors } from '../../declarations/people.ts'
import { isRowId } from '../../lib/random.ts'
import { can } from '../../organizations/can.ts'
import { findUser } from '../../users/store.ts'
import type { User } from '../../users/user.ts'
import type { Caller } from '../caller.ts'
import { conflict, notFound } from '../failure.ts'
import { operation, param, type Resource } from '../operation.ts'

const ONE = '/api/users/{user_id}'
/** Of mails to somebody who is not asking; their own language is in their claims. */
const LANGUAGE = 'en'

async function requireUser(ctx: Context, { actor }: Caller, userId: string): Promise<User> {
  const found = isRowId(userId) ? await findUser(ctx.db, userId) : undefined
  // To themselves a person does this on the account pages.
  if (found === undefined || !can(actor, 'change', { kind: 'user', owner: {} })) throw notFound()
  return found
}

function languageOf({ claims }: User): string {
  return claims.locale ?? LANGUAGE
}

/** What operators do for people who have lost something, or whose account has. */
export const userActions: Resource = () => [
  operation({
    method: 'POST',
    path: `${ONE}/end-sessions`,
    id: 'endSessions',
    summary: 'Signs a person out everywhere; with `offline` also ends what applications may do while nobody is signed in',
    scope: 'portner.users.write',
    body: { reads: z.strictObject({ offline: z.boolean().default(false) }), example: { offline: true } },
    answer: { status: 200, description: 'How many sessions ended', schema: { name: 'EndedSessions', schema: z.strictObject({ user_id: z.uuid(), sessions: z.int() }) } },
    refusals: [404],
    needsRecentSignIn: true,
    run: async (call) => {
      const user = await requireUser(call.ctx, call.caller, param(call, 'user_id'))
      return { status: 200, body: { user_id: user.userId, sessions: await endAllSessions(call.ctx, call.caller, user, call.body.offline) } }
    },
  }),
  operation({
    method: 'POST',
    path: `${ONE}/remove-factors`,
    id: 'removeFactors',
    summary: 'Takes all passkeys, the authenticator app and recovery codes from a person who has lost them; the person is told by mail',
    scope: 'portner.users.write',
    body: { reads: z.strictObject({ reason: z.string().trim().min(1).max(200).regex(/^\P{Cc}*$/u, 'must be one line') }), example: { reason: 'Lost telephone, shown passport' } },
    answer: { status: 204, description: 'They have none' },
    refusals: [404],
    needsRecentSignIn: true,
    run: async (call) => {
      const user = await requireUser(call.ctx, call.caller, param(call, 'user_id'))
      await takeFactors(call.ctx, call.caller, user, { reason: call.body.reason, language: languageOf(user) })
      return { status: 204 }
    },
  }),
  operation({
    method: 'POST',
    path: `${ONE}/send-reset`,
    id: 'sendReset',
    summary: 'Sends a person a link to set a new password, to the confirmed address and nowhere else',
    scope: 'portner.users.write',
    answer: { status: 204, description: 'It is on its way' },
    refusals: [404, 409],
    needsRecentSignIn: true,
    run: async (call) => {
      const user = await requireUser(call.ctx, call.caller, param(call, 'user_id'))
      if (!(await mayBeSentReset(call.ctx, user))) throw conflict('in_use', 'There is no confirmed address, no password here, or no mail is sent')
      await sendReset(call.ctx, call.caller, user, languageOf(user))
      return { status: 204 }
    },
  }),
]

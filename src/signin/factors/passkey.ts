import { listPasskeys, passkeyExists } from '../../users/passkeys.ts'
import { assertionOptions, takeAssertion } from '../../users/webauthn.ts'
import type { Factor, FactorQuestion } from './factor.ts'

function subject({ user, browserId, interactionId }: FactorQuestion): string {
  return `factor/${browserId}/${interactionId}/${user.userId}`
}

/** A passkey or security key after another proof: holding it is enough, the password has said who it is. */
export const passkey: Factor = {
  name: 'passkey',
  kind: 'passkey',
  isFallback: false,
  has: (_, { userId }) => passkeyExists(userId),
  options: async (ctx, question) => assertionOptions(ctx, subject(question), await listPasskeys(ctx, question.user.userId)),
  prove: async (ctx, question, form) => {
    const proven = await takeAssertion(ctx, form.single.get('credential') ?? '', { subject: subject(question), requireUserVerification: false, userId: question.user.userId })
    return proven === undefined ? { is: 'wrong' } : { is: 'good', amr: proven.amr }
  },
}

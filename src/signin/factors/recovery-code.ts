import { recoveryCodeExists, takeRecoveryCode } from '../../users/recovery-codes.ts'
import type { Factor } from './factor.ts'
import { typedCode } from './typed-code.ts'

/** One of ten codes on paper: for whoever has lost everything else. */
export const recoveryCode: Factor = {
  name: 'recovery-code',
  kind: 'code',
  isFallback: true,
  has: (_, { userId }) => recoveryCodeExists(userId),
  prove: async (ctx, { user }, form) => {
    const is = await takeRecoveryCode(ctx, user.userId, typedCode(form))
    if (is !== 'good') return { is }
    ctx.audit.record({ event: 'factor.recovery_code_used', userId: user.userId })
    return { is, amr: ['otp'] }
  },
}

import { totpSecretExists, takeTotpCode } from '../../users/totp-secrets.ts'
import type { Factor } from './factor.ts'
import { typedCode } from './typed-code.ts'

/** Codes of an authenticator app (RFC 6238). */
export const totp: Factor = {
  name: 'totp',
  kind: 'code',
  isFallback: false,
  has: (_, { userId }) => totpSecretExists(userId),
  prove: async (ctx, { user }, form) => {
    const is = await takeTotpCode(ctx, user.userId, typedCode(form))
    return is === 'good' ? { is, amr: ['otp'] } : { is }
  },
}

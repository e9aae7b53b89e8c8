import type { Context } from '../context.ts'
import { inTransaction } from '../database/transaction.ts'
import { deleteFactorPreferences } from './factor-preferences.ts'
import { deletePasskeys } from './passkeys.ts'
import { deleteRecoveryCodes } from './recovery-codes.ts'
import { deleteTotpSecret } from './totp-secrets.ts'
import { forgetTrustedDevices } from './trusted-devices.ts'

/** Takes everything away from a person that proves them beside a password: for whoever has lost it, by an operator who has made sure who asks. All or nothing. */
export async function removeFactors(ctx: Context, userId: string): Promise<void> {
  await inTransaction(ctx.db, async (trx) => {
    await deletePasskeys(trx, userId)
    await deleteTotpSecret(trx, userId)
    await deleteRecoveryCodes(trx, userId)
    await forgetTrustedDevices(trx, userId)
    await deleteFactorPreferences(trx, userId)
  })
}

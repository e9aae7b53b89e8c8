import type { Context } from '../context.ts'
import { fromBase32, TOTP_STEP_SECONDS, totpCode } from '../lib/totp.ts'
import { findLocalUser } from '../users/store.ts'
import { hasTotpSecret, saveTotpSecret } from '../users/totp-secrets.ts'

// The second factor of `lin` in the demo: an authenticator app that everybody has, with a public key. The demo's page shows what it shows.

/** To be typed into an app of one's own. */
export const DEMO_APP_KEY = 'DEMODEMODEMODEMODEMODEMODEMODEMO'
const secret = fromBase32(DEMO_APP_KEY) ?? Buffer.alloc(0)

/** Gives lin the app, unless there is one: lin may have been given another by whoever tries the account pages. */
export async function giveDemoFactor(ctx: Context): Promise<void> {
  const lin = await findLocalUser(ctx.db, 'ntu', 'lin')
  if (lin === undefined || (await hasTotpSecret(ctx, lin.userId))) return
  await saveTotpSecret(ctx, ctx.db, lin.userId, secret, 0, true)
}

/** The code of this moment. */
export function demoCode(ctx: Context): string {
  return totpCode(secret, Math.floor(ctx.clock.now() / 1000 / TOTP_STEP_SECONDS))
}

import { emailCode } from './email-code.ts'
import type { Factor } from './factor.ts'
import { passkey } from './passkey.ts'
import { recoveryCode } from './recovery-code.ts'
import { totp } from './totp.ts'

/** The second factors, in the order in which they are offered. */
export const factors: readonly Factor[] = [passkey, totp, emailCode, recoveryCode]

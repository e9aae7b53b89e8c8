import type { Factor } from './factor.ts'
import { recoveryCode } from './recovery-code.ts'
import { totp } from './totp.ts'

/** The second factors, in the order in which they are offered. */
export const factors: readonly Factor[] = [totp, recoveryCode]

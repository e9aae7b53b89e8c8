/** A person signed in in one browser: when, how, and by which provider. One truth for `auth_time`, `acr` and `amr` (protocol/acr.ts reads them). */
export interface Session {
  readonly sessionId: string
  readonly userId: string
  readonly providerId: string
  /** Seconds since the epoch. */
  readonly authTime: number
  readonly acr: string | undefined
  readonly amr: readonly string[]
  /** What was proven beside that, here: the `amr` values of a second factor. Empty without one. */
  readonly factors: readonly string[]
  /** When that was. Seconds since the epoch. */
  readonly factorAt: number | undefined
  /** False for a sign-in on a shared computer: it serves the journey it was made for, and no other. */
  readonly remembered: boolean
}

/** Signed out by itself after this long without use, and at the latest after the absolute limit. Seconds. */
export const SESSION_IDLE_SECONDS = 12 * 3600
export const SESSION_ABSOLUTE_SECONDS = 7 * 86_400
/** How long a device remembers who signed in on it. Seconds. */
export const DEVICE_SECONDS = 180 * 86_400
/** A browser without a signed-in account: long enough to come back to an open login page. Seconds. */
export const BROWSER_SECONDS = 8 * 86_400

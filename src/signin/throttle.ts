import type { Context } from '../context.ts'
import { normalizeUsername } from '../users/user.ts'
import { clearAttempts, countAttempt } from './attempts.ts'

// How many wrong passwords there may be: per account and per network, counted before the password is looked at. On a device that knows the
// account the account's counter is its own, so that a stranger cannot lock the owner out.

const WINDOW_SECONDS = 900
const PER_ACCOUNT = 8
const PER_NETWORK = 100

export interface LoginAttempt {
  readonly providerId: string
  readonly username: string
  readonly address: string
  /** The device, when it remembers this very account. */
  readonly knownDevice: string | undefined
}

/** IPv4 by /24 and IPv6 by /56: what one household or lab can change at will. */
function network(address: string): string {
  if (address.includes(':')) return address.split(':').slice(0, 4).join(':').slice(0, -2)
  return address.split('.').slice(0, 3).join('.')
}

function accountKey({ providerId, username, knownDevice }: LoginAttempt): string {
  return `login/account/${knownDevice ?? ''}/${providerId}/${normalizeUsername(username)}`
}

/** Counts an attempt. Says until when no more are taken, or nothing when this one may go on. */
export async function throttleLogin(ctx: Context, attempt: LoginAttempt): Promise<Date | undefined> {
  const [account, net] = await Promise.all([
    countAttempt(ctx, accountKey(attempt), WINDOW_SECONDS),
    countAttempt(ctx, `login/network/${network(attempt.address)}`, WINDOW_SECONDS),
  ])
  if (account.count > PER_ACCOUNT) return account.until
  return net.count > PER_NETWORK ? net.until : undefined
}

/** A good sign-in starts the account's counter anew. */
export async function loginSucceeded(ctx: Context, attempt: LoginAttempt): Promise<void> {
  await clearAttempts(ctx, accountKey(attempt))
}

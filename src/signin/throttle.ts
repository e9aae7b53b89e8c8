import type { Context } from '../context.ts'
import { normalizeUsername } from '../users/user.ts'
import { clearAttempts, countAttempts, takeBackAttempts } from './attempts.ts'

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

const MAPPED_IPV4 = /^::ffff:(\d+\.\d+\.\d+)\.\d+$/i

/** IPv4 by /24 and IPv6 by /56: what one household or lab can change at will. However an address is shortened, its network is one. */
export function networkOf(address: string): string {
  const mapped = MAPPED_IPV4.exec(address)?.[1]
  if (mapped !== undefined || !address.includes(':')) return mapped ?? address.split('.').slice(0, 3).join('.')
  const [before = [], after = []] = address.toLowerCase().split('::').map((part) => (part === '' ? [] : part.split(':')))
  const zeros = Array.from({ length: Math.max(0, 8 - before.length - after.length) }, () => '0')
  const groups = [...before, ...zeros, ...after].map((group) => group.padStart(4, '0'))
  return groups.slice(0, 4).join(':').slice(0, -2)
}

function networkKey({ address }: LoginAttempt): string {
  return `login/network/${networkOf(address)}`
}

function accountKey({ providerId, username, knownDevice }: LoginAttempt): string {
  return `login/account/${knownDevice ?? ''}/${providerId}/${normalizeUsername(username)}`
}

/** What no more attempts are taken for, and until when. */
export interface LoginLimit {
  readonly by: 'account' | 'network'
  readonly until: Date
}

/** Counts an attempt. Says what no more are taken for, or nothing when this one may go on. A device that knows the account is not held up by its network. */
export async function throttleLogin(ctx: Context, attempt: LoginAttempt): Promise<LoginLimit | undefined> {
  const [account, net] = await countAttempts(ctx, [accountKey(attempt), networkKey(attempt)], WINDOW_SECONDS)
  if (account.count > PER_ACCOUNT) {
    // No password was tried: one account under fire does not lock out everybody behind the same address.
    await takeBackAttempts(ctx, [networkKey(attempt)])
    return { by: 'account', until: account.until }
  }
  return net.count > PER_NETWORK && attempt.knownDevice === undefined ? { by: 'network', until: net.until } : undefined
}

/** Nobody could be asked whether the password is right: nothing was tried, and nothing is counted. */
export async function loginNotTried(ctx: Context, attempt: LoginAttempt): Promise<void> {
  await takeBackAttempts(ctx, [accountKey(attempt), networkKey(attempt)])
}

/** A good sign-in starts the account's counter anew, and does not count in its network: a whole campus may come from one address at nine o'clock. */
export async function loginSucceeded(ctx: Context, attempt: LoginAttempt): Promise<void> {
  await takeBackAttempts(ctx, [networkKey(attempt)], [accountKey(attempt)])
}

/** Forgets the wrong guesses at an account's names: it has a new password. */
export async function forgiveLogin(ctx: Context, providerId: string, names: readonly string[]): Promise<void> {
  await Promise.all(names.map((username) => clearAttempts(ctx, accountKey({ providerId, username, address: '', knownDevice: undefined }))))
}

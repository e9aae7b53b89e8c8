import type { Context } from '../context.ts'
import { PasswordsBusy } from '../lib/password.ts'
import { listRememberedAccounts } from '../sessions/devices.ts'
import { type PasswordConnector, UpstreamFailure } from '../upstream/connector.ts'
import type { ProviderFacts } from '../upstream/provider.ts'
import type { User } from '../users/user.ts'
import { personOf } from './person-of.ts'
import type { Progress } from './store.ts'
import { loginNotTried, loginSucceeded, throttleLogin } from './throttle.ts'

// Owns how a password is tried, wherever it was typed: one set of counters for all doors, or the loosest of them would be the lock.

export type PasswordFailure = NonNullable<Progress['failure']>

export interface PasswordTry {
  readonly username: string
  readonly password: string
  readonly address: string
  /** The device that the browser is known as. */
  readonly deviceId: string | undefined
}

/**
 * Counts, looks up, compares. The user, or why not; a stranger's name costs the same time as a known one. Throws PasswordsBusy, and
 * UpstreamFailure where a provider is asked: then nothing was tried.
 */
export async function tryPassword(ctx: Context, provider: ProviderFacts, connector: PasswordConnector, { username, password, address, deviceId }: PasswordTry): Promise<User | PasswordFailure> {
  const { provider_id: providerId } = provider.provider
  const user = await connector.whose(username)
  const known = deviceId !== undefined && user !== undefined && (await listRememberedAccounts(ctx, deviceId)).some((account) => account.userId === user.userId)
  const attempt = { providerId, username, address, knownDevice: known ? deviceId : undefined }
  const limit = await throttleLogin(ctx, attempt)
  const about = { providerId, ...(user === undefined ? {} : { userId: user.userId }) }
  if (limit !== undefined) {
    ctx.audit.record({ event: 'login.throttled', ...about })
    return { error: limit.by === 'network' ? 'network' : 'throttled', providerId, username, until: limit.until.toISOString() }
  }
  const proven = await connector.verify(user, username, password).catch(async (error: unknown) => {
    if (error instanceof UpstreamFailure || error instanceof PasswordsBusy) await loginNotTried(ctx, attempt)
    throw error
  })
  if (proven === undefined) {
    ctx.audit.record({ event: 'login.failed', ...about, reason: 'credentials' })
    return { error: 'credentials', providerId, username }
  }
  await loginSucceeded(ctx, attempt)
  const person = 'userId' in proven ? proven : await personOf(ctx, provider, proven, username)
  if (person.status === 'locked') {
    ctx.audit.record({ event: 'login.failed', providerId, userId: person.userId, reason: 'locked' })
    return { error: 'locked', providerId, username }
  }
  return person
}

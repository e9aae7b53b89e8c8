import { z } from 'zod'
import { isPasswordOf } from '../users/passwords.ts'
import { findLocalUser } from '../users/store.ts'
import type { ConnectorType } from './connector.ts'
import { type Provider, providerId, providerMembers } from './provider.ts'

const schema = z.strictObject({
  provider_id: providerId,
  protocol: z.literal('local'),
  ...providerMembers,
  /** Whether people may make accounts by themselves; closed when left out. */
  sign_up: z.enum(['open', 'closed']).optional(),
})

/** Whether people may make accounts at this provider by themselves. */
export function takesSignUps(provider: Provider): boolean {
  return provider.protocol === 'local' && 'sign_up' in provider && provider.sign_up === 'open'
}

/** Accounts that are kept here, with a password. */
export const localPassword: ConnectorType = {
  protocol: 'local',
  schema,
  hasSecret: false,
  open: (ctx, { facts }) => ({
    kind: 'password',
    whose: (username) => findLocalUser(ctx.db, facts.provider.organization, username),
    verify: async (user, _username, password) => ((await isPasswordOf(ctx, user?.userId, password)) ? user : undefined),
    holds: (user) => user.username !== undefined && user.organizationId === facts.provider.organization,
  }),
}

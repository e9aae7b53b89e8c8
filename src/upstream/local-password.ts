import { z } from 'zod'
import { isPasswordOf } from '../users/passwords.ts'
import { findLocalUser } from '../users/store.ts'
import type { ConnectorType } from './connector.ts'
import { providerId, providerMembers } from './provider.ts'

/** Accounts that are kept here, with a password. */
export const localPassword: ConnectorType = {
  protocol: 'local',
  schema: z.strictObject({ provider_id: providerId, protocol: z.literal('local'), ...providerMembers }),
  hasSecret: false,
  open: (ctx, { facts }) => ({
    kind: 'password',
    whose: (username) => findLocalUser(ctx.db, facts.provider.organization, username),
    verify: async (user, _username, password) => ((await isPasswordOf(ctx, user?.userId, password)) ? user : undefined),
  }),
}

import type { Context } from '../context.ts'
import type { RememberedRow, SessionRow } from '../http/account-views.ts'
import { type Locale, localized } from '../http/locale.ts'
import { readAgent } from '../lib/user-agent.ts'
import { listRememberedAccounts } from '../sessions/devices.ts'
import { listSessionsOf } from '../sessions/store.ts'
import { initials } from '../signin/initials.ts'
import { findProvider } from '../upstream/store.ts'
import { findUsers } from '../users/store.ts'
import { displayName } from '../users/user.ts'
import type { Account } from './section.ts'

// Where a person is signed in, and whom this device remembers, as they read it.

async function institution(ctx: Context, providerId: string, language: Locale): Promise<string | undefined> {
  const facts = await findProvider(ctx, providerId)
  return facts && localized(facts.provider.name, language)
}

/** The live sign-ins of the person in all browsers, this one first. */
export async function sessionRows(ctx: Context, { user, session: own }: Account, language: Locale, path: string): Promise<readonly SessionRow[]> {
  const sessions = await listSessionsOf(ctx, user.userId)
  const rows = await Promise.all(
    sessions.map(async (session): Promise<SessionRow> => ({
      id: session.sessionId,
      ...readAgent(session.agent),
      place: session.place,
      institution: await institution(ctx, session.providerId, language),
      since: new Date(session.authTime * 1000),
      seenAt: session.seenAt,
      current: session.sessionId === own.sessionId,
      shared: !session.remembered,
      endHref: `${path}/${session.sessionId}/end`,
    })),
  )
  return rows.toSorted((a, b) => Number(b.current) - Number(a.current))
}

/** The accounts that this device remembers: the same as the account chooser shows to whoever sits here. */
export async function rememberedRows(ctx: Context, { user, deviceId }: Account, language: Locale, path: string): Promise<readonly RememberedRow[]> {
  const accounts = deviceId === undefined ? [] : await listRememberedAccounts(ctx, deviceId)
  const users = new Map((await findUsers(ctx.db, accounts.map(({ userId }) => userId))).map((one) => [one.userId, one]))
  const rows = await Promise.all(
    accounts.map(async ({ userId, providerId }): Promise<RememberedRow | undefined> => {
      const whose = users.get(userId)
      if (whose === undefined) return undefined
      const name = displayName(whose)
      return { id: userId, name, address: whose.claims.email ?? whose.username, institution: await institution(ctx, providerId, language), initials: initials(name), own: userId === user.userId, forgetHref: `${path}/${userId}/forget` }
    }),
  )
  return rows.filter((row) => row !== undefined)
}

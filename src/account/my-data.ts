import { readHistory } from '../audit/history.ts'
import type { Context } from '../context.ts'
import { readAgent } from '../lib/user-agent.ts'
import { listSessionsOf } from '../sessions/store.ts'
import type { User } from '../users/user.ts'
import { lastOf, listApplications } from './application-rows.ts'

// What this service has of one person, for themselves to take along: as plain JSON, with the identifiers that applications know. Nothing in
// it opens anything: no token, no hash, no cookie.

/** More than anybody has in 90 days; a bound for what one request reads. */
const MOST_EVENTS = 10_000

/** What happened in the last 90 days. */
export async function historyExport(ctx: Context, user: User): Promise<readonly Readonly<Record<string, unknown>>[]> {
  await ctx.audit.flush()
  const entries = await readHistory(ctx.db, ctx.clock, user.userId, { limit: MOST_EVENTS })
  return entries.map(({ at, event, clientId, providerId, scope }) => ({ at: at.toISOString(), event, client_id: clientId, provider_id: providerId, scope }))
}

/** Everything: profile, applications, sign-ins, history. */
export async function dataExport(ctx: Context, user: User): Promise<Readonly<Record<string, unknown>>> {
  const [applications, sessions, history] = await Promise.all([listApplications(ctx, user, 'en'), listSessionsOf(ctx, user.userId), historyExport(ctx, user)])
  return {
    issuer: ctx.config.issuer,
    exported_at: new Date(ctx.clock.now()).toISOString(),
    profile: { sub: user.userId, username: user.username, organization: user.organizationId, groups: user.groups, claims: user.claims },
    applications: applications.map(({ client, name, consent, live }) => ({
      client_id: client.clientId,
      name,
      granted: consent.granted,
      since: consent.since.toISOString(),
      last_used: lastOf(consent.usedAt, live?.refreshedAt)?.toISOString(),
      last_used_by_scope: Object.fromEntries([...consent.scopeUses].map(([scope, at]) => [scope, at.toISOString()])),
      access: live === undefined ? undefined : { scope: live.scopes, while_signed_out: live.offline, devices: live.devices },
    })),
    sessions: sessions.map((session) => ({
      ...readAgent(session.agent),
      place: session.place,
      provider_id: session.providerId,
      signed_in_at: new Date(session.authTime * 1000).toISOString(),
      last_seen_at: session.seenAt.toISOString(),
      amr: session.amr,
      shared_computer: !session.remembered,
    })),
    history,
  }
}

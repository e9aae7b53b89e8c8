import { sql } from 'kysely'
import type { Context } from '../context.ts'
import { type DrawnToken, drawToken, readToken } from '../lib/opaque-token.ts'
import { BROWSER_SECONDS } from './session.ts'

// Owns browsers: one row a session cookie. The cookie's secret is renewed when somebody signs in (what an attacker may have planted
// before is then worth nothing). The one before is still recognised for a minute, because another tab's request may be on its way with it:
// it keeps the journeys of that tab alive, but it must see nobody signed in.

export interface Browser {
  readonly browserId: string
  /** The cookie is the one from before the last sign-in. */
  readonly isSuperseded: boolean
  /** The session that the account pages are about, as far as one was picked; it may have ended since. */
  readonly accountSessionId: string | undefined
}

const GRACE_SECONDS = 60

/** The browser of a cookie, or nothing. */
export async function findBrowser(ctx: Context, cookie: string | undefined): Promise<Browser | undefined> {
  const presented = cookie === undefined ? undefined : readToken('bs', cookie)
  if (presented === undefined) return undefined
  const { rows } = await sql<{ browser_id: string; is_superseded: boolean; account_session_id: string | null }>`select browser_id, secret_hash <> ${presented.hash} as is_superseded, account_session_id from browsers where browser_id = ${presented.id} and expires_at > clock_now()
    and (secret_hash = ${presented.hash} or (previous_hash = ${presented.hash} and previous_until > clock_now()))`.execute(ctx.db)
  return rows[0] === undefined ? undefined : { browserId: rows[0].browser_id, isSuperseded: rows[0].is_superseded, accountSessionId: rows[0].account_session_id ?? undefined }
}

/** A new browser; its token is the cookie's value. */
export async function createBrowser(ctx: Context): Promise<DrawnToken> {
  const token = drawToken('bs', ctx.clock.now())
  await sql`insert into browsers (browser_id, secret_hash, expires_at) values (${token.id}, ${token.hash}, clock_now() + make_interval(secs => ${BROWSER_SECONDS}))`.execute(ctx.db)
  return token
}

/**
 * A new secret for the same browser. With the cookie that was shown: nothing when another request was quicker to renew it (the other half of a
 * double click), whose answer must stay worth something in whatever order the two arrive.
 */
export async function renewBrowser(ctx: Context, browserId: string, cookie?: string): Promise<DrawnToken | undefined> {
  const token = drawToken('bs', ctx.clock.now(), browserId)
  const shown = cookie === undefined ? undefined : readToken('bs', cookie)
  const { numAffectedRows } = await sql`update browsers set previous_hash = secret_hash, previous_until = clock_now() + make_interval(secs => ${GRACE_SECONDS}), secret_hash = ${token.hash},
    expires_at = clock_now() + make_interval(secs => ${BROWSER_SECONDS}) where browser_id = ${browserId} and (${shown === undefined} or secret_hash = ${shown?.hash ?? null})`.execute(ctx.db)
  return numAffectedRows === 1n ? token : undefined
}

/** Notes which of a browser's sessions the account pages are about. */
export async function setAccountSession(ctx: Context, browserId: string, sessionId: string): Promise<void> {
  await sql`update browsers set account_session_id = ${sessionId} where browser_id = ${browserId}`.execute(ctx.db)
}

/** Deletes at most `limit` expired rows. Returns how many. */
export async function deleteExpiredBrowsers(ctx: Context, limit: number): Promise<number> {
  const result = await sql`delete from browsers where browser_id in (select browser_id from browsers where expires_at < clock_now() limit ${limit} for update skip locked)`.execute(ctx.db)
  return Number(result.numAffectedRows ?? 0n)
}

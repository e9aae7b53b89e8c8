import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../context.ts'
import { page } from '../http/pages.ts'
import { hasTwoFactors } from '../protocol/acr.ts'
import type { Session } from '../sessions/session.ts'
import { touchSession } from '../sessions/store.ts'
import { type BrowserOfRequest, readBrowser, sessionsOf } from '../signin/browser.ts'
import { factorsOf } from '../signin/factors-of.ts'
import { findUser } from '../users/store.ts'
import { displayName } from '../users/user.ts'
import { returnAddress } from './return-address.ts'
import type { Account, Requirement } from './section.ts'
import { leaveForSignIn } from './sign-in.ts'

// Owns who may see the account pages: whoever is signed in in this browser. Does not own how one signs in (signin/), nor what is on a page.
// Of several, it is the account that was picked for them. On a shared computer a sign-in serves the account pages only if it was made for
// them, and for ten minutes: whoever sits down next finds nothing.

/** How fresh a sign-in must be for what hands out power, and how long one on a shared computer serves. Seconds. */
export const RECENT_SECONDS = 600

function serves(ctx: Context, session: Session, picked: string | undefined): boolean {
  return session.remembered || (session.sessionId === picked && isRecent(ctx, session))
}

/** Signed in, or stepped up with a second factor, within ten minutes. */
function isRecent(ctx: Context, { authTime, factorAt }: Session): boolean {
  return Math.floor(ctx.clock.now() / 1000) - Math.max(authTime, factorAt ?? authTime) <= RECENT_SECONDS
}

/** A device that is not asked for a second factor hands out no power: the factor itself is asked for, and nothing else. */
async function isWeak(ctx: Context, { session, user }: Account): Promise<boolean> {
  return !hasTwoFactors(session) && (await factorsOf(ctx, user)).length > 0
}

/** Whether `recent` would be met now: a page may then show at once what it hands out. */
export async function mayHandOutPower(ctx: Context, account: Account): Promise<boolean> {
  return isRecent(ctx, account.session) && !(await isWeak(ctx, account))
}

/** The session that the pages are about: the one that was picked, else the only one there is. */
async function sessionOf(ctx: Context, browser: BrowserOfRequest): Promise<Session | undefined> {
  const { accountSessionId } = browser
  const sessions = (await sessionsOf(ctx, browser)).filter((session) => serves(ctx, session, accountSessionId))
  const picked = sessions.find(({ sessionId }) => sessionId === accountSessionId)
  return picked ?? (sessions.length === 1 ? sessions[0] : undefined)
}

/** The account of a request, or nothing. A locked person has none. */
export async function readAccount(ctx: Context, request: FastifyRequest): Promise<Account | undefined> {
  const browser = await readBrowser(ctx, request)
  const session = browser.browserId === undefined ? undefined : await sessionOf(ctx, browser)
  const user = session && (await findUser(ctx.db, session.userId))
  if (session === undefined || user?.status !== 'active' || browser.browserId === undefined) return undefined
  await touchSession(ctx, session)
  return { user, session, browserId: browser.browserId, deviceId: browser.deviceId }
}

// A form of ours must not end at a provider (CSP form-action), and what was typed is lost: a page with a link stands between.
function askAgain(request: FastifyRequest, reply: FastifyReply, reason: string, account: Account | undefined, lift = false): FastifyReply {
  const parameters = new URLSearchParams({ to: returnAddress(request.url), ...(account === undefined ? {} : { user: account.user.userId }), ...(lift ? { lift: '1' } : {}) })
  const model = { reason, name: account && displayName(account.user), signInHref: `/account/sign-in?${parameters}`, backHref: account && '/account' }
  return page(reply, request, 'account-again', model, { status: request.method === 'GET' ? 200 : 401 })
}

/** Who is asking, or the reply that leads to signing in and back to this very page; with `recent`, signed in within ten minutes (pages.md A-06). */
export async function requireAccount(ctx: Context, request: FastifyRequest, reply: FastifyReply, requirement: Requirement = {}): Promise<Account | FastifyReply> {
  const account = await readAccount(ctx, request)
  if (account === undefined) return request.method === 'GET' ? leaveForSignIn(ctx, request, reply, { to: request.url }) : askAgain(request, reply, 'account.again.signed-out', undefined)
  if (requirement.recent === undefined) return account
  if (!isRecent(ctx, account.session)) return askAgain(request, reply, requirement.recent, account)
  return (await isWeak(ctx, account)) ? askAgain(request, reply, requirement.recent, account, true) : account
}

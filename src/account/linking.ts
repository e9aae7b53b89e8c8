import type { FastifyReply } from 'fastify'
import type { Context } from '../context.ts'
import { setAccountSession } from '../sessions/browsers.ts'
import type { Session } from '../sessions/session.ts'
import { listSessions } from '../sessions/store.ts'
import { mergeUsers, staysOf } from '../signin/merge.ts'
import { findUser } from '../users/store.ts'
import { confirmedAddress } from '../users/confirmed-address.ts'
import type { User } from '../users/user.ts'
import type { Account } from './section.ts'
import { leaveForProvider } from './sign-in.ts'

// Owns adding a way to sign in to an account, and making one account of two. It is a sign-in as the other one, in the same browser, begun from
// the account's own page: that is the fresh proof of both sides which rule 25 of the security rules asks for. A ticket binds the two: sealed for the
// browser that left, it names who left, from which sign-in, for which provider and when; an identity that came here in any other way
// (another browser's callback, a sign-in from before, another provider) fits no ticket. The person then sees both and says yes.

const JOIN = '/account/institutions/join'
/** From leaving to saying yes. Seconds. */
const TICKET_SECONDS = 600
/** Providers' clocks. Seconds. */
const TOLERANCE_SECONDS = 10

interface Ticket {
  readonly userId: string
  readonly sessionId: string
  readonly providerId: string
  /** Seconds since the epoch. */
  readonly startedAt: number
}

function seconds(ctx: Context): number {
  return Math.floor(ctx.clock.now() / 1000)
}

function openTicket(ctx: Context, browserId: string, text: string): Ticket | undefined {
  const plain = ctx.sealing.unseal('account-return', Buffer.from(text, 'base64url'), `link/${browserId}`)
  return plain && (JSON.parse(plain.toString('utf8')) as Ticket)
}

/** Sends the person to sign in at a provider and come back to the question. */
export async function leaveToLink(ctx: Context, reply: FastifyReply, account: Account, providerId: string): Promise<FastifyReply> {
  const { user, session, browserId } = account
  const ticket: Ticket = { userId: user.userId, sessionId: session.sessionId, providerId, startedAt: seconds(ctx) }
  const sealed = ctx.sealing.seal('account-return', Buffer.from(JSON.stringify(ticket)), `link/${browserId}`).toString('base64url')
  return leaveForProvider(ctx, reply, browserId, { to: `${JOIN}?ticket=${sealed}`, providerId })
}

/** Two people in one browser, both proven just now. `from` is who began. */
export interface Joining {
  readonly from: User
  readonly fromSession: Session
  readonly to: User
  readonly startedAt: number
}

/** What a browser that is back with a ticket has proven: two people, one who could sign in there already, or nothing. */
export async function readJoining(ctx: Context, account: Account, ticketText: string): Promise<Joining | 'known' | 'failed'> {
  const { user, session, browserId } = account
  const ticket = openTicket(ctx, browserId, ticketText)
  if (ticket === undefined || seconds(ctx) - ticket.startedAt > TICKET_SECONDS) return 'failed'
  // The sign-in that is looked at is the one that was made for this ticket: there, and not before.
  if (session.providerId !== ticket.providerId || session.authTime < ticket.startedAt - TOLERANCE_SECONDS) return 'failed'
  if (user.userId === ticket.userId) return 'known'
  const fromSession = (await listSessions(ctx, browserId)).find(({ sessionId, userId }) => sessionId === ticket.sessionId && userId === ticket.userId)
  const from = fromSession && (await findUser(ctx.db, fromSession.userId))
  if (fromSession === undefined || from?.userId !== ticket.userId || from.status !== 'active') return 'failed'
  return { from, fromSession, to: user, startedAt: ticket.startedAt }
}

async function tell(ctx: Context, people: readonly User[], language: string, isNew: boolean, provider: string): Promise<void> {
  const addresses = people.map((user) => confirmedAddress(user)?.toLowerCase()).filter((address) => address !== undefined)
  for (const to of new Set(addresses)) await ctx.mail.send({ kind: isNew ? 'identity-linked' : 'accounts-merged', to, language, values: { provider }, expiresInSeconds: 86_400 })
}

/** Makes them one. The browser's account pages are about the one that stays. */
export async function join(ctx: Context, account: Account, joining: Joining, language: string, provider: string): Promise<'added' | 'merged' | 'failed'> {
  const { from, fromSession, to, startedAt } = joining
  const { since } = await staysOf(ctx, from.userId, to.userId)
  const isNew = Math.floor((since.get(to.userId)?.getTime() ?? 0) / 1000) >= startedAt
  const merged = await mergeUsers(ctx, from.userId, to.userId)
  if (merged === undefined) return 'failed'
  if (merged.survivor === from.userId) await setAccountSession(ctx, account.browserId, fromSession.sessionId)
  await tell(ctx, [from, to], language, isNew, provider)
  return isNew ? 'added' : 'merged'
}

import type { Context } from '../context.ts'
import { inTransaction } from '../database/transaction.ts'
import { PasswordsBusy } from '../lib/password.ts'
import { endSessionsOf } from '../sessions/store.ts'
import type { ProviderFacts } from '../upstream/provider.ts'
import { confirmedAddress } from '../users/confirmed-address.ts'
import { type PasswordFault, passwordFault, wordsAbout } from '../users/password-rules.ts'
import { setPasswordHash } from '../users/passwords.ts'
import { createResetLink, findResetLink, RESET_SECONDS, type ResetLink, spendResetLink, voidResetLinks } from '../users/reset-links.ts'
import { findLocalUser, findUser } from '../users/store.ts'
import { forgetTrustedDevices } from '../users/trusted-devices.ts'
import { normalizeUsername, type User } from '../users/user.ts'
import { countAttempt } from './attempts.ts'
import { limitMail } from './mail-limits.ts'
import { forgiveLogin } from './throttle.ts'

// Owns the way back of somebody who forgot a password: a link by mail to the confirmed address of the account, and a new password for it.
// Whoever is known and whoever is not get the same rows written, the same mail sealed and the same page: neither words nor time tell them
// apart. It signs nobody in: a second factor is asked for at the sign-in that follows, as ever.

/** Whether a provider's people can set a new password here: those whose passwords are here, where mails can be sent. */
export function offersRecovery(ctx: Context, { provider }: ProviderFacts): boolean {
  return ctx.mail.isOffered && provider.protocol === 'local'
}

export interface ResetWish {
  readonly facts: ProviderFacts
  /** User name or address, as typed. */
  readonly username: string
  /** The address that the wish came from. */
  readonly network: string
  readonly interactionId: string | undefined
  readonly language: string
}

const PER_ACCOUNT = 5
const WINDOW_SECONDS = 3600

/** Sends a link, if there is anybody to send it to. Says until when no more mails are sent for this name or network, known or not. */
export async function askForReset(ctx: Context, { facts, username, network, interactionId, language }: ResetWish): Promise<Date | undefined> {
  const { provider_id: providerId, organization } = facts.provider
  const typed = `${providerId}/${normalizeUsername(username)}`
  const until = await limitMail(ctx, { purpose: 'reset', person: typed, network })
  if (until !== undefined) return until
  const user = await findLocalUser(ctx.db, organization, username)
  const address = confirmedAddress(user)
  // An account has a name and an address. That both count together must not be seen, or it would tell that both are one person.
  const { count } = await countAttempt(ctx, `mail/reset/account/${address === undefined ? typed : user?.userId}`, WINDOW_SECONDS)
  const to = count > PER_ACCOUNT ? undefined : address
  const link = await createResetLink(ctx, { userId: to === undefined ? undefined : user?.userId, providerId, interactionId })
  await ctx.mail.send({ kind: 'reset', to, language, values: { minutes: RESET_SECONDS / 60 }, link: `${ctx.config.issuer}${RESET_PATH}/${link}`, expiresInSeconds: RESET_SECONDS })
  ctx.audit.record({ event: 'password.reset_asked', providerId, ...(to === undefined || user === undefined ? {} : { userId: user.userId }) })
  return undefined
}

/** Sends a person a link at an operator's word: to the address that is confirmed, and nowhere else. False when there is none, or no mail is sent here. */
export async function sendResetLink(ctx: Context, user: User, providerId: string, language: string, actor: string): Promise<boolean> {
  const to = confirmedAddress(user)
  if (to === undefined || user.username === undefined || !ctx.mail.isOffered) return false
  const link = await createResetLink(ctx, { userId: user.userId, providerId, interactionId: undefined })
  await ctx.mail.send({ kind: 'reset', to, language, values: { minutes: RESET_SECONDS / 60 }, link: `${ctx.config.issuer}${RESET_PATH}/${link}`, expiresInSeconds: RESET_SECONDS })
  ctx.audit.record({ event: 'password.reset_asked', providerId, userId: user.userId, by: 'operator', actor })
  return true
}

/** Where the links lead, below the issuer. */
export const RESET_PATH = '/recovery'

export interface OpenReset {
  readonly link: ResetLink
  readonly user: User
}

/** A link that still works, and whose it is. */
export async function openReset(ctx: Context, token: string): Promise<OpenReset | undefined> {
  const link = await findResetLink(ctx.db, token)
  const user = link && (await findUser(ctx.db, link.userId))
  return link === undefined || user?.status !== 'active' ? undefined : { link, user }
}

/** Sets the password and signs the person out everywhere, once a link. Returns what is wrong with the password, or nothing when the link does not work any more. */
export async function resetPassword(ctx: Context, token: string, password: string, language: string): Promise<OpenReset | PasswordFault | 'busy' | undefined> {
  const open = await openReset(ctx, token)
  if (open === undefined) return undefined
  const fault = passwordFault(password, wordsAbout(open.user, ctx.config.serviceName))
  if (fault !== undefined) return fault
  const { userId } = open.user
  try {
    const phc = await ctx.passwords.hash(password)
    if (!(await spend(ctx, token, userId, phc))) return undefined
  } catch (error) {
    if (error instanceof PasswordsBusy) return 'busy'
    throw error
  }
  await passwordChanged(ctx, open.user, open.link.providerId, language, 'reset')
  return open
}

async function spend(ctx: Context, token: string, userId: string, phc: string): Promise<boolean> {
  return inTransaction(ctx.db, async (trx) => {
    if ((await spendResetLink(trx, token)) === undefined) return false
    await voidResetLinks(trx, userId)
    await setPasswordHash(trx, userId, phc, null)
    await forgetTrustedDevices(trx, userId)
    await endSessionsOf(trx, userId)
    return true
  })
}

/** What follows a new password, whoever set it: the owner is told, and wrong guesses from before no longer stand in the way. */
export async function passwordChanged(ctx: Context, user: User, providerId: string | undefined, language: string, by: 'reset' | 'account'): Promise<void> {
  ctx.audit.record({ event: 'password.changed', userId: user.userId, by })
  const names = [user.username, user.claims.email].filter((name) => name !== undefined)
  if (providerId !== undefined) await forgiveLogin(ctx, providerId, names)
  const to = confirmedAddress(user)
  if (to !== undefined) await ctx.mail.send({ kind: 'password-changed', to, language, expiresInSeconds: 86_400 })
}

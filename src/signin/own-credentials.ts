import type { Context } from '../context.ts'
import { inTransaction } from '../database/transaction.ts'
import { isMailAddress } from '../lib/mail-address.ts'
import { endSessionsOf } from '../sessions/store.ts'
import { ADDRESS_CHANGE_SECONDS, createAddressChange, spendAddressChange, voidAddressChanges } from '../users/address-changes.ts'
import { type PasswordFault, passwordFault, wordsAbout } from '../users/password-rules.ts'
import { setPasswordHash } from '../users/passwords.ts'
import { voidResetLinks } from '../users/reset-links.ts'
import { findUser, setAddress } from '../users/store.ts'
import { forgetTrustedDevices } from '../users/trusted-devices.ts'
import type { User } from '../users/user.ts'
import { limitMail } from './mail-limits.ts'
import { passwordChanged } from './recovery.ts'

// Owns what people change of their own accounts and could be locked out by: password and e-mail address. Who may is asked before
// (a recent sign-in, account/guard.ts).

/** Sets a new password, signs the person out everywhere else and tells them. Returns why not. Throws PasswordsBusy. */
export async function changePassword(ctx: Context, user: User, keptSession: string, password: string, language: string): Promise<PasswordFault | undefined> {
  const fault = passwordFault(password, wordsAbout(user, ctx.config.serviceName))
  if (fault !== undefined) return fault
  const phc = await ctx.passwords.hash(password)
  await inTransaction(ctx.db, async (trx) => {
    await setPasswordHash(trx, user.userId, phc, null)
    await voidResetLinks(trx, user.userId)
    await forgetTrustedDevices(trx, user.userId)
    await endSessionsOf(trx, user.userId, keptSession)
  })
  await passwordChanged(ctx, user, undefined, language, 'account')
  return undefined
}

/** Sends a link to an address that is to become the person's; nothing changes before it comes back. */
export async function askForAddress(ctx: Context, user: User, address: string, network: string, language: string, at: string): Promise<'not-an-address' | 'throttled' | undefined> {
  if (!isMailAddress(address)) return 'not-an-address'
  if ((await limitMail(ctx, { purpose: 'address-change', person: user.userId, network })) !== undefined) return 'throttled'
  const token = await createAddressChange(ctx, { userId: user.userId, address })
  await ctx.mail.send({ kind: 'address-change', to: address, language, values: { minutes: ADDRESS_CHANGE_SECONDS / 60 }, link: `${at}/${token}`, expiresInSeconds: ADDRESS_CHANGE_SECONDS })
  return undefined
}

/** Makes a proven address the person's, once a link; the one before is told and leads nowhere any more. */
export async function confirmAddress(ctx: Context, token: string, language: string): Promise<boolean> {
  const before = await inTransaction(ctx.db, async (trx) => {
    const change = await spendAddressChange(ctx, trx, token)
    const user = change && (await findUser(trx, change.userId))
    if (change === undefined || user?.status !== 'active') return undefined
    if (!(await setAddress(trx, user.userId, change.address))) return undefined
    await voidAddressChanges(trx, user.userId)
    await voidResetLinks(trx, user.userId)
    return { user, address: change.address }
  })
  if (before === undefined) return false
  const { user, address } = before
  ctx.audit.record({ event: 'user.changed', userId: user.userId, change: 'email' })
  const old = user.claims.email
  if (old !== undefined && old.toLowerCase() !== address.toLowerCase() && isMailAddress(old)) await ctx.mail.send({ kind: 'address-changed', to: old, language, expiresInSeconds: 86_400 })
  return true
}

import { isMailAddress } from '../lib/mail-address.ts'
import type { User } from './user.ts'

/** Where a person can be told something about the account: an address counts only if its owner has confirmed it. With any other, whoever has a mistyped address would have the account. */
export function confirmedAddress(user: User | undefined): string | undefined {
  const { email, email_verified: isVerified } = user?.claims ?? {}
  return user?.status === 'active' && isVerified === true && email !== undefined && isMailAddress(email) ? email : undefined
}

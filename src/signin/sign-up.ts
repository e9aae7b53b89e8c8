import { randomUUID } from 'node:crypto'
import type { Context } from '../context.ts'
import { inTransaction } from '../database/transaction.ts'
import { isMailAddress } from '../lib/mail-address.ts'
import { PasswordsBusy } from '../lib/password.ts'
import { takesSignUps } from '../upstream/local-password.ts'
import type { ProviderFacts } from '../upstream/provider.ts'
import { type PasswordFault, passwordFault } from '../users/password-rules.ts'
import { setPasswordHash } from '../users/passwords.ts'
import { addLocalUser, findLocalUser } from '../users/store.ts'
import { normalizeUsername, type User } from '../users/user.ts'
import { limitMail } from './mail-limits.ts'
import { keepSignUp, SIGN_UP_SECONDS, type SignUpPlace, spendSignUp } from './sign-ups.ts'

// Owns how somebody gets an account by themselves, where an operator allows it (Initiating User Registration 1.0). There is no account until
// its address is proven with a code, so that nobody can sit on another's address; and whoever has an account already gets the same pages and
// a mail that says so, which only its owner reads.

/** Whether people may make accounts at a provider. */
export function offersSignUp(ctx: Context, facts: ProviderFacts): boolean {
  return ctx.mail.isOffered && takesSignUps(facts.provider)
}

export interface SignUpForm {
  readonly name: string
  readonly email: string
  readonly password: string
}

export interface SignUpWish extends SignUpPlace {
  readonly facts: ProviderFacts
  readonly form: SignUpForm
  readonly network: string
  readonly language: string
}

/** What is wrong with a form, by field. */
export interface SignUpFaults {
  readonly name?: 'empty'
  readonly email?: 'not-an-address'
  readonly password?: PasswordFault | 'busy'
  /** No more mails until then. */
  readonly until?: Date
}

const LONGEST_NAME = 200

function faultsOf(ctx: Context, { name, email, password }: SignUpForm): SignUpFaults {
  const fault = passwordFault(password, [email, name, ctx.config.serviceName])
  return {
    ...(name === '' || name.length > LONGEST_NAME || /\p{Cc}/u.test(name) ? { name: 'empty' as const } : {}),
    ...(isMailAddress(email) ? {} : { email: 'not-an-address' as const }),
    ...(fault === undefined ? {} : { password: fault }),
  }
}

/** Keeps a good form and sends the code, or to somebody who has an account that they have. Returns what is wrong; nothing of it depends on who is known. */
export async function beginSignUp(ctx: Context, wish: SignUpWish): Promise<SignUpFaults | undefined> {
  const { facts, form, network, language } = wish
  const faults = faultsOf(ctx, form)
  if (Object.keys(faults).length > 0) return faults
  const email = normalizeUsername(form.email)
  const until = await limitMail(ctx, { purpose: 'sign-up', person: email, network })
  if (until !== undefined) return { until }
  try {
    const phc = await ctx.passwords.hash(form.password)
    const known = await findLocalUser(ctx.db, facts.provider.organization, email)
    const code = await keepSignUp(ctx, wish, { providerId: facts.provider.provider_id, details: { name: form.name, email, phc, language } })
    const letter = { to: email, language, values: { minutes: SIGN_UP_SECONDS / 60 }, expiresInSeconds: SIGN_UP_SECONDS }
    await ctx.mail.send(known === undefined ? { ...letter, kind: 'sign-up', code } : { ...letter, kind: 'sign-up-known' })
    return undefined
  } catch (error) {
    if (error instanceof PasswordsBusy) return { password: 'busy' }
    throw error
  }
}

export interface SignedUp {
  readonly user: User
  readonly providerId: string
}

/** Makes the account once its code is right. `wrong`: no such code here now; `taken`: somebody else made that account meanwhile. */
export async function finishSignUp(ctx: Context, place: SignUpPlace, code: string, findFacts: (providerId: string) => Promise<ProviderFacts | undefined>): Promise<SignedUp | 'wrong' | 'taken'> {
  const spent = await spendSignUp(ctx, place, code)
  const facts = spent && (await findFacts(spent.providerId))
  if (spent === undefined || facts === undefined || !offersSignUp(ctx, facts)) return 'wrong'
  const { name, email, phc } = spent.details
  const account = { userId: randomUUID(), username: email, organizationId: facts.provider.organization, claims: { name, email, email_verified: true } }
  const user = await inTransaction(ctx.db, async (trx) => {
    const made = await addLocalUser(trx, account)
    if (made !== undefined) await setPasswordHash(trx, made.userId, phc, null)
    return made
  })
  if (user === undefined) return 'taken'
  ctx.audit.record({ event: 'user.signed_up', userId: user.userId, providerId: spent.providerId })
  return { user, providerId: spent.providerId }
}

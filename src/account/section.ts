import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../context.ts'
import type { AccountFrame } from '../http/account-views.ts'
import type { Form } from '../protocol/form.ts'
import type { Session } from '../sessions/session.ts'
import type { User } from '../users/user.ts'

/*
 * The contract of the account pages. A section is one file in sections/ and one line in index.ts; it has:
 * - its link: `name` (its words are the message `account.section.<name>`) and `path`, below /account;
 * - its routes, each of which begins
 *     const account = await kit.requireAccount(request, reply)            // for everything that only shows
 *     if (!isAccount(account)) return account
 *   and, for what hands out power (factors, passwords, addresses, whole sessions), asks for a sign-in of the last ten minutes:
 *     const account = await kit.requireAccount(request, reply, { recent: 'account.again.<why>' })   // a message of its own: why
 *   Ask on the GET that shows the form and on the POST that acts. Whoever must sign in comes back to the very address: so the address of
 *   each POST answers a GET too;
 * - its views, named `account-<section>…` (their data-page is `account`, their data-view the name), with `frame: kit.frame(request, account, NAME)`
 *   in the model, `csrf: kit.token(account, '<form>')`, and the models in a file of its own in http/;
 * - its POSTs: `const form = kit.ownForm(request, account, '<form>')` (throws 403 for a form that is not ours), then one statement that
 *   names the person (`… and user_id = ${account.user.userId}`), then `goTo(reply, '<page>?done=…')`. What is not this person's does not
 *   exist: `throw notFound()`. After a removal the page shows a line with role=status, tabindex=-1 and autofocus.
 * Everything is about `account.user`; `account.session` is the sign-in it rests on. Nothing here is cached.
 */

/** Whose pages these are, for one request. */
export interface Account {
  readonly user: User
  readonly session: Session
  readonly browserId: string
  readonly deviceId: string | undefined
}

export interface Requirement {
  /** Signed in within the last ten minutes, with a second factor if the person has one. The name of the message that says why that is asked. */
  readonly recent?: string
}

export interface AccountKit {
  /** The person, or the reply that leads to signing in and back to this address. */
  requireAccount(request: FastifyRequest, reply: FastifyReply, requirement?: Requirement): Promise<Account | FastifyReply>
  /** What stands around a page: the person, the sections, the ways out. */
  frame(request: FastifyRequest, account: Account, section?: string): AccountFrame
  /** The token of a form of this person in this browser. */
  token(account: Account, form: string): string
  /** The body of a form of ours. Throws `access_denied` (403) for any other. */
  ownForm(request: FastifyRequest, account: Account, form: string): Form
}

export interface Section {
  readonly name: string
  readonly path: string
  pages(app: FastifyInstance, ctx: Context, kit: AccountKit): void
}

/** Whether `requireAccount` gave an account and not a reply. */
export function isAccount(result: Account | FastifyReply): result is Account {
  return 'session' in result && 'user' in result
}

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Account } from '../account/section.ts'
import type { Context } from '../context.ts'
import type { AdminFrame } from '../http/admin-views.ts'
import type { Actor } from '../organizations/can.ts'
import type { Form } from '../protocol/form.ts'

/*
 * The contract of the operators' pages. A section is one file in sections/ and one line in index.ts; it has:
 * - its link: `name` (its words are the message `admin.section.<name>`) and `path`, below /admin;
 * - its routes, each of which begins
 *     const operator = await kit.requireOperator(request, reply)
 *     if (!isOperator(operator)) return operator
 *   and, where something is changed, `{ change: true }`, which asks for a sign-in of the last ten minutes, with the second factor of whoever
 *   has one; on the GET that asks the question and on the POST that acts (change.ts does both). For everybody else nothing is there;
 * - its pages, of the four kinds of http/admin-views.ts (list-page.ts, thing-page.ts);
 * - its changes, each with an audit event that has `actor: operator.user.userId`. What is changed, and how, is its owner's function: the same
 *   one as the command line and the files use.
 */

/** Who runs this server, for one request. */
export interface Operator extends Account {
  readonly actor: Actor
}

export interface AdminKit {
  /** Of this build. */
  readonly version: string
  /** The operator, or the reply that leads to signing in and back to this address. Throws `not_found` for anybody else. */
  requireOperator(request: FastifyRequest, reply: FastifyReply, requirement?: { readonly change: true }): Promise<Operator | FastifyReply>
  frame(operator: Operator, section: string): AdminFrame
  /** The token of a form of this operator in this browser. */
  token(operator: Operator, form: string): string
  /** The body of a form of ours. Throws `access_denied` (403) for any other. */
  ownForm(request: FastifyRequest, operator: Operator, form: string): Form
}

export interface AdminSection {
  readonly name: string
  readonly path: string
  pages(app: FastifyInstance, ctx: Context, kit: AdminKit): void
}

/** Whether `requireOperator` gave an operator and not a reply. */
export function isOperator(result: Operator | FastifyReply): result is Operator {
  return 'actor' in result && 'session' in result
}

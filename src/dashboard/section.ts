import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Account, Requirement } from '../account/section.ts'
import type { Context } from '../context.ts'
import type { DashboardFrame } from '../http/dashboard-views.ts'
import type { Actor, Owner } from '../organizations/can.ts'
import type { Form } from '../protocol/form.ts'

/*
 * The contract of the dashboard. A section is one file in sections/ and one line in index.ts; it has:
 * - `name`; and, when it is one of the links on every page, `path` below /dashboard (its words are the message `dashboard.section.<name>`);
 * - its routes, each of which begins
 *     const desk = await kit.requireDesk(request, reply)                  // for everything that only shows
 *     if (!isDesk(desk)) return desk
 *   and, for what hands out power (secrets, roles, another owner, deleting), asks for a sign-in of the last ten minutes:
 *     const desk = await kit.requireDesk(request, reply, { recent: 'dashboard.again.<why>' })   // a message of its own: why
 *   Ask on the GET that shows the form and on the POST that acts: the address of each POST answers a GET too;
 * - its views, named `dashboard-<section>…`, with `desk: await kit.frame(request, desk, NAME, owner)` in the model (of the owner of what is
 *   shown; without one, of the owner that the address names), `csrf: kit.token(desk, '<form>')`, the models in a file of its own in http/;
 * - its POSTs: `const form = kit.ownForm(request, desk, '<form>')`, then `can(desk.actor, action, object)`, then `goTo(reply, '<page>?done=…')`.
 *   What somebody may not read does not exist: `throw notFound()`; what they may read and not do is `throw accessDenied(…)`.
 * Roles are read at every request. Nothing here is cached.
 */

/** Who works here, for one request. */
export interface Desk {
  readonly account: Account
  readonly actor: Actor
  /** For whom a list is shown and something new is made: what the address names (`owner=ntu`, `owner=me`), else the first there is. */
  readonly acting: Owner
}

export interface DashboardKit {
  /** The person and what they may do, or the reply that leads to signing in and back. Throws `not_found` for an owner that they do not work for. */
  requireDesk(request: FastifyRequest, reply: FastifyReply, requirement?: Requirement): Promise<Desk | FastifyReply>
  /** What stands around a page. */
  frame(request: FastifyRequest, desk: Desk, section?: string, owner?: Owner): Promise<DashboardFrame>
  /** The token of a form of this person in this browser. */
  token(desk: Desk, form: string): string
  /** The body of a form of ours. Throws `access_denied` (403) for any other. */
  ownForm(request: FastifyRequest, desk: Desk, form: string): Form
}

export interface DashboardSection {
  readonly name: string
  /** Where its link leads; nothing for pages that others lead to. */
  readonly path?: string
  pages(app: FastifyInstance, ctx: Context, kit: DashboardKit): void
}

/** Whether `requireDesk` gave a desk and not a reply. */
export function isDesk(result: Desk | FastifyReply): result is Desk {
  return 'actor' in result && 'account' in result
}

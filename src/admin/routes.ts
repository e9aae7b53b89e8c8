import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { requireAccount } from '../account/guard.ts'
import { notFound } from '../account/not-found.ts'
import { returnAddress } from '../account/return-address.ts'
import { isAccount } from '../account/section.ts'
import type { Context } from '../context.ts'
import { formToken, requireOwnForm } from '../http/csrf.ts'
import { acceptForms, bodyForm } from '../http/forms.ts'
import { requireOwnHost } from '../http/own-host.ts'
import { presentPageError } from '../http/page-errors.ts'
import { can } from '../organizations/can.ts'
import { findActor } from '../organizations/members.ts'
import { displayName } from '../users/user.ts'
import { sections } from './index.ts'
import type { AdminKit, Operator } from './section.ts'

// Owns /admin: where operators see how the server is and change what is wrong. Mounts the sections (section.ts is their contract) and decides
// who comes in. Does not own sign-in, which is that of the account pages, nor any of the things that are shown.

/** Why somebody who changes something must have signed in of late. */
const WHY = 'admin.again.change'

function subject({ browserId, user }: Operator, form: string): string {
  return `admin/${form}/${browserId}/${user.userId}`
}

// Of pages that somebody may not see, they learn nothing: the answer is that of an address that leads nowhere.
async function requireOperator(ctx: Context, request: FastifyRequest, reply: FastifyReply, changes: boolean): Promise<Operator | FastifyReply> {
  const account = await requireAccount(ctx, request, reply)
  if (!isAccount(account)) return account
  const actor = await findActor(ctx, account.user.userId)
  if (!can(actor, 'read', { kind: 'system', owner: {} })) throw notFound()
  if (!changes) return { ...account, actor }
  const fresh = await requireAccount(ctx, request, reply, { recent: WHY })
  return isAccount(fresh) ? { ...fresh, actor } : fresh
}

function kitOf(ctx: Context, version: string): AdminKit {
  return {
    version,
    requireOperator: (request, reply, requirement) => requireOperator(ctx, request, reply, requirement?.change === true),
    frame: ({ user }, current) => ({ person: displayName(user), sections: sections.map(({ name, path }) => ({ name, href: path, current: name === current })) }),
    token: (operator, form) => formToken(ctx, subject(operator, form)),
    ownForm: (request, operator, name) => {
      const form = bodyForm(request)
      requireOwnForm(ctx, request, form, subject(operator, name))
      return form
    },
  }
}

/** The operators' pages; `version` is that of this build. */
export async function registerAdmin(app: FastifyInstance, ctx: Context, version: string): Promise<void> {
  await app.register(async (scope) => {
    scope.setErrorHandler((error, request, reply) => presentPageError(ctx, error, request, reply, { restartHref: returnAddress(request.url) }))
    requireOwnHost(scope, ctx)
    await acceptForms(scope)
    for (const section of sections) section.pages(scope, ctx, kitOf(ctx, version))
  })
}

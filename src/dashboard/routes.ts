import type { FastifyInstance } from 'fastify'
import { requireAccount } from '../account/guard.ts'
import { returnAddress } from '../account/return-address.ts'
import { isAccount } from '../account/section.ts'
import type { Context } from '../context.ts'
import { formToken, requireOwnForm } from '../http/csrf.ts'
import { acceptForms, anyQueryForm, bodyForm } from '../http/forms.ts'
import { requireOwnHost } from '../http/own-host.ts'
import { presentPageError } from '../http/page-errors.ts'
import { findActor } from '../organizations/members.ts'
import { actingFor } from './acting-for.ts'
import { frameOf } from './frame.ts'
import { sections } from './index.ts'
import type { DashboardKit, Desk } from './section.ts'

// Owns /dashboard: where developers register applications and APIs and look after them, and where owners answer what others ask of them.
// Mounts the sections (section.ts is their contract) and hands them what they share. Does not own sign-in: it stands on the sign-in of the
// account pages, which is that of an ordinary client of this server; nor what things are: clients/, apis/ and organizations/ do.

function subject({ account }: Desk, form: string): string {
  return `dashboard/${form}/${account.browserId}/${account.user.userId}`
}

function kitOf(ctx: Context): DashboardKit {
  return {
    requireDesk: async (request, reply, requirement) => {
      const account = await requireAccount(ctx, request, reply, requirement)
      if (!isAccount(account)) return account
      const actor = await findActor(ctx, account.user.userId)
      return { account, actor, acting: actingFor(actor, anyQueryForm(request).single.get('owner')) }
    },
    frame: (request, desk, current, owner) => frameOf(ctx, request, desk, current, owner),
    token: (desk, form) => formToken(ctx, subject(desk, form)),
    ownForm: (request, desk, name) => {
      const form = bodyForm(request)
      requireOwnForm(ctx, request, form, subject(desk, name))
      return form
    },
  }
}

/** The dashboard. Comes after the account pages, whose sign-in it uses. */
export async function registerDashboard(app: FastifyInstance, ctx: Context): Promise<void> {
  await app.register(async (scope) => {
    scope.setErrorHandler((error, request, reply) => presentPageError(ctx, error, request, reply, { restartHref: returnAddress(request.url) }))
    requireOwnHost(scope, ctx)
    await acceptForms(scope)
    const kit = kitOf(ctx)
    for (const section of sections) section.pages(scope, ctx, kit)
  })
}

import type { FastifyInstance } from 'fastify'
import type { Context } from '../context.ts'
import { formToken, requireOwnForm } from '../http/csrf.ts'
import { acceptForms, bodyForm } from '../http/forms.ts'
import { requireOwnHost } from '../http/own-host.ts'
import { presentPageError } from '../http/page-errors.ts'
import { displayName } from '../users/user.ts'
import { keepAccountClient } from './account-client.ts'
import { previewPages } from './consent-preview.ts'
import { requireAccount } from './guard.ts'
import { sections } from './index.ts'
import { returnAddress } from './return-address.ts'
import type { Account, AccountKit } from './section.ts'
import { signInPages } from './sign-in.ts'

// Owns /account: where people see and undo what was done in their name. Mounts the sections (section.ts is their contract) and hands them
// what they share. Does not own sign-in: the pages are a client of this server (account-client.ts).

function subject({ browserId, user }: Account, form: string): string {
  return `account/${form}/${browserId}/${user.userId}`
}

function kitOf(ctx: Context): AccountKit {
  return {
    requireAccount: (request, reply, requirement) => requireAccount(ctx, request, reply, requirement),
    frame: (_request, { user }, current) => ({
      person: { name: displayName(user), address: user.claims.email ?? user.username },
      sections: sections.map(({ name, path }) => ({ name, href: path, current: name === current })),
      switchHref: '/account/switch',
      signOutHref: '/oauth/logout',
    }),
    token: (account, form) => formToken(ctx, subject(account, form)),
    ownForm: (request, account, name) => {
      const form = bodyForm(request)
      requireOwnForm(ctx, request, form, subject(account, name))
      return form
    },
  }
}

/** The account pages, and their registration with this server. */
export async function registerAccount(app: FastifyInstance, ctx: Context): Promise<void> {
  await keepAccountClient(ctx)
  await app.register(async (scope) => {
    scope.setErrorHandler((error, request, reply) => presentPageError(ctx, error, request, reply, { restartHref: returnAddress(request.url) }))
    requireOwnHost(scope, ctx)
    await acceptForms(scope)
    signInPages(scope, ctx)
    previewPages(scope, ctx, kitOf(ctx))
    for (const section of sections) section.pages(scope, ctx, kitOf(ctx))
  })
}

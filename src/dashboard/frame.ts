import type { FastifyRequest } from 'fastify'
import type { Context } from '../context.ts'
import type { DashboardFrame } from '../http/dashboard-views.ts'
import { requestLocale } from '../http/pages.ts'
import type { Owner } from '../organizations/can.ts'
import { displayName } from '../users/user.ts'
import { forOwner, isSameOwner, ownersOf } from './acting-for.ts'
import { sections } from './index.ts'
import { nameOfOwner } from './owner-name.ts'
import type { Desk } from './section.ts'

/** What stands around every page: who works here and for whom, and where else they can go. */
export async function frameOf(ctx: Context, request: FastifyRequest, { account, actor, acting }: Desk, current: string | undefined, owner: Owner = acting): Promise<DashboardFrame> {
  const language = requestLocale(request)
  const choices = await Promise.all(ownersOf(actor).map(async (one) => ({ name: await nameOfOwner(ctx, one, language), href: forOwner('/dashboard', one), current: isSameOwner(one, owner) })))
  return {
    person: displayName(account.user),
    acting: await nameOfOwner(ctx, owner, language),
    choices,
    sections: sections.flatMap(({ name, path }) => (path === undefined ? [] : [{ name, href: forOwner(path, owner), current: name === current }])),
    accountHref: '/account',
    switchHref: '/account/switch?to=/dashboard',
    signOutHref: '/oauth/logout',
  }
}

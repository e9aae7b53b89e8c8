import type { FastifyInstance } from 'fastify'
import type { Context } from '../../context.ts'
import { formToken, requireOwnForm } from '../../http/csrf.ts'
import { bodyForm } from '../../http/forms.ts'
import { localized } from '../../http/locale.ts'
import { page, requestLocale } from '../../http/pages.ts'
import { findOrganization } from '../../organizations/store.ts'
import { accessDenied, interactionRequired } from '../../protocol/error.ts'
import { displayName, type User } from '../../users/user.ts'
import { chosenAccount } from '../chosen-account.ts'
import { nameOf } from '../journey.ts'
import { scopeItem } from '../scope-items.ts'
import { isVisit, type Rails, type Step, type Visit } from './step.ts'

// What asks at another place is let in by a page that says what it is, where and when it asked, and for what: a standing sign-in and
// consent do not pass it. Links with codes are sent to people who started nothing (RFC 8628 §5.4).

const NAME = 'device'

function subject(visit: Visit, user: User): string {
  return `${NAME}/${visit.browserId}/${visit.interaction.id}/${user.userId}`
}

function pages(app: FastifyInstance, ctx: Context, rails: Rails): void {
  app.get<{ Params: { id: string } }>(`/signin/:id/${NAME}`, async (request, reply) => {
    const visit = await rails.visit(request, reply)
    if (!isVisit(visit)) return visit
    const { journey } = visit
    const { decoupled, scopes } = journey.request
    const account = chosenAccount(journey)
    if (decoupled === undefined || account?.session === undefined || confirmDevice.reason(journey) === undefined) return rails.proceed(request, reply, visit, {})
    const { user } = account
    const language = requestLocale(request)
    const owner = await findOrganization(ctx, journey.client.metadata.organization)
    return page(reply, request, 'device-confirm', {
      clientName: nameOf(journey, language),
      kind: decoupled.kind,
      person: { name: displayName(user), address: user.claims.email ?? user.username },
      owner: owner && localized(owner.name, language),
      userCode: decoupled.userCode,
      bindingMessage: decoupled.bindingMessage,
      requestedAt: new Date(decoupled.requestedAt * 1000),
      requestedFrom: decoupled.requestedFrom,
      items: await Promise.all(scopes.map((scope) => scopeItem(ctx, scope, user, language))),
      action: rails.path(visit, NAME),
      csrf: formToken(ctx, subject(visit, user)),
    })
  })

  app.post<{ Params: { id: string } }>(`/signin/:id/${NAME}`, async (request, reply) => {
    const visit = await rails.visit(request, reply)
    if (!isVisit(visit)) return visit
    const account = chosenAccount(visit.journey)
    if (account?.session === undefined) return rails.proceed(request, reply, visit, {})
    const { user } = account
    const form = bodyForm(request)
    requireOwnForm(ctx, request, form, subject(visit, user))
    if (form.single.get('decision') === 'allow') return rails.proceed(request, reply, visit, { confirmedDevice: user.userId })
    ctx.audit.record({ event: 'device.refused', userId: user.userId, clientId: visit.journey.client.clientId })
    return rails.refuse(request, reply, visit, accessDenied('The person did not start this', { reason: 'consent_denied' }))
  })
}

export const confirmDevice: Step = {
  name: NAME,
  reason: (journey) => {
    const userId = chosenAccount(journey)?.user.userId
    if (journey.request.decoupled === undefined || userId === undefined || journey.progress.confirmedDevice === userId) return undefined
    return { name: 'confirm_device', silently: () => interactionRequired('The person must be asked') }
  },
  pages,
}

import type { FastifyInstance } from 'fastify'
import type { Context } from '../../context.ts'
import { formToken, requireOwnForm } from '../../http/csrf.ts'
import { bodyForm } from '../../http/forms.ts'
import { page, requestLocale } from '../../http/pages.ts'
import { accessDenied, interactionRequired } from '../../protocol/error.ts'
import { displayName, type User } from '../../users/user.ts'
import { chosenAccount } from '../chosen-account.ts'
import { insecureRedirect } from '../insecure-redirect.ts'
import { nameOf } from '../journey.ts'
import { isVisit, type Rails, type Step, type Visit } from './step.ts'

// A client on plain http never passes without a page, even with a standing sign-in and consent.

const NAME = 'warning'

function subject(visit: Visit, user: User): string {
  return `${NAME}/${visit.browserId}/${visit.interaction.id}/${user.userId}`
}

function pages(app: FastifyInstance, ctx: Context, rails: Rails): void {
  app.get<{ Params: { id: string } }>(`/signin/:id/${NAME}`, async (request, reply) => {
    const visit = await rails.visit(request, reply)
    if (!isVisit(visit)) return visit
    const { journey } = visit
    const user = chosenAccount(journey)?.user
    const insecure = insecureRedirect(journey)
    if (user === undefined || insecure === undefined) return rails.proceed(request, reply, visit, {})
    const { uiLocales } = journey.request
    const person = { name: displayName(user), address: user.claims.email ?? user.username }
    const clientName = nameOf(journey, requestLocale(request, uiLocales))
    return page(reply, request, 'insecure-warning', { clientName, insecure, person, action: rails.path(visit, NAME), csrf: formToken(ctx, subject(visit, user)) }, { uiLocales })
  })

  app.post<{ Params: { id: string } }>(`/signin/:id/${NAME}`, async (request, reply) => {
    const visit = await rails.visit(request, reply)
    if (!isVisit(visit)) return visit
    const user = chosenAccount(visit.journey)?.user
    if (user === undefined) return rails.proceed(request, reply, visit, {})
    const form = bodyForm(request)
    requireOwnForm(ctx, request, form, subject(visit, user))
    const goesOn = form.single.get('decision') === 'allow'
    ctx.metrics.insecureRedirectWarnings.inc({ decision: goesOn ? 'allow' : 'deny' })
    if (goesOn) return rails.proceed(request, reply, visit, { warned: user.userId })
    return rails.refuse(request, reply, visit, accessDenied('The person did not go on to an unprotected address', { reason: 'consent_denied' }))
  })
}

export const insecureWarning: Step = {
  name: NAME,
  reason: (journey) => {
    const insecure = insecureRedirect(journey)
    const userId = chosenAccount(journey)?.user.userId
    if (insecure === undefined || insecure.loopback || userId === undefined) return undefined
    // The consent page of this journey had the warning on it.
    if (journey.progress.warned === userId || journey.progress.consented === userId) return undefined
    return { name: 'insecure_redirect', silently: () => interactionRequired('The person must be warned of an unprotected address') }
  },
  pages,
}

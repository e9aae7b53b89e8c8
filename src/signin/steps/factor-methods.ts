import type { FastifyInstance } from 'fastify'
import type { Context } from '../../context.ts'
import { formToken, requireOwnForm } from '../../http/csrf.ts'
import { bodyForm } from '../../http/forms.ts'
import { goTo } from '../../http/leave.ts'
import { page, requestLocale } from '../../http/pages.ts'
import { factors } from '../factors/index.ts'
import { nameOf } from '../journey.ts'
import { askedFactor, type FactorDue, factorDue, labelOf } from './factor-due.ts'
import { isVisit, type Rails, type Visit } from './step.ts'

// The list of all methods that the person has (pages.md M-04).

const NAME = 'factor-methods'

function subject(visit: Visit, due: FactorDue): string {
  return `${NAME}/${visit.browserId}/${visit.interaction.id}/${due.account.user.userId}`
}

export function methodPages(app: FastifyInstance, ctx: Context, rails: Rails): void {
  app.get<{ Params: { id: string } }>(`/signin/:id/${NAME}`, async (request, reply) => {
    const visit = await rails.visit(request, reply)
    if (!isVisit(visit)) return visit
    const { journey } = visit
    const due = factorDue(journey)
    const asked = due === undefined ? undefined : askedFactor(journey)
    if (due === undefined || asked === undefined) return rails.proceed(request, reply, visit, {})
    const { uiLocales } = journey.request
    const methods = factors.filter(({ name }) => journey.factors.includes(name)).map(({ name }) => ({ name, checked: name === asked.name }))
    const about = { clientName: nameOf(journey, requestLocale(request, uiLocales)), account: labelOf(due.account.user) }
    return page(reply, request, NAME, { ...about, methods, action: rails.path(visit, NAME), backHref: rails.path(visit, 'factor'), csrf: formToken(ctx, subject(visit, due)) }, { uiLocales })
  })

  app.post<{ Params: { id: string } }>(`/signin/:id/${NAME}`, async (request, reply) => {
    const visit = await rails.visit(request, reply)
    if (!isVisit(visit)) return visit
    const { journey } = visit
    const due = factorDue(journey)
    if (due === undefined) return rails.proceed(request, reply, visit, {})
    const form = bodyForm(request)
    requireOwnForm(ctx, request, form, subject(visit, due))
    const picked = journey.factors.find((name) => name === form.single.get('method'))
    if (picked === undefined) return goTo(reply, rails.path(visit, NAME))
    // How many tries are left belongs to the journey, not to the method: another one gives no new ones.
    const standing = journey.progress.factorFailure?.error
    const keeps = standing === 'exhausted' || standing === 'throttled'
    return rails.proceed(request, reply, visit, { factorMethod: picked, ...(keeps ? {} : { factorFailure: null }) })
  })
}

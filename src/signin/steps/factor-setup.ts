import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../../context.ts'
import { formToken, requireOwnForm } from '../../http/csrf.ts'
import { bodyForm } from '../../http/forms.ts'
import { localized } from '../../http/locale.ts'
import { page, requestLocale } from '../../http/pages.ts'
import { findOrganization } from '../../organizations/store.ts'
import { accessDenied } from '../../protocol/error.ts'
import { replaceRecoveryCodes } from '../../users/recovery-codes.ts'
import { confirmEnrolment, totpEnrolment } from '../../users/totp-enrolment.ts'
import { typedCode } from '../factors/typed-code.ts'
import { nameOf } from '../journey.ts'
import { tellOfFactor } from '../tell-of-factor.ts'
import { type FactorDue, factorDue, labelOf } from './factor-due.ts'
import { lift } from './sign-in.ts'
import { isVisit, type Rails, type Visit } from './step.ts'

// A second factor is set up in the middle of a journey only when somebody demands one and the person has none; who wants one without being
// asked finds it in the account pages.

const NAME = 'factor-setup'

function subject(visit: Visit, due: FactorDue): string {
  return `${NAME}/${visit.browserId}/${visit.interaction.id}/${due.account.user.userId}`
}

/** Who demands a factor of somebody who has none. */
function setupDue(visit: Visit): FactorDue | undefined {
  return visit.journey.factors.length > 0 ? undefined : factorDue(visit.journey)
}

async function show(ctx: Context, request: FastifyRequest, reply: FastifyReply, rails: Rails, visit: Visit, due: FactorDue, sealed?: string): Promise<FastifyReply> {
  const { uiLocales } = visit.journey.request
  const language = requestLocale(request, uiLocales)
  const account = labelOf(due.account.user)
  const organization = due.need === 'sign_in' ? await findOrganization(ctx, due.account.user.organizationId) : undefined
  const wrong = sealed !== undefined
  const about = { clientName: nameOf(visit.journey, language), account, demandedBy: organization && localized(organization.name, language) }
  const model = { ...about, ...totpEnrolment(ctx, subject(visit, due), account, sealed), wrong, action: rails.path(visit, NAME), csrf: formToken(ctx, subject(visit, due)) }
  return page(reply, request, NAME, model, { uiLocales, status: wrong ? 401 : 200 })
}

export function setupPages(app: FastifyInstance, ctx: Context, rails: Rails): void {
  app.get<{ Params: { id: string } }>(`/signin/:id/${NAME}`, async (request, reply) => {
    const visit = await rails.visit(request, reply)
    if (!isVisit(visit)) return visit
    const due = setupDue(visit)
    return due === undefined ? rails.proceed(request, reply, visit, {}) : show(ctx, request, reply, rails, visit, due)
  })

  app.post<{ Params: { id: string } }>(`/signin/:id/${NAME}`, async (request, reply) => {
    const visit = await rails.visit(request, reply)
    if (!isVisit(visit)) return visit
    const due = setupDue(visit)
    if (due === undefined) return rails.proceed(request, reply, visit, {})
    const form = bodyForm(request)
    requireOwnForm(ctx, request, form, subject(visit, due))
    if (form.single.has('cancel')) return rails.refuse(request, reply, visit, accessDenied('The person cancelled the sign-in', { reason: 'login_cancelled' }))
    const { userId } = due.account.user
    const sealed = form.single.get('secret') ?? ''
    if (!(await confirmEnrolment(ctx, subject(visit, due), userId, sealed, typedCode(form)))) return show(ctx, request, reply, rails, visit, due, sealed)
    ctx.audit.record({ event: 'factor.changed', userId, change: 'totp added' })
    const { uiLocales } = visit.journey.request
    await tellOfFactor(ctx, due.account.user, 'factor-added', requestLocale(request, uiLocales))
    const lifted = await lift(ctx, reply, visit, due.proven, due.isPending, ['otp'])
    if (lifted === undefined) return rails.proceed(request, reply, visit, {})
    const codes = await replaceRecoveryCodes(ctx, userId)
    return page(reply, request, 'recovery-codes', { codes, continueHref: `/signin/${visit.interaction.id}`, clientName: nameOf(visit.journey, requestLocale(request, uiLocales)) }, { uiLocales })
  })
}

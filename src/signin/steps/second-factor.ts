import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../../context.ts'
import { formToken, requireOwnForm } from '../../http/csrf.ts'
import type { FactorModel } from '../../http/factor-views.ts'
import { bodyForm } from '../../http/forms.ts'
import { goTo } from '../../http/leave.ts'
import { page, requestLocale } from '../../http/pages.ts'
import { agentLabel } from '../../lib/user-agent.ts'
import { accessDenied, interactionRequired, loginRequired, unmetAuthenticationRequirements } from '../../protocol/error.ts'
import { preferFactor } from '../../users/factor-preferences.ts'
import { trustDevice } from '../../users/trusted-devices.ts'
import { factorSucceeded, throttleFactor } from '../factor-throttle.ts'
import type { Factor } from '../factors/factor.ts'
import { type Journey, nameOf } from '../journey.ts'
import { type Progress, updateProgress } from '../store.ts'
import { askedFactor, type FactorDue, factorDue, labelOf, questionOf } from './factor-due.ts'
import { methodPages } from './factor-methods.ts'
import { setupPages } from './factor-setup.ts'
import { lift } from './sign-in.ts'
import { isVisit, type Rails, type Step, type Visit } from './step.ts'

// The second factor: one method at a time, the others a link away, all without script but the passkey itself. What is shown after a code that
// was no good is kept with the journey, so that reload and back send no code twice.

const NAME = 'factor'
const FEW_LEFT = 3
const STATUS = { wrong: 401, expired: 401, used: 401, passkey: 401, throttled: 429, exhausted: 429 } as const

type Failure = NonNullable<Progress['factorFailure']>

function subject(visit: Visit, due: FactorDue): string {
  return `${NAME}/${visit.browserId}/${visit.interaction.id}/${due.account.user.userId}`
}

/** The last failure, as far as its time is not over. */
function standingFailure({ journey }: Visit): Failure | undefined {
  const failure = journey.progress.factorFailure ?? undefined
  return failure?.until !== undefined && Date.parse(failure.until) / 1000 <= journey.now ? undefined : failure
}

async function model(ctx: Context, request: FastifyRequest, rails: Rails, visit: Visit, due: FactorDue, factor: Factor): Promise<FactorModel> {
  const language = requestLocale(request, visit.journey.request.uiLocales)
  const { user } = due.account
  const failure = standingFailure(visit)
  const sent = factor.isSent === undefined ? undefined : await factor.isSent(ctx, questionOf(visit, due, language))
  return {
    clientName: nameOf(visit.journey, language),
    action: rails.path(visit, NAME),
    csrf: formToken(ctx, subject(visit, due)),
    method: factor.name,
    kind: factor.kind,
    account: labelOf(user),
    sentTo: sent === undefined ? undefined : user.claims.email,
    mustSend: sent === false,
    error: failure?.error,
    left: failure?.left !== undefined && failure.left <= FEW_LEFT ? failure.left : undefined,
    until: failure?.until === undefined ? undefined : new Date(failure.until),
    otherHref: visit.journey.factors.length > 1 ? rails.path(visit, 'factor-methods') : undefined,
    restartHref: failure?.error === 'exhausted' ? rails.path(visit, 'restart') : undefined,
    mayTrust: due.proven.remembered && visit.deviceId !== undefined,
    optionsHref: factor.options === undefined ? undefined : rails.path(visit, 'factor-options'),
    troubleHref: factor.options === undefined ? undefined : rails.path(visit, 'passkey-trouble'),
  }
}

async function fail(ctx: Context, reply: FastifyReply, rails: Rails, visit: Visit, failure: Failure): Promise<FastifyReply> {
  await updateProgress(ctx, visit.interaction.id, { factorFailure: failure })
  return goTo(reply, rails.path(visit, NAME))
}

/** Counts, then looks: what can be guessed is counted before it is compared. */
async function judge(ctx: Context, request: FastifyRequest, visit: Visit, due: FactorDue, factor: Factor): Promise<Failure | readonly string[]> {
  const { userId } = due.account.user
  const limit = factor.kind === 'code' ? await throttleFactor(ctx, userId, visit.interaction.id) : undefined
  if (limit !== undefined && limit.is !== 'open') {
    ctx.audit.record({ event: 'factor.throttled', userId })
    return limit.is === 'throttled' ? { error: limit.is, until: limit.until.toISOString() } : { error: limit.is }
  }
  const verdict = await factor.prove(ctx, questionOf(visit, due, requestLocale(request)), bodyForm(request))
  ctx.metrics.logins.inc({ method: factor.name, result: verdict.is })
  if (verdict.is === 'good') return verdict.amr
  ctx.audit.record({ event: 'factor.failed', userId, method: factor.name, reason: verdict.is })
  return factor.kind === 'passkey' ? { error: 'passkey' } : { error: verdict.is, ...(limit === undefined ? {} : { left: limit.left }) }
}

async function prove(ctx: Context, request: FastifyRequest, reply: FastifyReply, rails: Rails, visit: Visit, due: FactorDue, factor: Factor): Promise<FastifyReply> {
  const result = await judge(ctx, request, visit, due, factor)
  if ('error' in result) return fail(ctx, reply, rails, visit, result)
  const { userId } = due.account.user
  await Promise.all([factorSucceeded(ctx, userId), factor.isFallback ? undefined : preferFactor(ctx, userId, factor.name)])
  const trusts = bodyForm(request).single.get('trust') === '1' && due.proven.remembered && visit.deviceId !== undefined
  const lifted = await lift(ctx, reply, visit, due.proven, due.isPending, result)
  if (lifted !== undefined && trusts && visit.deviceId !== undefined) await trustDevice(ctx, userId, visit.deviceId, agentLabel(request.headers['user-agent']) ?? '')
  return rails.proceed(request, reply, lifted ?? visit, { factorFailure: null })
}

function pages(app: FastifyInstance, ctx: Context, rails: Rails): void {
  methodPages(app, ctx, rails)
  setupPages(app, ctx, rails)

  app.get<{ Params: { id: string } }>(`/signin/:id/${NAME}`, async (request, reply) => {
    const visit = await rails.visit(request, reply)
    if (!isVisit(visit)) return visit
    const due = factorDue(visit.journey)
    if (due === undefined) return rails.proceed(request, reply, visit, {})
    const factor = askedFactor(visit.journey)
    if (factor === undefined) return goTo(reply, rails.path(visit, 'factor-setup'))
    const { uiLocales } = visit.journey.request
    const shown = await model(ctx, request, rails, visit, due, factor)
    if (shown.until !== undefined) void reply.header('retry-after', String(Math.ceil(shown.until.getTime() / 1000) - visit.journey.now))
    return page(reply, request, 'factor', shown, { uiLocales, status: shown.error === undefined ? 200 : STATUS[shown.error] })
  })

  app.get<{ Params: { id: string } }>('/signin/:id/factor-options', async (request, reply) => {
    const visit = await rails.visit(request, reply)
    if (!isVisit(visit)) return visit
    const due = factorDue(visit.journey)
    const factor = due === undefined ? undefined : askedFactor(visit.journey)
    if (due === undefined || factor?.options === undefined) return reply.code(404).send({})
    return reply.header('cache-control', 'no-store').send(await factor.options(ctx, questionOf(visit, due, requestLocale(request))))
  })

  app.post<{ Params: { id: string } }>(`/signin/:id/${NAME}`, async (request, reply) => {
    const visit = await rails.visit(request, reply)
    if (!isVisit(visit)) return visit
    const due = factorDue(visit.journey)
    const factor = due === undefined ? undefined : askedFactor(visit.journey)
    if (due === undefined || factor === undefined) return rails.proceed(request, reply, visit, {})
    const form = bodyForm(request)
    requireOwnForm(ctx, request, form, subject(visit, due))
    if (form.single.has('cancel')) return rails.refuse(request, reply, visit, accessDenied('The person cancelled the sign-in', { reason: 'login_cancelled' }))
    if (form.single.has('send')) {
      await factor.send?.(ctx, questionOf(visit, due, requestLocale(request, visit.journey.request.uiLocales)))
      return goTo(reply, rails.path(visit, NAME))
    }
    return prove(ctx, request, reply, rails, visit, due, factor)
  })
}

function silently(journey: Journey, { need }: FactorDue): ReturnType<typeof loginRequired> {
  if (journey.factors.length > 0) return loginRequired('A second factor is needed')
  return need === 'essential_acr' ? unmetAuthenticationRequirements('The person has no second factor') : interactionRequired('The person has no second factor')
}

export const secondFactor: Step = {
  name: NAME,
  reason: (journey) => {
    const due = factorDue(journey)
    return due === undefined ? undefined : { name: `factor_${due.need}`, silently: () => silently(journey, due) }
  },
  pages,
}

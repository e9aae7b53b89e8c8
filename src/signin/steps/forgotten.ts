import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../../context.ts'
import { formToken, requireOwnForm } from '../../http/csrf.ts'
import { bodyForm, queryForm } from '../../http/forms.ts'
import { goTo } from '../../http/leave.ts'
import { localized } from '../../http/locale.ts'
import { page, requestLocale } from '../../http/pages.ts'
import type { ForgottenModel } from '../../http/recovery-views.ts'
import type { ProviderFacts } from '../../upstream/provider.ts'
import { findAcceptedProvider } from '../../upstream/store.ts'
import { RESET_SECONDS } from '../../users/reset-links.ts'
import { nameOf } from '../journey.ts'
import { askForReset, offersRecovery } from '../recovery.ts'
import { isVisit, type Rails, type Visit } from './step.ts'

// "Forgotten password", from the sign-in page of a provider whose passwords are here. What it answers does not depend on who is known.

const NAME = 'forgotten'
const LONGEST_USERNAME = 200
const SENT = 'sent'

/** Where a journey's page for a forgotten password is. */
export function forgottenPath(rails: Rails, visit: Visit, providerId: string): string {
  return `${rails.path(visit, NAME)}?provider=${encodeURIComponent(providerId)}`
}

function subject(visit: Visit, providerId: string): string {
  return `${NAME}/${visit.browserId}/${visit.interaction.id}/${providerId}`
}

export function forgottenPages(app: FastifyInstance, ctx: Context, rails: Rails): void {
  async function providerOf(request: FastifyRequest, { journey }: Visit): Promise<ProviderFacts | undefined> {
    const named = queryForm(request).single.get('provider')
    const facts = named === undefined ? undefined : await findAcceptedProvider(ctx, journey.client.metadata.login_providers, named)
    return facts !== undefined && offersRecovery(ctx, facts) ? facts : undefined
  }

  function show(request: FastifyRequest, reply: FastifyReply, visit: Visit, { provider }: ProviderFacts, username: string, problem: Pick<ForgottenModel, 'error' | 'until'>): FastifyReply {
    const { uiLocales } = visit.journey.request
    const language = requestLocale(request, uiLocales)
    const { provider_id: providerId } = provider
    const model = {
      clientName: nameOf(visit.journey, language),
      providerName: localized(provider.name, language),
      username,
      action: forgottenPath(rails, visit, providerId),
      csrf: formToken(ctx, subject(visit, providerId)),
      backHref: `${rails.path(visit, 'login')}?provider=${encodeURIComponent(providerId)}`,
      ...problem,
    }
    return page(reply, request, 'forgotten', model, { uiLocales, status: problem.error === undefined ? 200 : problem.error === 'throttled' ? 429 : 400 })
  }

  app.get<{ Params: { id: string } }>(`/signin/:id/${NAME}`, async (request, reply) => {
    const visit = await rails.visit(request, reply)
    if (!isVisit(visit)) return visit
    const facts = await providerOf(request, visit)
    if (facts === undefined) return goTo(reply, rails.path(visit, 'login'))
    if (!queryForm(request).single.has(SENT)) return show(request, reply, visit, facts, visit.journey.progress.failure?.username ?? '', {})
    const { uiLocales } = visit.journey.request
    const againHref = forgottenPath(rails, visit, facts.provider.provider_id)
    return page(reply, request, 'forgotten-sent', { clientName: nameOf(visit.journey, requestLocale(request, uiLocales)), minutes: RESET_SECONDS / 60, againHref, backHref: againHref.replace(`/${NAME}?`, '/login?') }, { uiLocales })
  })

  app.post<{ Params: { id: string } }>(`/signin/:id/${NAME}`, async (request, reply) => {
    const visit = await rails.visit(request, reply)
    if (!isVisit(visit)) return visit
    const facts = await providerOf(request, visit)
    if (facts === undefined) return goTo(reply, rails.path(visit, 'login'))
    const form = bodyForm(request)
    requireOwnForm(ctx, request, form, subject(visit, facts.provider.provider_id))
    const username = (form.single.get('username') ?? '').trim()
    if (username === '' || username.length > LONGEST_USERNAME) return show(request, reply, visit, facts, '', { error: 'empty' })
    const until = await askForReset(ctx, { facts, username, network: request.ip, interactionId: visit.interaction.id, language: requestLocale(request, visit.journey.request.uiLocales) })
    if (until === undefined) return goTo(reply, `${forgottenPath(rails, visit, facts.provider.provider_id)}&${SENT}=1`)
    void reply.header('retry-after', String(Math.max(1, Math.ceil(until.getTime() / 1000) - visit.journey.now)))
    return show(request, reply, visit, facts, username, { error: 'throttled', until })
  })
}

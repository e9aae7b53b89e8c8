import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Context } from '../../context.ts'
import { formToken, requireOwnForm } from '../../http/csrf.ts'
import { bodyForm } from '../../http/forms.ts'
import { goTo } from '../../http/leave.ts'
import { localized } from '../../http/locale.ts'
import { page, requestLocale } from '../../http/pages.ts'
import { traceRefusal } from '../../http/trace-request.ts'
import { newReference } from '../../lib/random.ts'
import { accessDenied } from '../../protocol/error.ts'
import type { UpstreamFailure } from '../../upstream/connector.ts'
import { openConnector } from '../../upstream/open.ts'
import type { ProviderFacts } from '../../upstream/provider.ts'
import { findProvider } from '../../upstream/store.ts'
import { nameOf } from '../journey.ts'
import { type Progress, updateProgress } from '../store.ts'
import { isVisit, type Rails, type Visit } from './step.ts'

// The page after a sign-in at a provider that came to nothing. It has its own address, so that a reload sends no answer twice and no code
// stays in the address bar.

const NAME = 'upstream'
const STATUS = { refused: 403, unavailable: 503, invalid: 400, incomplete: 403, locked: 403 } as const
const RETRY_SECONDS = 5

type Trouble = NonNullable<Progress['trouble']>

/** Writes down what went wrong, for the operator in detail, and leads the person to the page. `failure`: where there is more to tell than that. */
export async function noteTrouble(ctx: Context, reply: FastifyReply, rails: Rails, visit: Visit, facts: ProviderFacts, problem: Trouble['problem'], detail: string, failure?: UpstreamFailure): Promise<FastifyReply> {
  const { provider_id: providerId, protocol } = facts.provider
  const reference = newReference()
  const missing = failure?.missing ?? []
  ctx.log.info({ event: 'upstream.failed', ref: reference, providerId, problem, detail, ...failure?.facts }, 'a sign-in at a provider came to nothing')
  ctx.audit.record({ event: 'login.failed', providerId, reason: `upstream ${problem}` })
  ctx.metrics.logins.inc({ method: protocol, result: problem })
  // A detail may be a word of the other side's: only those of our own lists are labels.
  ctx.metrics.upstreamFailures.inc({ protocol, cause: failure?.facts['fix'] === undefined ? problem : detail })
  const skew = failure?.facts['skewSeconds']
  if (typeof skew === 'number') ctx.metrics.upstreamSkew.observe(skew)
  const hints = [{ name: 'provider', values: { id: providerId } }, { name: 'upstream_detail', values: { detail } }, ...(missing.length === 0 ? [] : [{ name: 'missing_attributes', values: { names: missing.join(', ') } }])]
  const compared = typeof skew === 'number' ? [{ name: 'clock (s)', sent: String(skew), expected: '0' }] : []
  traceRefusal(ctx, accessDenied('The sign-in at the institution came to nothing', { status: STATUS[problem], trace: { cause: `upstream.${problem}`, hints, compared } }), reply.request, reference, visit.journey.client.clientId)
  await updateProgress(ctx, visit.interaction.id, { trouble: { problem, providerId, reference, at: visit.journey.now, ...(missing.length === 0 ? {} : { missing }) } })
  return goTo(reply, rails.path(visit, NAME))
}

/** The institution's own page, or address, for a person about whom it said too little (U-03). */
async function helpOf(ctx: Context, facts: ProviderFacts | undefined, { missing, reference, at }: Trouble): Promise<string | undefined> {
  const connector = facts === undefined || missing === undefined ? undefined : openConnector(ctx, facts)
  return connector?.kind === 'redirect' ? connector.helpAddress?.({ missing: missing ?? [], reference, at }) : undefined
}

function subject(visit: Visit): string {
  return `${NAME}/${visit.browserId}/${visit.interaction.id}`
}

function retryOf(rails: Rails, visit: Visit, { providerId, problem }: Trouble): string {
  const address = `${rails.path(visit, 'login')}?provider=${encodeURIComponent(providerId)}`
  // One that did not answer has asked nobody yet; after anything else the person must get the chance to be somebody else.
  return problem === 'unavailable' ? address : `${address}&again=1`
}

export function troublePages(app: FastifyInstance, ctx: Context, rails: Rails): void {
  app.get<{ Params: { id: string } }>(`/signin/:id/${NAME}`, async (request, reply) => {
    const visit = await rails.visit(request, reply)
    if (!isVisit(visit)) return visit
    const { journey } = visit
    const trouble = journey.progress.trouble ?? undefined
    if (trouble === undefined) return rails.proceed(request, reply, visit, {})
    const { uiLocales } = journey.request
    const language = requestLocale(request, uiLocales)
    const facts = await findProvider(ctx, trouble.providerId)
    const { problem, reference, at, providerId } = trouble
    if (problem === 'unavailable') void reply.header('retry-after', String(RETRY_SECONDS))
    void reply.header('x-request-id', reference)
    return page(
      reply,
      request,
      'upstream',
      {
        problem,
        missing: trouble.missing,
        helpHref: await helpOf(ctx, facts, trouble),
        reference,
        time: new Date(at * 1000),
        clientName: nameOf(journey, language),
        providerName: facts === undefined ? providerId : localized(facts.provider.name, language),
        retryHref: retryOf(rails, visit, trouble),
        discoveryHref: journey.soleProvider === undefined ? rails.path(visit, 'discovery') : undefined,
        action: rails.path(visit, NAME),
        csrf: formToken(ctx, subject(visit)),
      },
      { uiLocales, status: STATUS[problem] },
    )
  })

  app.post<{ Params: { id: string } }>(`/signin/:id/${NAME}`, async (request, reply) => {
    const visit = await rails.visit(request, reply)
    if (!isVisit(visit)) return visit
    requireOwnForm(ctx, request, bodyForm(request), subject(visit))
    return rails.refuse(request, reply, visit, accessDenied('The person did not sign in', { reason: 'login_cancelled' }))
  })
}

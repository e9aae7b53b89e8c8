import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../../context.ts'
import { formToken, requireOwnForm } from '../../http/csrf.ts'
import { bodyForm } from '../../http/forms.ts'
import { localized } from '../../http/locale.ts'
import { page, requestLocale } from '../../http/pages.ts'
import { traceRefusal } from '../../http/trace-request.ts'
import { newReference } from '../../lib/random.ts'
import { accessDenied } from '../../protocol/error.ts'
import type { Trace } from '../../protocol/trace.ts'
import type { ProviderFacts } from '../../upstream/provider.ts'
import { searchProviders } from '../../upstream/search.ts'
import { nameOf } from '../journey.ts'
import { DISCOVERY, rowMaker, rowOf } from './discovery-model.ts'
import { readSearch } from './discovery-search.ts'
import { isVisit, type Rails, type Visit } from './step.ts'

// The two ends of the choice of an institution: one that the client does not accept, and none at all. Both name the application and the
// way back to it.

const UNLISTED = 'unlisted'
const LEAVE = 'leave-discovery'
const MOST_OPEN = 10

function subject(visit: Visit): string {
  return `${LEAVE}/${visit.browserId}/${visit.interaction.id}`
}

/** The page for an address that names an institution which the client does not accept: never a silent change to another one. */
export function refuseProvider(ctx: Context, request: FastifyRequest, reply: FastifyReply, rails: Rails, visit: Visit, { provider }: ProviderFacts): FastifyReply {
  const { uiLocales } = visit.journey.request
  const language = requestLocale(request, uiLocales)
  ctx.log.info({ event: 'provider.refused', clientId: visit.journey.client.clientId, providerId: provider.provider_id }, 'the client does not accept this provider')
  const { client } = visit.journey
  const trace: Trace = { cause: 'login.provider_not_allowed', compared: [{ name: 'login_providers', sent: provider.provider_id, expected: client.metadata.login_providers.join(', ') }] }
  const reference = newReference()
  traceRefusal(ctx, accessDenied('The client does not accept this institution', { status: 403, trace }), request, reference, client.clientId)
  void reply.header('x-request-id', reference)
  const names = { clientName: nameOf(visit.journey, language), providerName: localized(provider.name, language) }
  return page(reply, request, 'provider-refused', { ...names, discoveryHref: rails.path(visit, DISCOVERY), action: rails.path(visit, LEAVE), csrf: formToken(ctx, subject(visit)) }, { uiLocales, status: 403 })
}

async function showUnlisted(ctx: Context, request: FastifyRequest, reply: FastifyReply, rails: Rails, visit: Visit): Promise<FastifyReply> {
  const { client, request: asked } = visit.journey
  const language = requestLocale(request, asked.uiLocales)
  const rules = client.metadata.login_providers
  const rows = await rowMaker(ctx, rails, visit, readSearch(ctx, request), language)
  const { found } = await searchProviders(ctx, { clientKey: client.key, rules, query: '', country: undefined, onlyCountry: false, isOpen: true, offset: 0, limit: MOST_OPEN })
  return page(
    reply,
    request,
    'unlisted',
    {
      clientName: nameOf(visit.journey, language),
      open: found.map((facts) => rowOf(facts, rows)),
      clientHref: client.metadata.client_uri,
      discoveryHref: rails.path(visit, DISCOVERY),
      action: rails.path(visit, LEAVE),
      csrf: formToken(ctx, subject(visit)),
    },
    { uiLocales: asked.uiLocales },
  )
}

export function leaveDiscoveryPages(app: FastifyInstance, ctx: Context, rails: Rails): void {
  app.get<{ Params: { id: string } }>(`/signin/:id/${UNLISTED}`, async (request, reply) => {
    const visit = await rails.visit(request, reply)
    return isVisit(visit) ? showUnlisted(ctx, request, reply, rails, visit) : visit
  })

  app.post<{ Params: { id: string } }>(`/signin/:id/${LEAVE}`, async (request, reply) => {
    const visit = await rails.visit(request, reply)
    if (!isVisit(visit)) return visit
    requireOwnForm(ctx, request, bodyForm(request), subject(visit))
    return rails.refuse(request, reply, visit, accessDenied('The person did not sign in', { reason: 'login_cancelled' }))
  })
}

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../../context.ts'
import { formToken, requireOwnForm } from '../../http/csrf.ts'
import { bodyForm, queryForm } from '../../http/forms.ts'
import { goTo } from '../../http/leave.ts'
import { page, requestLocale } from '../../http/pages.ts'
import { discoveryAnswer, nearbyAnswer } from '../../http/provider-search.ts'
import { loginRequired } from '../../protocol/error.ts'
import { forgetProvider } from '../../sessions/devices.ts'
import { endSession } from '../../sessions/store.ts'
import { searchProviders, searchWords } from '../../upstream/search.ts'
import { chosenAccount } from '../chosen-account.ts'
import { settledProvider } from '../journey.ts'
import { DISCOVERY, discoveryModel, rowMaker, rowOf } from './discovery-model.ts'
import { readSearch } from './discovery-search.ts'
import { leaveDiscoveryPages } from './provider-refused.ts'
import { isVisit, type Rails, type Step, type Visit } from './step.ts'

// Provider discovery: where do you study or work? The search is the server's, so the page is the same without script and with thousands.

const MOST_NEARBY = 200

function subject(visit: Visit): string {
  return `${DISCOVERY}/${visit.browserId}/${visit.interaction.id}`
}

/** Like removing an account from this device: who signed in there is signed out here, or the row would stay. */
async function forget(ctx: Context, visit: Visit, providerId: string): Promise<void> {
  if (visit.deviceId !== undefined) await forgetProvider(ctx, visit.deviceId, providerId)
  for (const { session } of visit.journey.accounts) if (session?.providerId === providerId) await endSession(ctx, visit.browserId, session.sessionId)
}

async function showDiscovery(ctx: Context, request: FastifyRequest, reply: FastifyReply, rails: Rails, visit: Visit): Promise<FastifyReply> {
  const { uiLocales } = visit.journey.request
  const language = requestLocale(request, uiLocales)
  const model = await discoveryModel(ctx, rails, visit, readSearch(ctx, request), language, formToken(ctx, subject(visit)))
  if (model.query !== '') ctx.metrics.discoverySearches.inc({ result: model.total === 0 ? 'none' : 'found' })
  void reply.header('vary', 'Accept')
  if ((request.headers.accept ?? '').startsWith('application/json')) return reply.header('cache-control', 'no-store').send(discoveryAnswer(model, language))
  return page(reply, request, 'discovery', model, { uiLocales })
}

/** The institutions of the person's country, for the page's script to have before a key is pressed. */
async function sendNearby(ctx: Context, request: FastifyRequest, reply: FastifyReply, rails: Rails, visit: Visit): Promise<FastifyReply> {
  const { client, request: asked } = visit.journey
  const language = requestLocale(request, asked.uiLocales)
  const search = readSearch(ctx, request)
  const rows = await rowMaker(ctx, rails, visit, search, language)
  const question = { clientKey: client.key, rules: client.metadata.login_providers, query: '', country: search.country, offset: 0, limit: MOST_NEARBY }
  const { found } = search.country === undefined ? { found: [] } : await searchProviders(ctx, { ...question, onlyCountry: true })
  const nearby = found.map((facts) => {
    const row = rowOf(facts, rows)
    return { ...row, words: searchWords(facts, [row.name, row.domain ?? '']) }
  })
  const answer = nearbyAnswer(nearby, [`${rows.login}?provider=`, rows.suffix], language)
  return reply.header('cache-control', 'no-store').type('application/json; charset=utf-8').send(JSON.stringify(answer))
}

function pages(app: FastifyInstance, ctx: Context, rails: Rails): void {
  leaveDiscoveryPages(app, ctx, rails)
  for (const [name, show] of [[DISCOVERY, showDiscovery], ['nearby', sendNearby]] as const) {
    app.get<{ Params: { id: string } }>(`/signin/:id/${name}`, async (request, reply) => {
      const visit = await rails.visit(request, reply)
      return isVisit(visit) ? show(ctx, request, reply, rails, visit) : visit
    })
  }

  app.post<{ Params: { id: string } }>('/signin/:id/forget', async (request, reply) => {
    const visit = await rails.visit(request, reply)
    if (!isVisit(visit)) return visit
    requireOwnForm(ctx, request, bodyForm(request), subject(visit))
    const providerId = queryForm(request).single.get('provider')
    if (providerId !== undefined) await forget(ctx, visit, providerId)
    return goTo(reply, rails.path(visit, DISCOVERY))
  })
}

export const chooseProvider: Step = {
  name: DISCOVERY,
  reason: (journey) => {
    const account = chosenAccount(journey)
    if (account?.session !== undefined || account?.pending !== undefined || account?.provider !== undefined || settledProvider(journey) !== undefined) return undefined
    return { name: 'provider_unknown', silently: () => loginRequired('Nobody is signed in') }
  },
  pages,
}

import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Context } from '../../context.ts'
import { formToken, requireOwnForm } from '../../http/csrf.ts'
import { bodyForm, queryForm } from '../../http/forms.ts'
import { goTo } from '../../http/leave.ts'
import { type Locale, localized } from '../../http/locale.ts'
import { page, requestLocale } from '../../http/pages.ts'
import { discoveryAnswer } from '../../http/provider-search.ts'
import type { DiscoveryModel, ProviderRow } from '../../http/views.ts'
import { loginRequired } from '../../protocol/error.ts'
import { forgetProvider } from '../../sessions/devices.ts'
import { endSession } from '../../sessions/store.ts'
import type { ProviderFacts } from '../../upstream/provider.ts'
import { listCountries, searchProviders } from '../../upstream/search.ts'
import { chosenAccount } from '../chosen-account.ts'
import { initials } from '../initials.ts'
import { insecureRedirect } from '../insecure-redirect.ts'
import { nameOf } from '../journey.ts'
import { isVisit, type Rails, type Step, type Visit } from './step.ts'

// Provider discovery: where do you study or work? The search is the server's, so the page is the same without script and with thousands.

const NAME = 'discovery'
const ROWS = 10
const BUTTONS = 6

function rowOf(facts: ProviderFacts, href: string, language: Locale): ProviderRow {
  const { provider, realms } = facts
  const name = localized(provider.name, language)
  return { providerId: provider.provider_id, name, domain: realms[0], initials: initials(name), href: `${href}?provider=${encodeURIComponent(provider.provider_id)}` }
}

/** The country that the browser's languages suggest; never the person's location. */
function likelyCountry(request: FastifyRequest): string | undefined {
  const languages = (request.headers['accept-language'] ?? '').split(',').map((part) => part.split(';')[0]?.trim() ?? '')
  const region = languages.map((language) => /^[a-z]{2,3}-([A-Za-z]{2})$/.exec(language)?.[1]).find((found) => found !== undefined)
  const byLanguage: Readonly<Record<string, string>> = { nb: 'no', nn: 'no', no: 'no', fi: 'fi', sv: 'se', da: 'dk', is: 'is' }
  return region?.toLowerCase() ?? byLanguage[languages[0]?.split('-')[0] ?? '']
}

function countryName(code: string, language: Locale): string {
  return new Intl.DisplayNames([language], { type: 'region' }).of(code.toUpperCase()) ?? code
}

interface Search {
  readonly query: string
  readonly country: string | undefined
  readonly chosenCountry: boolean
  readonly pageNumber: number
}

const COUNTRY = /^[a-z]{2}$/
const LONGEST_QUERY = 100
const LAST_PAGE = 400

function readSearch(request: FastifyRequest): Search {
  const { single } = queryForm(request)
  const country = single.get('country')
  const chosen = country !== undefined && COUNTRY.test(country) ? country : undefined
  const number = Number(single.get('page') ?? '1')
  return {
    query: (single.get('q') ?? '').slice(0, LONGEST_QUERY),
    country: chosen ?? likelyCountry(request),
    chosenCountry: chosen !== undefined,
    pageNumber: Number.isInteger(number) && number >= 1 && number <= LAST_PAGE ? number : 1,
  }
}

function nextPage(path: string, search: Search, total: number): string | undefined {
  if (search.pageNumber * ROWS >= total) return undefined
  const parameters = new URLSearchParams({ ...(search.query === '' ? {} : { q: search.query }), ...(search.chosenCountry && search.country !== undefined ? { country: search.country } : {}), page: String(search.pageNumber + 1) })
  return `${path}?${parameters}`
}

async function discoveryModel(ctx: Context, request: FastifyRequest, rails: Rails, visit: Visit, language: Locale): Promise<DiscoveryModel> {
  const { journey } = visit
  const rules = journey.client.metadata.login_providers
  const search = readSearch(request)
  const offset = (search.pageNumber - 1) * ROWS
  const onlyCountry = search.chosenCountry && search.query === ''
  const { found, total } = await searchProviders(ctx, { clientKey: journey.client.key, rules, query: search.query, country: search.country, onlyCountry, offset, limit: ROWS })
  const browse = total === 0 && search.query !== '' ? (await searchProviders(ctx, { clientKey: journey.client.key, rules, query: '', country: search.country, onlyCountry: false, offset: 0, limit: ROWS })).found : found
  const login = rails.path(visit, 'login')
  const path = rails.path(visit, NAME)
  const codes = await listCountries(ctx, rules)
  const remembered = [...new Map(journey.accounts.filter((account) => account.accepted).map(({ provider }) => [provider?.provider.provider_id, provider])).values()].filter((facts) => facts !== undefined)
  return {
    clientName: nameOf(journey, language),
    insecure: insecureRedirect(journey.request.redirectUri),
    csrf: formToken(ctx, subject(visit)),
    query: search.query,
    searchAction: path,
    results: browse.map((facts) => rowOf(facts, login, language)),
    total,
    nextHref: nextPage(path, search, total),
    remembered: remembered.map((facts) => ({ ...rowOf(facts, login, language), forgetAction: `${rails.path(visit, 'forget')}?provider=${encodeURIComponent(facts.provider.provider_id)}` })),
    countries: codes.length < 2 ? [] : codes.map((code) => ({ code, name: countryName(code, language), selected: search.chosenCountry && code === search.country })),
    searchable: search.query !== '' || total > BUTTONS || search.chosenCountry || search.pageNumber > 1,
  }
}

function subject(visit: Visit): string {
  return `${NAME}/${visit.browserId}/${visit.interaction.id}`
}

/** Like removing an account from this device: who signed in there is signed out here, or the row would stay. */
async function forget(ctx: Context, visit: Visit, providerId: string): Promise<void> {
  if (visit.deviceId !== undefined) await forgetProvider(ctx, visit.deviceId, providerId)
  for (const { session } of visit.journey.accounts) if (session?.providerId === providerId) await endSession(ctx, visit.browserId, session.sessionId)
}

function pages(app: FastifyInstance, ctx: Context, rails: Rails): void {
  app.get<{ Params: { id: string } }>(`/signin/:id/${NAME}`, async (request, reply) => {
    const visit = await rails.visit(request, reply)
    if (!isVisit(visit)) return visit
    const { uiLocales } = visit.journey.request
    const language = requestLocale(request, uiLocales)
    const model = await discoveryModel(ctx, request, rails, visit, language)
    if (model.query !== '') ctx.metrics.discoverySearches.inc({ result: model.total === 0 ? 'none' : 'found' })
    void reply.header('vary', 'Accept')
    if ((request.headers.accept ?? '').startsWith('application/json')) return reply.header('cache-control', 'no-store').send(discoveryAnswer(model, language))
    return page(reply, request, 'discovery', model, { uiLocales })
  })

  app.post<{ Params: { id: string } }>('/signin/:id/forget', async (request, reply) => {
    const visit = await rails.visit(request, reply)
    if (!isVisit(visit)) return visit
    requireOwnForm(ctx, request, bodyForm(request), subject(visit))
    const providerId = queryForm(request).single.get('provider')
    if (providerId !== undefined) await forget(ctx, visit, providerId)
    return goTo(reply, rails.path(visit, NAME))
  })
}

export const chooseProvider: Step = {
  name: NAME,
  reason: (journey) => {
    const account = chosenAccount(journey)
    if (account?.session !== undefined || account?.pending !== undefined || account?.provider !== undefined || journey.soleProvider !== undefined) return undefined
    return { name: 'provider_unknown', silently: () => loginRequired('Nobody is signed in') }
  },
  pages,
}

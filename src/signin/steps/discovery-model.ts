import type { Context } from '../../context.ts'
import { type Locale, localized } from '../../http/locale.ts'
import type { DiscoveryModel, ProviderRow } from '../../http/discovery-views.ts'
import { findLogos } from '../../upstream/federation/logo-store.ts'
import { troubledProviders } from '../../upstream/health.ts'
import type { ProviderFacts } from '../../upstream/provider.ts'
import { listCountries, searchProviders } from '../../upstream/search.ts'
import { initials } from '../initials.ts'
import { insecureRedirect } from '../insecure-redirect.ts'
import { nameOf } from '../journey.ts'
import type { Search } from './discovery-search.ts'
import type { Rails, Visit } from './step.ts'

// Owns what the discovery page shows: the rows and their order, and where everything on it leads.

export const DISCOVERY = 'discovery'
const ROWS = 10
const BUTTONS = 6

/** How rows of one journey are made: where they lead, in which language, and which of them have problems right now. */
export interface RowMaker {
  readonly login: string
  readonly suffix: string
  readonly language: Locale
  readonly troubled: ReadonlySet<string>
  readonly logos?: ReadonlyMap<string, string>
}

export function rowOf(facts: ProviderFacts, { login, suffix, language, troubled, logos }: RowMaker): ProviderRow {
  const { provider, realms } = facts
  const id = provider.provider_id
  const name = localized(provider.name, language)
  const logo = logos?.get(id)
  return { providerId: id, name, domain: realms[0], initials: initials(name), href: `${login}?provider=${encodeURIComponent(id)}${suffix}`, ...(troubled.has(id) ? { troubled: true } : {}), ...(logo === undefined ? {} : { logo: `/logos/${logo}.webp` }) }
}

/** Ticked by this request, else on an earlier visit. */
export function isShared(search: Search, { journey }: Visit): boolean {
  return search.shared ?? journey.progress.shared === true
}

export async function rowMaker(ctx: Context, rails: Rails, visit: Visit, search: Search, language: Locale): Promise<RowMaker> {
  // Said only where it changes what the journey knows already.
  const suffix = isShared(search, visit) ? '&shared=1' : visit.journey.progress.shared === true ? '&shared=0' : ''
  return { login: rails.path(visit, 'login'), suffix, language, troubled: await troubledProviders(ctx) }
}

function countryName(code: string, language: Locale): string {
  return new Intl.DisplayNames([language], { type: 'region' }).of(code.toUpperCase()) ?? code
}

function addressOf(path: string, search: Search, changes: { readonly page?: number; readonly shared?: boolean }): string {
  const shared = changes.shared ?? search.shared
  const page = changes.page ?? 1
  const parameters = new URLSearchParams({
    ...(search.query === '' ? {} : { q: `${search.isAddress ? '@' : ''}${search.query}` }),
    ...(search.chosenCountry && search.country !== undefined ? { country: search.country } : {}),
    ...(shared === undefined ? {} : { shared: shared ? '1' : '0' }),
    ...(page === 1 ? {} : { page: String(page) }),
  }).toString()
  return parameters === '' ? path : `${path}?${parameters}`
}

/** The institutions of the accounts that this device remembers, each once. */
function rememberedProviders({ journey }: Visit): readonly ProviderFacts[] {
  const known = journey.accounts.filter((account) => account.accepted).map(({ provider }) => provider).filter((facts) => facts !== undefined)
  return [...new Map(known.map((facts) => [facts.provider.provider_id, facts])).values()]
}

export async function discoveryModel(ctx: Context, rails: Rails, visit: Visit, search: Search, language: Locale, csrf: string): Promise<DiscoveryModel> {
  const { journey } = visit
  const rules = journey.client.metadata.login_providers
  const { query, country, chosenCountry, pageNumber } = search
  const first = journey.hint.accepted.map(({ provider }) => provider.provider_id)
  const question = { clientKey: journey.client.key, rules, country, first, limit: ROWS }
  const typed = search.isAddress ? `@${query}` : query
  const [{ found, total }, maker, codes] = await Promise.all([
    searchProviders(ctx, { ...question, query: typed, onlyCountry: chosenCountry && query === '', offset: (pageNumber - 1) * ROWS }),
    rowMaker(ctx, rails, visit, search, language),
    listCountries(ctx, rules),
  ])
  const isNone = total === 0 && query !== ''
  const browse = isNone ? (await searchProviders(ctx, { ...question, query: '', onlyCountry: false, offset: 0 })).found : found
  const remembered = rememberedProviders(visit)
  const rows = { ...maker, logos: await findLogos(ctx.db, [...browse, ...remembered].map(({ provider }) => provider.provider_id)) }
  const path = rails.path(visit, DISCOVERY)
  const forget = rails.path(visit, 'forget')
  const shared = isShared(search, visit)
  return {
    clientName: nameOf(journey, language),
    insecure: insecureRedirect(journey),
    csrf,
    query,
    searchAction: path,
    results: browse.map((facts) => rowOf(facts, rows)),
    total,
    nextHref: !isNone && pageNumber * ROWS < total ? addressOf(path, search, { page: pageNumber + 1 }) : undefined,
    remembered: remembered.map((facts) => ({ ...rowOf(facts, rows), forgetAction: `${forget}?provider=${encodeURIComponent(facts.provider.provider_id)}` })),
    refused: journey.hint.accepted.length > 0 ? [] : journey.hint.refused.slice(0, 1).map((facts) => ({ ...rowOf(facts, rows), disabledReason: 'not-accepted' as const })),
    countries: codes.length < 2 ? [] : codes.map((code) => ({ code, name: countryName(code, language), selected: code === country })).toSorted((one, other) => one.name.localeCompare(other.name, language)),
    chosenCountry: chosenCountry && country !== undefined ? countryName(country, language) : undefined,
    shared: { on: shared, toggleHref: addressOf(path, search, { page: pageNumber, shared: !shared }), isSaid: search.shared !== undefined },
    nearbyHref: country === undefined ? undefined : `${rails.path(visit, 'nearby')}?country=${country}`,
    unlistedHref: rails.path(visit, 'unlisted'),
    searchable: query !== '' || total > BUTTONS || chosenCountry || pageNumber > 1,
  }
}

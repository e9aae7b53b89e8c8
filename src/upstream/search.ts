import { perContext, type Context } from '../context.ts'
import { createCache } from '../database/cache-versions.ts'
import { allVersions } from '../protocol/localized-text.ts'
import { fold, wordsOf } from '../lib/fold.ts'
import { type Query, readQuery } from './read-query.ts'
import type { ProviderFacts } from './provider.ts'
import { askIndex, type IndexAnswer, type IndexQuestion, listedCountries, lookUp, lookUpMeant, onlyListed } from './search-index.ts'
import { readProviders, findProvider } from './store.ts'

// Owns the search for a place to sign in: what is tried, and what is tried when that finds nothing. The index answers
// (search-index.ts); nothing proportional to the number of providers is kept in memory or sent to a browser.

export interface ProviderSearch {
  readonly clientKey: string
  readonly rules: readonly string[]
  /** As it was typed. */
  readonly query: string
  /** Those of this country first; with `onlyCountry` no others. */
  readonly country: string | undefined
  readonly onlyCountry: boolean
  /** Only those that belong to no institution: they have no domain and no country. */
  readonly isOpen?: boolean
  /** Ids of those that come before all others while nothing is typed. */
  readonly first?: readonly string[]
  readonly offset: number
  readonly limit: number
}

export interface FoundProviders {
  readonly found: readonly ProviderFacts[]
  readonly total: number
}

const LEAST_LABELS = 2

/** `cs.uni.example` belongs to `uni.example`: a domain and those above it, but for the top one. */
export function domainsAbove(domain: string): readonly string[] {
  const labels = domain.split('.')
  return labels.flatMap((_label, i) => (labels.length - i >= LEAST_LABELS ? [labels.slice(i).join('.')] : []))
}

const NOTHING: IndexAnswer = { ids: [], total: 0 }

interface Asked extends Omit<ProviderSearch, 'query'> {
  readonly read: Query
}

async function ask(ctx: Context, { read: { words, isAddress }, first = [], ...search }: Asked): Promise<IndexAnswer> {
  const question: IndexQuestion = { ...search, first, sought: [] }
  const withDomain = (realms: readonly string[]): Promise<IndexAnswer> => askIndex(ctx, { ...question, realms })
  const domain = words.join('.')
  if (isAddress && words.length > 0) {
    const exact = await withDomain([domain])
    if (exact.total > 0) return exact
  }
  const sought = await lookUp(ctx, words)
  const answer = sought.every(({ isKnown }) => isKnown) ? await askIndex(ctx, { ...question, sought }) : NOTHING
  if (answer.total > 0 || words.length === 0) return answer
  if (isAddress) return withDomain(domainsAbove(domain))
  const meant = await lookUpMeant(ctx, sought)
  return meant === undefined ? NOTHING : askIndex(ctx, { ...question, sought: meant })
}

// At nine o'clock thousands type the same first letters, and those are what the index has most to say of. The first pages of an answer are
// kept, all of one moment, until a provider changes, or for as long as the order by use may lag behind.
const MOST_ANSWERS = 1000
const KEPT_IDS = 100
const LONGEST_KEPT_QUERY = 40
const KEPT_MS = 60_000
const answers = perContext((ctx: Context) =>
  createCache<string, IndexAnswer>({ name: 'providers', versions: ctx.versions, max: MOST_ANSWERS, ttl: KEPT_MS, load: (key) => ask(ctx, JSON.parse(key) as Asked) }),
)

function isCommon({ read, first = [], offset, limit }: Asked): boolean {
  return first.length === 0 && offset + limit <= KEPT_IDS && read.words.join(' ').length <= LONGEST_KEPT_QUERY
}

async function answerOf(ctx: Context, asked: Asked): Promise<IndexAnswer> {
  const kept = isCommon(asked) ? await answers(ctx).get(JSON.stringify({ ...asked, offset: 0, limit: KEPT_IDS })) : undefined
  return kept === undefined ? ask(ctx, asked) : { ...kept, ids: kept.ids.slice(asked.offset, asked.offset + asked.limit) }
}

/**
 * Searches by name in any language, abbreviation, keyword or domain: every word must begin a word of the provider, or stand within one if
 * it is long enough to mean something. An abbreviation comes first, then what begins with the query, then beginnings of words, then parts.
 * Only what nothing else matches may have a typo, and one. Of an e-mail address the domain is looked for, or one above it.
 */
export async function searchProviders(ctx: Context, search: ProviderSearch): Promise<FoundProviders> {
  const { query, ...where } = search
  const { ids, total } = await answerOf(ctx, { ...where, read: readQuery(query) })
  return { found: await readProviders(ctx, ids), total }
}

/** The words by which a provider is found, folded, each once, without those of the texts that are known already. */
export function searchWords({ provider, realms }: ProviderFacts, known: readonly string[]): string {
  const there = known.map(fold).flatMap(wordsOf)
  const words = [...allVersions(provider.name), ...provider.keywords].map(fold).flatMap(wordsOf).concat(realms)
  return [...new Set(words)].filter((word) => !there.includes(word)).join(' ')
}

interface Choice {
  readonly sole: string | undefined
  readonly countries: readonly string[]
}

// The same for every visit of every client with these rules, until a provider changes.
const choices = perContext((ctx: Context) =>
  createCache<string, Choice>({
    name: 'providers',
    versions: ctx.versions,
    max: 1000,
    load: async (key) => {
      const rules = JSON.parse(key) as readonly string[]
      const [sole, countries] = await Promise.all([onlyListed(ctx, rules), listedCountries(ctx, rules)])
      return { sole, countries }
    },
  }),
)

/** The countries of the providers that a client accepts. From memory. */
export async function listCountries(ctx: Context, rules: readonly string[]): Promise<readonly string[]> {
  return (await choices(ctx).get(JSON.stringify(rules)))?.countries ?? []
}

/** The only provider that a client accepts, if there is just one. From memory. */
export async function findSoleProvider(ctx: Context, rules: readonly string[]): Promise<ProviderFacts | undefined> {
  const sole = (await choices(ctx).get(JSON.stringify(rules)))?.sole
  return sole === undefined ? undefined : findProvider(ctx, sole)
}

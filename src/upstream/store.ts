import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely'
import { perContext, type Context } from '../context.ts'
import { createCache, raiseCacheVersion } from '../database/cache-versions.ts'
import type { DeclaredDocument } from '../database/declared.ts'
import type { Database } from '../database/schema.ts'
import { allVersions, inLanguage } from '../protocol/localized-text.ts'
import type { Organization } from '../organizations/organization.ts'
import { findOrganization } from '../organizations/store.ts'
import { fold, queryWords } from './fold.ts'
import { isAccepted, type Provider, type ProviderFacts } from './provider.ts'

// Owns providers. The search is a question to PostgreSQL over folded words; nothing proportional to the number of providers is kept
// in memory or sent to a browser.

interface Row {
  readonly document: unknown
}

const cache = perContext((ctx: Context) =>
  createCache<string, Provider>({
    name: 'providers',
    versions: ctx.versions,
    max: 5000,
    load: async (id) => {
      const row = await ctx.db.selectFrom('providers').select('document').where('provider_id', '=', id).executeTakeFirst()
      return row?.document as Provider | undefined
    },
  }),
)

async function withFacts(ctx: Context, provider: Provider): Promise<ProviderFacts> {
  const organization = await findOrganization(ctx, provider.organization)
  return { provider, realms: organization?.realms ?? [], country: provider.country ?? organization?.country }
}

/** A provider with what its organization adds, from memory. */
export async function findProvider(ctx: Context, providerId: string): Promise<ProviderFacts | undefined> {
  const provider = await cache(ctx).get(providerId)
  return provider === undefined ? undefined : withFacts(ctx, provider)
}

/** A provider that a client with these `login_providers` accepts, or nothing. */
export async function findAcceptedProvider(ctx: Context, rules: readonly string[], providerId: string): Promise<ProviderFacts | undefined> {
  const facts = await findProvider(ctx, providerId)
  return facts !== undefined && isAccepted(rules, facts) ? facts : undefined
}

export interface ProviderSearch {
  readonly rules: readonly string[]
  readonly query: string
  /** Those of this country first; with `onlyCountry` no others. */
  readonly country: string | undefined
  readonly onlyCountry: boolean
  readonly offset: number
  readonly limit: number
}

export interface FoundProviders {
  readonly found: readonly ProviderFacts[]
  readonly total: number
}

// Rules are few and named; each becomes a condition, so that the database filters and counts, and no page shows what the client refuses.
function ruleCondition(rules: readonly string[]) {
  const realms = rules.filter((rule) => rule.startsWith('realm:')).map((rule) => rule.slice(6))
  const countries = rules.filter((rule) => rule.startsWith('country:')).map((rule) => rule.slice(8))
  const protocols = rules.filter((rule) => rule.startsWith('protocol:')).map((rule) => rule.slice(9))
  return sql<boolean>`(${rules.includes('all')} or provider_id = any(${[...rules]}::text[]) or country = any(${countries}::text[]) or protocol = any(${protocols}::text[])
    or string_to_array(words, ' ') && ${realms}::text[])`
}

// Scripts without spaces have whole words within words.
const WITHOUT_SPACES = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u
const SHORTEST_PART = 3

function like(words: readonly string[], match: (word: string) => RawBuilder<unknown>): RawBuilder<unknown> {
  return sql.join([sql`words is not null`, ...words.map(match)], sql` and `)
}

function beginsWord(word: string): RawBuilder<unknown> {
  return sql`(' ' || words) like ${`% ${escapeLike(word)}%`}`
}

function isWithin(word: string): RawBuilder<unknown> {
  return word.length >= SHORTEST_PART || WITHOUT_SPACES.test(word) ? sql`words like ${`%${escapeLike(word)}%`}` : beginsWord(word)
}

function escapeLike(word: string): string {
  return word.replaceAll(/[%_\\]/g, String.raw`\$&`)
}

/**
 * Searches by name in any language, abbreviation, keyword or domain: every word must begin a word of the provider, or stand within one if
 * it is long enough to mean something. An abbreviation comes first, then what begins with the query, then beginnings of words, then parts.
 */
export async function searchProviders(ctx: Context, search: ProviderSearch): Promise<FoundProviders> {
  const words = queryWords(search.query)
  const country = search.country ?? null
  const inCountry = search.onlyCountry && country !== null ? sql`country = ${country}` : sql`true`
  const whole = escapeLike(words.join(' '))
  const { rows } = await sql<Row & { total: string }>`
    select document, count(*) over () as total from providers
    where not coalesce((document->>'disabled')::boolean, false) and ${ruleCondition(search.rules)} and ${like(words, isWithin)} and ${inCountry}
    order by ((' ' || words || ' ') like ${`% ${whole} %`}) desc, (sort_name like ${`${whole}%`}) desc, (${like(words, beginsWord)}) desc, (country is not distinct from ${country}) desc, sort_name, provider_id
    limit ${search.limit} offset ${search.offset}`.execute(ctx.db)
  const found = await Promise.all(rows.map((row) => withFacts(ctx, row.document as Provider)))
  return { found, total: Number(rows[0]?.total ?? 0) }
}

/** The countries of the providers that a client accepts. */
export async function listCountries(ctx: Context, rules: readonly string[]): Promise<readonly string[]> {
  const { rows } = await sql<{ country: string }>`select distinct country from providers where country is not null and ${ruleCondition(rules)} order by country`.execute(ctx.db)
  return rows.map((row) => row.country)
}

/** The providers as they were declared; `secret` is sealed. */
export async function listProviders(db: Kysely<Database>): Promise<readonly (DeclaredDocument & { readonly secret: string | undefined })[]> {
  const rows = await db.selectFrom('providers').selectAll().orderBy('provider_id').execute()
  return rows.map((row) => ({ id: row.provider_id, document: row.document, declared: row.declared, secret: row.sealed_secret?.toString('base64') }))
}

/** What we prove ourselves with to a provider, sealed. Read when it is needed and kept nowhere else. */
export async function findSealedSecret(ctx: Context, id: string): Promise<Buffer | undefined> {
  const row = await ctx.db.selectFrom('providers').select('sealed_secret').where('provider_id', '=', id).executeTakeFirst()
  return row?.sealed_secret ?? undefined
}

/**
 * Creates or replaces a provider. `organization` adds its realms and country to what the search finds. `sealedSecret` null forgets the
 * secret there is; left out, it stays.
 */
export async function saveProvider(trx: Transaction<Database>, provider: Provider, organization: Organization | undefined, declared: boolean, sealedSecret?: Buffer | null): Promise<void> {
  const realms = organization?.realms ?? []
  const words = [...allVersions(provider.name), ...provider.keywords, provider.provider_id].map(fold).concat(realms).join(' ')
  const values = {
    protocol: provider.protocol,
    country: provider.country ?? organization?.country ?? null,
    words,
    sort_name: fold(inLanguage(provider.name, 'en')),
    document: JSON.stringify(provider),
    declared,
    ...(sealedSecret === undefined ? {} : { sealed_secret: sealedSecret }),
  }
  await trx
    .insertInto('providers')
    .values({ provider_id: provider.provider_id, ...values })
    .onConflict((conflict) => conflict.column('provider_id').doUpdateSet({ ...values, updated_at: sql`clock_now()` }))
    .execute()
  await raiseCacheVersion(trx, 'providers')
}

export async function deleteProvider(trx: Transaction<Database>, providerId: string): Promise<void> {
  await trx.deleteFrom('providers').where('provider_id', '=', providerId).execute()
  await raiseCacheVersion(trx, 'providers')
}

import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { Context } from '../context.ts'
import type { Database } from '../database/schema.ts'
import { allVersions, inLanguage } from '../protocol/localized-text.ts'
import { fold, wordsOf } from '../lib/fold.ts'
import { type Misspelt, misspelt } from './one-typo.ts'
import type { ProviderFacts } from './provider.ts'
import { matchesOf, mayStandWithin, rankOf, type Sought } from './search-match.ts'
import { usesAt } from './uses.ts'

// Owns provider_index, provider_words and word_ends: what the search knows of a provider. Words lead to providers, and every end of a word
// leads to the word, so that "begins with" and "stands within" are both a range of an index. Does not own what a provider is (store.ts) nor
// what a person typed (search.ts). Words that nobody has any more stay in word_ends: they lead nowhere.

const LONGEST_WORD = 60
const MOST_WORDS = 300
const SHORTEST_END = 2

interface Entry {
  readonly provider_id: string
  readonly listed: boolean
  readonly protocol: string
  readonly country: string | null
  readonly realms: readonly string[]
  readonly names: string
  readonly abbreviations: string
  readonly sort_name: string
  readonly words: readonly string[]
}

function entryOf({ provider, realms, country }: ProviderFacts): Entry {
  const names = [...new Set(allVersions(provider.name).map(fold))]
  const abbreviations = [...new Set([...provider.keywords, provider.provider_id].map(fold))]
  const words = [...names, ...abbreviations].flatMap(wordsOf).concat(realms)
  return {
    provider_id: provider.provider_id,
    listed: !provider.disabled && provider.hidden !== true,
    protocol: provider.protocol,
    country: country ?? null,
    realms,
    names: `\n${names.join('\n')}`,
    abbreviations: `\n${abbreviations.join('\n')}\n`,
    sort_name: fold(inLanguage(provider.name, 'en')),
    words: [...new Set(words.map((word) => Array.from(word).slice(0, LONGEST_WORD).join('')))].slice(0, MOST_WORDS),
  }
}

// Of a domain the ends are those that begin with a label: nobody types the second half of one.
function endsOf(word: string): readonly string[] {
  const letters = Array.from(word)
  const isDomain = word.includes('.')
  return letters.flatMap((_letter, i) => (i === 0 || (isDomain ? letters[i - 1] === '.' : letters.length - i >= SHORTEST_END) ? [letters.slice(i).join('')] : []))
}

/** Writes what the search knows of these providers anew. To be called in the transaction that writes them. */
export async function indexProviders(trx: Kysely<Database>, providers: readonly ProviderFacts[]): Promise<void> {
  const entries = providers.map(entryOf)
  const rows = JSON.stringify(entries.map(({ words: _words, ...row }) => row))
  const words = entries.flatMap((entry) => entry.words.map((word) => ({ id: entry.provider_id, word })))
  const ends = [...new Set(words.map(({ word }) => word))].flatMap((word) => endsOf(word).map((part) => ({ part, word })))
  await sql`insert into provider_index (provider_id, listed, protocol, country, realms, names, abbreviations, sort_name)
    select provider_id, listed, protocol, country, realms, names, abbreviations, sort_name
    from jsonb_to_recordset(${rows}::jsonb) as r (provider_id text, listed boolean, protocol text, country text, realms text[], names text, abbreviations text, sort_name text)
    on conflict (provider_id) do update set listed = excluded.listed, protocol = excluded.protocol, country = excluded.country, realms = excluded.realms,
      names = excluded.names, abbreviations = excluded.abbreviations, sort_name = excluded.sort_name`.execute(trx)
  await sql`delete from provider_words where number in (select number from provider_index where provider_id = any(${entries.map((entry) => entry.provider_id)}::text[]))`.execute(trx)
  await sql`insert into provider_words (word, number)
    select word, number from unnest(${words.map(({ word }) => word)}::text[], ${words.map(({ id }) => id)}::text[]) as w (word, provider_id) join provider_index using (provider_id)`.execute(trx)
  await sql`insert into word_ends (part, word) select * from unnest(${ends.map(({ part }) => part)}::text[], ${ends.map(({ word }) => word)}::text[]) as e (part, word) order by 1, 2
    on conflict do nothing`.execute(trx)
}

/** The condition of a client's `login_providers`: the database filters and counts, and no page shows what the client refuses. */
function ruleCondition(rules: readonly string[]): RawBuilder<unknown> {
  const values = (kind: string): readonly string[] => rules.filter((rule) => rule.startsWith(`${kind}:`)).map((rule) => rule.slice(kind.length + 1))
  if (rules.includes('all')) return sql`true`
  return sql`(i.provider_id = any(${[...rules]}::text[]) or i.country = any(${values('country')}::text[]) or i.protocol = any(${values('protocol')}::text[]) or i.realms && ${values('realm')}::text[])`
}

/** After all signs that stand in words. */
const LAST = '\u{10FFFF}'

function startsWith(column: RawBuilder<unknown>, start: string): RawBuilder<unknown> {
  return sql`${column} >= ${start} and ${column} < ${start + LAST}`
}

const PART = sql`e.part`
/** An empty array, as the database writes it. */
const NONE = '{}'

/** Of a word that more providers have than these, they are not collected: to read a row of each provider costs less. */
const FEW = 2000

const LOOK_UP = {
  name: 'look_up_words',
  text: `select word, cardinality(numbers), case when cardinality(numbers) <= ${FEW} then numbers::text end from unnest($1::text[], $2::boolean[]) as q (word, within) cross join lateral (select array(
    (select w.number from provider_words w where not within and w.word >= q.word and w.word < q.word || '${LAST}' limit ${FEW + 1}) union all
    (select w.number from word_ends e join provider_words w on w.word = e.word where within and e.part >= q.word and e.part < q.word || '${LAST}' limit ${FEW + 1})) as numbers offset 0) looked_up`,
}

/** What the index has for each of these words. */
export async function lookUp(ctx: Context, words: readonly string[]): Promise<readonly Sought[]> {
  if (words.length === 0) return []
  const rows = (await ctx.hot(LOOK_UP, [words, words.map(mayStandWithin)])) as readonly (readonly [word: string, count: number, numbers: string | null])[]
  const providers = new Map(rows.map(([word, count, numbers]) => [word, { count, numbers }]))
  return words.map((word) => {
    const { count, numbers } = providers.get(word) ?? { count: 0, numbers: NONE }
    return { word, isKnown: count > 0, few: numbers === null ? undefined : { count, numbers }, meant: undefined }
  })
}

// Each that it may have been is looked for where what is certain of it begins words, so that few of a great many words are compared. A
// planner that is free to read all words for all of them together does, for it takes each beginning to be that of thousands.
function meantBy(word: string, { starts, tail, within }: Misspelt): RawBuilder<unknown> {
  const certain = starts.map((start) => start.certain)
  return sql`select ${word} as word, array(select distinct w.number from provider_words w where w.word in (
    select m.word from unnest(${certain}::text[], ${starts.map((start) => start.pattern)}::text[]) as s (certain, pattern) cross join lateral
      (select e.word from word_ends e where ${PART} >= s.certain and ${PART} < s.certain || ${LAST} and e.part = e.word and e.word like s.pattern offset 0) m
    union all select e.word from word_ends e where ${startsWith(PART, tail)} and e.word like any(${within}::text[])))::text as numbers`
}

/** The same with the providers of the words that may have been meant, one typo in one of them; nothing where that finds no provider either. */
export async function lookUpMeant(ctx: Context, sought: readonly Sought[]): Promise<readonly Sought[] | undefined> {
  const unknown = sought.filter(({ isKnown }) => !isKnown)
  const each = (unknown.length === 0 ? sought : unknown).flatMap(({ word }) => {
    const wrong = misspelt(word)
    return wrong === undefined ? [] : [meantBy(word, wrong)]
  })
  if (unknown.length > 1 || each.length === 0) return undefined
  const { rows } = await sql<{ word: string; numbers: string }>`${sql.join(each, sql` union all `)}`.execute(ctx.db)
  const meant = new Map(rows.filter(({ numbers }) => numbers !== NONE).map(({ word, numbers }) => [word, numbers]))
  return meant.size === 0 ? undefined : sought.map((one) => ({ ...one, meant: meant.get(one.word) }))
}

export interface IndexQuestion {
  readonly clientKey: string
  readonly rules: readonly string[]
  /** All of them, as they are or, one of them, as they may have been meant. */
  readonly sought: readonly Sought[]
  /** Those with one of these domains only. */
  readonly realms?: readonly string[]
  /** Only those without a domain and without a country: they belong to no institution. */
  readonly isOpen?: boolean
  /** Those of this country first; with `onlyCountry` no others. */
  readonly country: string | undefined
  readonly onlyCountry: boolean
  /** Before all others, where nothing was typed. */
  readonly first: readonly string[]
  readonly offset: number
  readonly limit: number
}

export interface IndexAnswer {
  readonly ids: readonly string[]
  readonly total: number
}

/** Asks the index. Equally good ones in the order of their use at the client, then the country's own, then by name. */
export async function askIndex(ctx: Context, question: IndexQuestion): Promise<IndexAnswer> {
  const { sought, country, realms, first } = question
  const conditions = [
    sql`i.listed`,
    ruleCondition(question.rules),
    ...(question.onlyCountry && country !== undefined ? [sql`i.country = ${country}`] : []),
    ...(question.isOpen === true ? [sql`i.realms = '{}' and i.country is null`] : []),
    ...(realms === undefined ? [] : [sql`i.realms && ${[...realms]}::text[]`]),
    ...matchesOf(sought),
  ]
  const own = sql`(i.country is not distinct from ${country ?? null})`
  const uses = sql`coalesce(u.uses, 0) desc`
  const order = sought.length === 0 ? sql`f.first desc, f.own desc, ${uses}, f.country nulls last` : sql`f.rank desc, ${uses}, f.own desc`
  const { rows } = await sql<{ ids: readonly string[]; total: string }>`
    with found as materialized (
      select i.provider_id, i.sort_name, ${own} as own, ${sought.length === 0 ? sql`i.country, i.provider_id = any(${[...first]}::text[]) as first` : sql`${rankOf(sought)} as rank`}
      from provider_index i where ${sql.join(conditions, sql` and `)})
    select (select count(*) from found) as total, array(select f.provider_id from found f left join ${usesAt(question.clientKey)} u using (provider_id)
      order by ${order}, f.sort_name, f.provider_id collate "C" limit ${question.limit} offset ${question.offset}) as ids`.execute(ctx.db)
  return { ids: rows[0]?.ids ?? [], total: Number(rows[0]?.total ?? 0) }
}

/** The only provider that a client accepts, if there is just one that is listed. */
export async function onlyListed(ctx: Context, rules: readonly string[]): Promise<string | undefined> {
  const { rows } = await sql<{ provider_id: string }>`select i.provider_id from provider_index i where i.listed and ${ruleCondition(rules)} limit 2`.execute(ctx.db)
  return rows.length === 1 ? rows[0]?.provider_id : undefined
}

/** The countries of the providers that a client accepts. */
export async function listedCountries(ctx: Context, rules: readonly string[]): Promise<readonly string[]> {
  const { rows } = await sql<{ country: string }>`select distinct i.country from provider_index i where i.listed and i.country is not null and ${ruleCondition(rules)} order by 1`.execute(ctx.db)
  return rows.map((row) => row.country)
}

/** The providers with this domain, listed or not. At most `limit`. */
export async function withRealm(ctx: Context, realm: string, limit: number): Promise<readonly string[]> {
  const { rows } = await sql<{ provider_id: string }>`select i.provider_id from provider_index i where i.realms @> ${[realm]}::text[] order by i.provider_id limit ${limit}`.execute(ctx.db)
  return rows.map((row) => row.provider_id)
}

/**
 * A provider's name, folded, that stands as whole words in one of these texts, or within it where it is long enough to be read the same
 * with other spaces. Reads every name: not for the way of a person who signs in.
 */
export async function providerNamedIn(db: Kysely<Database>, texts: readonly { readonly name: string; readonly squeezed: string }[], shortest: number, shortestSqueezed: number): Promise<string | undefined> {
  const { rows } = await sql<{ name: string }>`select n.name from provider_index i cross join unnest(string_to_array(i.names, E'\n')) n (name)
    join jsonb_to_recordset(${JSON.stringify(texts)}::jsonb) as t (name text, squeezed text) on position(' ' || n.name || ' ' in ' ' || t.name || ' ') > 0
      or (length(n.name) >= ${shortestSqueezed} and position(replace(n.name, ' ', '') in t.squeezed) > 0)
    where length(n.name) >= ${shortest} order by length(n.name) desc, n.name limit 1`.execute(db)
  return rows[0]?.name
}

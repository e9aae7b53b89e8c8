/**
 * The answer to a search while the person types. Owns the words above the list of institutions, for the page and for its
 * script alike; does not own the search.
 */
import type { Locale } from './locale.ts'
import { type Translator, translator } from './messages.ts'
import type { DiscoveryModel, ProviderRow } from './discovery-views.ts'

/** A row, with what is said of it in words. */
export type AnswerRow = ProviderRow & { readonly disabledText?: string | undefined; readonly note?: string | undefined }

/** What the page's script gets for `Accept: application/json` from the same address. */
export interface DiscoveryAnswer {
  readonly total: number
  readonly heading: string
  readonly status: string
  readonly next: string | undefined
  readonly results: readonly AnswerRow[]
}

/** The same model as the page's, as JSON; `requestLocale` of `pages.ts` gives the language. Send it with `vary: accept`. */
export function discoveryAnswer(model: DiscoveryModel, locale: Locale): DiscoveryAnswer {
  const sentences = translator(locale)
  return {
    total: model.total,
    heading: providerHeading(sentences)(model),
    status: searchStatus(sentences)(model),
    next: model.nextHref,
    results: model.results.map((row) => answerRow(sentences, row, model.clientName)),
  }
}

/** What is above the list: what was searched for, else the country, else nothing more than "institutions". */
export function providerHeading(sentences: Translator): (model: DiscoveryModel) => string {
  return (model) => {
    if (model.query !== '' && model.total === 0) return sentences.text('discovery.none', { query: model.query })
    if (model.query !== '') return sentences.text('discovery.found', { query: model.query })
    return model.chosenCountry === undefined ? sentences.text('discovery.all') : sentences.text('discovery.in', { country: model.chosenCountry })
  }
}

/** The status line: how many there are and how many are shown; empty before a search. */
export function searchStatus(sentences: Translator): (model: DiscoveryModel) => string {
  return (model) => {
    if (model.query === '') return ''
    if (model.total === 0) return sentences.text('discovery.none', { query: model.query })
    return sentences.text('discovery.status', { total: model.total, shown: model.results.length })
  }
}

function answerRow(sentences: Translator, row: ProviderRow, client: string): AnswerRow {
  const disabledText = row.disabledReason === undefined ? undefined : sentences.text('discovery.not-accepted', { client })
  return { ...row, disabledText, note: row.troubled === true ? sentences.text('discovery.troubled') : undefined }
}

/** One institution of the person's country, small: id, name, domain, letters, what else it is found by, and what is said of it. */
export type NearbyRow = readonly [providerId: string, name: string, domain: string, initials: string, words: string, note: string]

/** What is there before the typing: the script shows it at once, and the answer of the search after it. */
export interface NearbyAnswer {
  /** The line above the list; \u0001 stands for the query. */
  readonly heading: string
  /** What stands before and after a provider's id in the address of its sign-in. */
  readonly address: readonly [before: string, after: string]
  readonly rows: readonly NearbyRow[]
}

const NEARBY_BYTES = 10_000

/** As many of the rows as fit into 10 KB. `words`: what a row is found by beside its name and domain. */
export function nearbyAnswer(rows: readonly (ProviderRow & { readonly words: string })[], address: NearbyAnswer['address'], locale: Locale): NearbyAnswer {
  const sentences = translator(locale)
  const heading = sentences.text('discovery.found', { query: '\u0001' })
  const troubled = sentences.text('discovery.troubled')
  const kept: NearbyRow[] = []
  let size = Buffer.byteLength(JSON.stringify({ heading, address, rows: [] }))
  for (const row of rows) {
    const next: NearbyRow = [row.providerId, row.name, row.domain ?? '', row.initials, row.words, row.troubled === true ? troubled : '']
    size += Buffer.byteLength(JSON.stringify(next)) + 1
    if (size > NEARBY_BYTES) break
    kept.push(next)
  }
  return { heading, address, rows: kept }
}

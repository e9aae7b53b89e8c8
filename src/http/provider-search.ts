/**
 * The answer to a search while the person types. Owns the words above the list of institutions, for the page and for its
 * script alike; does not own the search.
 */
import type { Locale } from './locale.ts'
import { type Translator, translator } from './messages.ts'
import type { DiscoveryModel, ProviderRow } from './views.ts'

/** What the page's script gets for `Accept: application/json` from the same address. */
export interface DiscoveryAnswer {
  readonly total: number
  readonly heading: string
  readonly status: string
  readonly next: string | undefined
  readonly results: readonly (ProviderRow & { readonly disabledText: string | undefined })[]
}

/** The same model as the page's, as JSON; `requestLocale` of `pages.ts` gives the language. Send it with `vary: accept`. */
export function discoveryAnswer(model: DiscoveryModel, locale: Locale): DiscoveryAnswer {
  const sentences = translator(locale)
  return {
    total: model.total,
    heading: providerHeading(sentences)(model),
    status: searchStatus(sentences)(model),
    next: model.nextHref,
    results: model.results.map((row) => ({ ...row, disabledText: disabledText(sentences, row, model.clientName) })),
  }
}

/** What is above the list: what was searched for, else the country, else nothing more than "institutions". */
export function providerHeading(sentences: Translator): (model: DiscoveryModel) => string {
  return (model) => {
    if (model.query !== '' && model.total === 0) return sentences.text('discovery.none', { query: model.query })
    if (model.query !== '') return sentences.text('discovery.found', { query: model.query })
    const country = model.countries.find((entry) => entry.selected)
    return country === undefined ? sentences.text('discovery.all') : sentences.text('discovery.in', { country: country.name })
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

function disabledText(sentences: Translator, row: ProviderRow, client: string): string | undefined {
  return row.disabledReason === undefined ? undefined : sentences.text('discovery.not-accepted', { client })
}

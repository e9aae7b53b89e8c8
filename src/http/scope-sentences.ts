/**
 * What a scope gives away, as a sentence. Owns the fallback from the scope's own text to the service's sentence for a standard
 * scope to a general one, so that no item is ever empty or a raw name (S-02).
 */
import type { Translator } from './messages.ts'
import type { ScopeItem } from './scope-item.ts'

/** HTML of an item's sentence, with the person's own value where there is one. */
export function scopeSentence(sentences: Translator): (item: ScopeItem) => string {
  return (item) => {
    if (item.sentence !== undefined && item.sentence !== '') {
      return sentences.html(item.value === undefined ? 'scope.own' : 'scope.own.value', { sentence: item.sentence, value: item.value ?? '' })
    }
    const key = `scope.${item.scope}`
    if (item.value !== undefined && item.value !== '' && sentences.has(`${key}.value`)) {
      return sentences.html(`${key}.value`, { value: item.value })
    }
    return sentences.html(sentences.has(key) ? key : 'scope.other')
  }
}

/** Plain text of what is said below the sentence, or nothing. */
export function scopeDetails(sentences: Translator): (item: ScopeItem) => string | undefined {
  return (item) => {
    const key = `scope.${item.scope}.details`
    return item.details ?? (item.sentence === undefined && sentences.has(key) ? sentences.text(key) : undefined)
  }
}

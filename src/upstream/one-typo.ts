// Owns what counts as one typo: a letter too many, one missing, another one, or two neighbours in the wrong order. Given as patterns of
// SQL's LIKE, so that the database compares; folded words have no sign that means something there.

/** Below this a typo makes another word. Letters. */
const SHORTEST = 4

/** What a word with one typo may have been, as beginnings of words; nothing for words that are too short. */
export interface Misspelt {
  /** All that it may have been, `_` for a letter that nobody knows, each with what is certain at its beginning: enough to look there. */
  readonly starts: readonly { readonly pattern: string; readonly certain: string }[]
  /** Of what is uncertain before this, this stands somewhere within. */
  readonly tail: string
  readonly within: readonly string[]
}

const ANY = '_'

export function misspelt(word: string): Misspelt | undefined {
  const letters = Array.from(word)
  if (letters.length < SHORTEST) return undefined
  const half = Math.floor(letters.length / 2)
  const without = (from: number, to: number, instead: string): string => `${letters.slice(0, from).join('')}${instead}${letters.slice(to).join('')}`
  const known = letters.flatMap((letter, i) => [without(i, i + 1, ''), ...(i === 0 ? [] : [without(i - 1, i + 1, `${letter}${letters[i - 1] ?? ''}`)])])
  const unknown = (from: number, to: number): readonly string[] => letters.slice(from, to).flatMap((_letter, i) => [without(from + i, from + i + 1, ANY), without(from + i, from + i, ANY)])
  const starts = [...known, ...unknown(half, letters.length)].map((start) => ({ pattern: `${start}%`, certain: start.split(ANY)[0] ?? '' }))
  return { starts, tail: letters.slice(half).join(''), within: unknown(0, half).map((start) => `${start}%`) }
}

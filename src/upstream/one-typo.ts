// Owns what counts as one typo: a letter too many, one missing, another one, or two neighbours in the wrong order. Given as patterns of
// SQL's LIKE, so that the database compares; folded words have no sign that means something there.

/** Below this a typo makes another word. Letters. */
const SHORTEST = 4

/** What a word with one typo may have been, as beginnings of words; nothing for words that are too short. */
export interface Misspelt {
  /** Of a word with one typo one half is right: this one at the beginning… */
  readonly head: string
  /** …or this one somewhere within. */
  readonly tail: string
  readonly patterns: readonly string[]
}

export function misspelt(word: string): Misspelt | undefined {
  const letters = Array.from(word)
  if (letters.length < SHORTEST) return undefined
  const half = Math.floor(letters.length / 2)
  const without = (from: number, to: number, instead: string): string => `${letters.slice(0, from).join('')}${instead}${letters.slice(to).join('')}%`
  const patterns = letters.flatMap((letter, i) => [without(i, i + 1, ''), without(i, i + 1, '_'), without(i, i, '_'), ...(i === 0 ? [] : [without(i - 1, i + 1, `${letter}${letters[i - 1] ?? ''}`)])])
  // Two letters in the wrong order where the halves meet spoil both: the head ends one before.
  return { head: letters.slice(0, half - 1).join(''), tail: letters.slice(half).join(''), patterns: [...new Set(patterns)] }
}

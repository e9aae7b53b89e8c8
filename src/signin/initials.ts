/** One or two letters for a disc: the first of the first and of the last word. */
export function initials(name: string): string {
  const words = name.split(/[\s.@_-]+/).filter((word) => /^\p{L}/u.test(word))
  const first = words[0]
  const last = words.length > 1 ? words.at(-1) : undefined
  const letter = (word: string | undefined): string => String.fromCodePoint(word?.codePointAt(0) ?? 32).trim().toUpperCase()
  return letter(first) + letter(last) || '?'
}

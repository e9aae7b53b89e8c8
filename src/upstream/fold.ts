const SPECIAL: Readonly<Record<string, string>> = { ø: 'o', æ: 'ae', å: 'a', ß: 'ss', ł: 'l', đ: 'd', ı: 'i', þ: 'th', ð: 'd', œ: 'oe' }

/** A text as the search compares it: lower case, without diacritics, letters that do not decompose replaced, other signs as spaces. */
export function fold(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[øæåßłđıþðœ]/g, (letter) => SPECIAL[letter] ?? letter)
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .replaceAll(/[^\p{L}\p{N}.]+/gu, ' ')
    .trim()
}

/** What a query looks for: of an e-mail address only the domain (the rest is nobody's business), else its words. */
export function queryWords(query: string): readonly string[] {
  const at = query.lastIndexOf('@')
  return fold(at < 0 ? query : query.slice(at + 1)).split(' ').filter((word) => word !== '').slice(0, 8)
}

const SPECIAL: Readonly<Record<string, string>> = { ø: 'o', æ: 'ae', ß: 'ss', ł: 'l', đ: 'd', ı: 'i', þ: 'th', ð: 'd', œ: 'oe', ς: 'σ', ة: 'ه', ى: 'ي', ـ: '' }
// "E.T.H." is one word; "uni.example" is too, with its dots.
const INITIALS = /(?<![\p{L}\p{N}.])(?:\p{L}\.)+\p{L}?(?![\p{L}\p{N}])/gu
const LOOSE_DOTS = /(?<![\p{L}\p{N}])\.+|\.+(?![\p{L}\p{N}])/gu

/** A text as the search compares it: lower case, without diacritics, letters that do not decompose replaced, other signs as spaces. */
export function fold(text: string): string {
  return text
    .normalize('NFKD')
    .toLowerCase()
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .replaceAll(/[øæßłđıþðœςةىـ]/g, (letter) => SPECIAL[letter] ?? letter)
    .replaceAll(/[^\p{L}\p{N}.]+/gu, ' ')
    .replaceAll(INITIALS, (initials) => initials.replaceAll('.', ''))
    .replaceAll(LOOSE_DOTS, ' ')
    .replaceAll(/ +/g, ' ')
    .trim()
}

/** The words of a folded text. */
export function wordsOf(folded: string): readonly string[] {
  return folded.split(' ').filter((word) => word !== '')
}

/**
 * Messages of the two pseudo languages, made from the English ones: they show in a test what a longer or a right-to-left
 * language would break, and every text that bypasses the message files. Owns how they look; does not own who may get them.
 */
import type { IntlMessageFormat } from 'intl-messageformat'

export type MessageAst = ReturnType<IntlMessageFormat['getAst']>

const accents: Readonly<Record<string, string>> = {
  a: 'å', c: 'ç', d: 'ð', e: 'é', g: 'ĝ', i: 'î', l: 'ļ', n: 'ñ', o: 'ö', r: 'ŕ', s: 'š', t: 'ţ', u: 'û', y: 'ý', z: 'ž',
  A: 'Å', C: 'Ç', D: 'Ð', E: 'É', I: 'Î', N: 'Ñ', O: 'Ö', S: 'Š', T: 'Ţ', U: 'Û', W: 'Ŵ', Y: 'Ý',
}
const growth = 0.4
// TYPE.literal of the parser, whose enum the package does not pass on.
const literal = 0

/** Accents, and four tenths more letters. */
export function lengthened(ast: MessageAst): MessageAst {
  return mapLiterals(ast, (text) => {
    const letters = text.replace(/\p{L}/gu, (letter) => accents[letter] ?? letter)
    const more = Math.ceil(text.trim().length * growth)
    return more < 2 ? letters : letters.replace(/\s*$/, (end) => ` ${'ö'.repeat(more - 1)}${end}`)
  })
}

/** Each run of words is written from right to left (U+202E), as Arabic would be. */
export function mirrored(ast: MessageAst): MessageAst {
  return mapLiterals(ast, (text) => text.replace(/\S(?:.*\S)?/su, (words) => `\u202E${words}\u202C`))
}

function mapLiterals(ast: MessageAst, change: (text: string) => string): MessageAst {
  return ast.map((element) => {
    const kind: number = element.type
    if (kind === literal && 'value' in element) return { ...element, value: change(element.value) }
    if (!('options' in element)) return element
    const options = Object.entries(element.options).map(([name, option]) => [name, { ...option, value: mapLiterals(option.value, change) }])
    return { ...element, options: Object.fromEntries(options) }
  })
}

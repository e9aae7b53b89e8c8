/**
 * The service's own sentences. Owns the message files and how a value gets into a sentence; does not own which language is
 * asked for (`locale.ts`). Messages are ICU MessageFormat and hold no markup: values become isolated text here.
 */
import { readFileSync, readdirSync } from 'node:fs'
import { IntlMessageFormat } from 'intl-messageformat'
import { z } from 'zod'
import { escapeHtml } from '../lib/escape-html.ts'
import { viewsFolder } from './assets.ts'
import { type Locale, locales } from './locale.ts'
import { lengthened, mirrored } from './pseudo-messages.ts'

export type MessageValues = Readonly<Record<string, string | number>>

export interface Translator {
  /** Plain text, for titles and attributes; the template escapes it. Throws for a key that does not exist. */
  readonly text: (key: string, values?: MessageValues) => string
  /** HTML: the sentence escaped, each text value in `<bdi>`, so that a name can neither mark up nor turn the sentence around. */
  readonly html: (key: string, values?: MessageValues) => string
  /** Whether the sentence exists: for keys made of names that come from elsewhere. */
  readonly has: (key: string) => boolean
}

const messageFile = z.record(z.string(), z.string())
const texts: Readonly<Record<string, Readonly<Record<string, string>>>> = readTexts()
const compiled = new Map<string, IntlMessageFormat>()

/** The sentences of one language; each is compiled once, at its first use. */
export function translator(locale: Locale): Translator {
  return {
    text: (key, values = {}) => String(compile(locale, key).format({ ...values })),
    html: (key, values = {}) => isolate(String(compile(locale, key).format(marked(values)))),
    has: (key) => Object.hasOwn(texts['en'] ?? {}, key),
  }
}

// Private-use characters mark a value while its sentence is made and escaped; a value's own ones are dropped, or it could open an element.
const opening = '\uE000'
const closing = '\uE001'

function marked(values: MessageValues): Record<string, string | number> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      typeof value === 'number' ? value : opening + value.replace(/[\uE000\uE001]/g, '') + closing,
    ]),
  )
}

function isolate(sentence: string): string {
  return escapeHtml(sentence).replaceAll(opening, '<bdi>').replaceAll(closing, '</bdi>')
}

function compile(locale: Locale, key: string): IntlMessageFormat {
  const known = compiled.get(`${locale} ${key}`)
  if (known !== undefined) return known
  const made = make(locale, key)
  compiled.set(`${locale} ${key}`, made)
  return made
}

function make(locale: Locale, key: string): IntlMessageFormat {
  const english = new IntlMessageFormat(messageOf('en', key), 'en')
  if (locale === 'en') return english
  if (locale === 'en-XA') return new IntlMessageFormat(lengthened(english.getAst()), 'en')
  if (locale === 'ar-XB') return new IntlMessageFormat(mirrored(english.getAst()), 'en')
  return new IntlMessageFormat(messageOf(locale, key), locale)
}

function messageOf(locale: string, key: string): string {
  const message = texts[locale]?.[key]
  if (message === undefined) throw new Error(`views/locales/${locale} has no message ${key}`)
  return message
}

/** One folder a language, one file an area of pages; the areas' messages are one set. */
export function readMessages(locale: string): Record<string, string> {
  const folder = `${viewsFolder}locales/${locale}/`
  const areas = readdirSync(folder).map((file) => messageFile.parse(JSON.parse(readFileSync(folder + file, 'utf8'))))
  const keys = areas.flatMap((area) => Object.keys(area))
  const twice = keys.find((key, i) => keys.indexOf(key) !== i)
  if (twice !== undefined) throw new Error(`views/locales/${locale} has the message ${twice} twice`)
  return Object.assign({}, ...areas)
}

function readTexts(): Record<string, Record<string, string>> {
  return Object.fromEntries(Object.keys(locales).map((locale) => [locale, readMessages(locale)]))
}

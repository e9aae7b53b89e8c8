/**
 * Which language a page is in. Owns the list of languages, the negotiation, and the person's own choice (a cookie and the
 * route that sets it); does not own the texts (`messages.ts`).
 */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { canParseUrl } from '../lib/can-parse-url.ts'

/** Languages of the pages, each with its own name for itself. The first one is the default. */
export const locales = {
  en: 'English',
  nb: 'Norsk bokmål',
  nn: 'Norsk nynorsk',
  fi: 'Suomi',
  sv: 'Svenska',
} as const

/** Made from the English texts, for tests only: longer with accents, and right to left. */
export const pseudoLocales = { 'en-XA': 'Ëñğļîšħ', 'ar-XB': 'RTL' } as const

export type Locale = keyof typeof locales | keyof typeof pseudoLocales

const realLocales: readonly Locale[] = ['en', 'nb', 'nn', 'fi', 'sv']

export const defaultLocale: Locale = 'en'

/** A text for people: one for all, or one a language (`decisions.md` §4). */
export type LocalizedText = string | Readonly<Record<string, string>>

/** The language of a tag that was kept somewhere; the default where it is none of ours any more. */
export function knownLocale(tag: string): Locale {
  return supportedLocales(true).find((locale) => locale === tag) ?? defaultLocale
}

const choiceCookie = 'ptr_locale'
const oneYear = 31_536_000
const maximumHeaderLength = 1_000

/** The languages a person may get: the real ones, with the pseudo ones where a test asked for them. */
export function supportedLocales(pseudo: boolean): readonly Locale[] {
  return pseudo ? [...realLocales, 'en-XA', 'ar-XB'] : realLocales
}

/**
 * The page's language: the person's choice, then `ui_locales` (OpenID Connect Core §3.1.2.1, in order of preference), then
 * `Accept-Language` (RFC 9110 §12.5.4), then the default. Never throws: what is not understood is passed over.
 */
export function negotiateLocale(
  request: Pick<FastifyRequest, 'headers'>,
  uiLocales?: string,
  supported: readonly Locale[] = supportedLocales(false),
): Locale {
  const wanted = [chosenLocale(request.headers.cookie), ...tagsOf(uiLocales), ...acceptedTags(request.headers['accept-language'])]
  for (const tag of wanted) {
    const locale = matchLocale(tag, supported)
    if (locale !== undefined) return locale
  }
  return defaultLocale
}

/** Writing direction of a language, for `dir`. */
export function directionOf(locale: Locale): 'ltr' | 'rtl' {
  return locale === 'ar-XB' ? 'rtl' : 'ltr'
}

/** Picks the text for a language: its own, then its sister's (bokmål and nynorsk read each other), then English, then the first. */
export function localized(text: LocalizedText, locale: Locale): string {
  if (typeof text === 'string') return text
  for (const tag of fallbacks(locale)) {
    const own = text[tag]
    if (own !== undefined) return own
  }
  return Object.values(text)[0] ?? ''
}

/** `GET /locale?locale=xx&return=/own/path` remembers the choice and goes back. */
export function registerLocaleChoice(app: FastifyInstance, options: { readonly pseudo: boolean; readonly https: boolean }): void {
  const supported = supportedLocales(options.pseudo)
  app.get<{ Querystring: { readonly locale?: unknown; readonly return?: unknown } }>('/locale', (request, reply) => {
    const locale = supported.find((known) => known === request.query.locale)
    if (locale !== undefined) reply.header('set-cookie', choiceCookieHeader(locale, options.https))
    return reply.redirect(ownPath(request.query.return), 303)
  })
}

/** A path of this origin, or `/`. A browser reads `//host`, `/\host` and control characters as ways to other origins. */
export function ownPath(value: unknown): string {
  if (typeof value !== 'string' || !/^\/(?![/\\])[\x21-\x7e]*$/.test(value) || value.includes('\\')) return '/'
  const base = 'http://own.invalid'
  return canParseUrl(value, base) && new URL(value, base).origin === base ? value : '/'
}

function choiceCookieHeader(locale: Locale, https: boolean): string {
  return `${choiceCookie}=${locale}; Path=/; Max-Age=${oneYear}; HttpOnly; SameSite=Lax${https ? '; Secure' : ''}`
}

function chosenLocale(cookieHeader: string | undefined): string {
  const pair = (cookieHeader ?? '').split(';').find((part) => part.trim().startsWith(`${choiceCookie}=`))
  return pair === undefined ? '' : pair.trim().slice(choiceCookie.length + 1)
}

function tagsOf(list: string | undefined): string[] {
  return (list ?? '').slice(0, maximumHeaderLength).split(' ')
}

function acceptedTags(header: string | undefined): string[] {
  return (header ?? '')
    .slice(0, maximumHeaderLength)
    .split(',')
    .map((part) => {
      const [tag = '', ...parameters] = part.split(';').map((piece) => piece.trim())
      const weight = parameters.find((parameter) => parameter.startsWith('q='))
      return { tag, weight: weight === undefined ? 1 : Number(weight.slice(2)) || 0 }
    })
    .filter((entry) => entry.weight > 0)
    .sort((one, other) => other.weight - one.weight)
    .map((entry) => entry.tag)
}

function matchLocale(tag: string, supported: readonly Locale[]): Locale | undefined {
  const lower = tag.toLowerCase()
  const exact = supported.find((locale) => locale.toLowerCase() === lower)
  if (exact !== undefined) return exact
  const language = lower.split('-', 1)[0]
  return supported.find((locale) => locale === (language === 'no' ? 'nb' : language))
}

function fallbacks(locale: Locale): string[] {
  if (locale === 'nb') return ['nb', 'no', 'nn', 'en']
  if (locale === 'nn') return ['nn', 'nb', 'no', 'en']
  return [locale, 'en']
}

/**
 * Pages for people. Owns how a model becomes an answer: template, language, headers, and the words that hold on every page;
 * `page` is the only caller of `reply.view`. Does not own what happens on a page (the flows) nor the texts (`messages.ts`).
 */
import view from '@fastify/view'
import { Eta } from 'eta'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { canParseUrl } from '../lib/can-parse-url.ts'
import { escapeHtml } from '../lib/escape-html.ts'
import { accountFacts } from './account-views.ts'
import { assetPath, registerAssets, viewsFolder } from './assets.ts'
import { type Locale, directionOf, locales, negotiateLocale, pseudoLocales, registerLocaleChoice, supportedLocales } from './locale.ts'
import { translator } from './messages.ts'
import { providerHeading, searchStatus } from './provider-search.ts'
import { scopeDetails, scopeSentence } from './scope-sentences.ts'
import { type PagePolicy, registerSecurityHeaders, setPageHeaders } from './security-headers.ts'
import { type Views, errorActions } from './views.ts'

export interface PagesOptions {
  readonly serviceName: string
  /** A banner on every page: made-up people, no real passwords. */
  readonly demo: boolean
  /** Compiled templates are kept. Default true. */
  readonly production?: boolean | undefined
  /** The issuer is https: HSTS, and `Secure` on the language cookie. Default false. */
  readonly https?: boolean | undefined
  /** For tests only: the two pseudo languages can be chosen. */
  readonly pseudoLocales?: boolean | undefined
  readonly links?: { readonly help?: string; readonly privacy?: string; readonly accessibility?: string } | undefined
}

export interface PageOptions extends PagePolicy {
  /** HTTP status; 200 when left out. */
  readonly status?: number | undefined
  /** `ui_locales` of the authorization request (OpenID Connect Core §3.1.2.1). */
  readonly uiLocales?: string | undefined
}

interface PageSettings extends PagesOptions {
  readonly supported: readonly Locale[]
}

// Encoded once more, a long address would be longer than the server reads (414); then the way back loses its query.
const longestReturn = 4_000

declare module 'fastify' {
  interface FastifyInstance {
    pageSettings: PageSettings
  }
}

/** Prepares an application for `page`: templates, static files, the language choice, and the headers of all answers. */
export function registerPages(app: FastifyInstance, options: PagesOptions): void {
  const https = options.https ?? false
  const pseudo = options.pseudoLocales ?? false
  app.decorate('pageSettings', { ...options, supported: supportedLocales(pseudo) })
  registerSecurityHeaders(app, { https })
  registerAssets(app)
  registerLocaleChoice(app, { pseudo, https })
  app.register(view, { engine: { eta: engine() }, root: viewsFolder, viewExt: 'eta', production: options.production ?? true })
}

/**
 * Answers with a page. A fault of ours, a template or a message that does not fit its model, reaches the error handler; the error
 * view answers with the page of last resort then.
 */
export function page<K extends keyof Views>(
  reply: FastifyReply,
  request: FastifyRequest,
  name: K,
  model: Views[K],
  options: PageOptions = {},
): FastifyReply {
  const settings = request.server.pageSettings
  const locale = requestLocale(request, options.uiLocales)
  setPageHeaders(reply, options, name === 'handoff' || name === 'signing-out' ? 'no-referrer' : 'same-origin')
  reply.header('content-language', locale)
  reply.type('text/html; charset=utf-8')
  reply.code(options.status ?? 200)
  void reply.view(name, pageContext(settings, request, locale, name, model, options))
  return reply
}

/** The template engine. A fault in the error page itself gives the page of last resort; any other goes to the error handler. */
function engine(): Eta {
  const eta = new Eta({ views: viewsFolder, functionHeader: 'const { model, text, html, asset, link } = it' })
  const render = eta.render.bind(eta)
  eta.render = (template, data, meta) => {
    try {
      return render(template, data, meta)
    } catch (fault) {
      if (template !== 'error.eta' || !('model' in data)) throw fault
      return staticErrorPage(referenceOf(data.model))
    }
  }
  return eta
}

function referenceOf(model: unknown): string {
  return typeof model === 'object' && model !== null && 'reference' in model ? String(model.reference) : ''
}

/** The language `page` would use for this request: for texts of other parties (`localized`). */
export function requestLocale(request: FastifyRequest, uiLocales?: string): Locale {
  return negotiateLocale(request, uiLocales, request.server.pageSettings.supported)
}

/**
 * The page of last resort: no template, session, database or static file. Send it with status 500 and
 * `text/html; charset=utf-8`; at most 2 KB.
 */
export function staticErrorPage(reference: string): string {
  return `<!doctype html>
<html lang="en" dir="ltr" data-page="error"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><title>Error: Something went wrong</title></head>
<body><main id="main"><h1>Something went wrong</h1>
<p>This is a fault of the sign-in service. Nothing you did caused it, and nothing was shared with the application.</p>
<h2>What you can do</h2><ul><li>Wait a moment, then go back to the application and try again.</li>
<li>If it happens again, tell your help desk this reference.</li></ul>
<p>Reference <strong>${escapeHtml(reference)}</strong></p></main></body></html>
`
}

/** Pages of one area share a hook: `data-page`. */
function hookOf(name: string): string {
  return ['account', 'device', 'dashboard', 'admin'].find((area) => name.startsWith(`${area}-`)) ?? name
}

function pageContext<K extends keyof Views>(
  settings: PageSettings,
  request: FastifyRequest,
  locale: Locale,
  name: K,
  model: Views[K],
  options: PageOptions,
): object {
  const sentences = translator(locale)
  return {
    page: hookOf(name),
    view: name,
    status: options.status ?? 200,
    model,
    locale,
    direction: directionOf(locale),
    languages: languageChoices(settings.supported, locale, request.url),
    service: settings.serviceName,
    demo: settings.demo,
    links: settings.links ?? {},
    asset: assetPath,
    text: sentences.text,
    html: sentences.html,
    link: webAddress,
    departure: departureAddress,
    logo: (address: string | undefined) => shownLogo(address, options.imageSource),
    host: hostOf,
    moment: (date: Date) => moment(date, locale, 'moment'),
    day: (date: Date) => moment(date, locale, 'day'),
    scopeSentence: scopeSentence(sentences),
    scopeDetails: scopeDetails(sentences),
    providerHeading: providerHeading(sentences),
    searchStatus: searchStatus(sentences),
    errorActions,
    accountFacts,
  }
}

/** Addresses of other parties become links only when they cannot run script. Own paths pass. */
function webAddress(address: string | undefined): string | undefined {
  if (address === undefined) return undefined
  if (/^\/(?!\/)/.test(address)) return address
  return canParseUrl(address) && ['https:', 'http:', 'mailto:'].includes(new URL(address).protocol) ? address : undefined
}

/** Where a browser is sent on: our own pages, and any scheme an application may have registered, but none that runs in our origin. */
function departureAddress(address: string): string {
  if (/^\/(?!\/)/.test(address)) return address
  const scheme = canParseUrl(address) ? new URL(address).protocol : ''
  if (['', 'javascript:', 'data:', 'blob:', 'vbscript:'].includes(scheme)) throw new Error(`not an address to leave for: ${scheme}`)
  return address
}

/** A logo of another origin tells that origin who is signing in: it shows only where the caller has asked for it. */
function shownLogo(address: string | undefined, imageSource: string | undefined): string | undefined {
  const own = address !== undefined && /^\/(?!\/)/.test(address)
  return own || imageSource !== undefined ? webAddress(address) : undefined
}

function hostOf(address: string): string {
  if (!canParseUrl(address)) return address
  const url = new URL(address)
  return url.protocol === 'mailto:' ? url.pathname : url.host
}

const parts = {
  moment: { year: 'numeric', month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', timeZoneName: 'short' },
  day: { year: 'numeric', month: 'short', day: 'numeric' },
} as const
// Making one takes longer than most pages do.
const formats = new Map<string, Intl.DateTimeFormat>()

function formatOf(language: string, shown: keyof typeof parts): Intl.DateTimeFormat {
  const name = `${language} ${shown}`
  const format = formats.get(name) ?? new Intl.DateTimeFormat(language, { ...parts[shown], timeZone: 'UTC' })
  formats.set(name, format)
  return format
}

/** A moment, or its day: with its zone, because the server does not know the person's. */
function moment(date: Date, locale: Locale, shown: keyof typeof parts): { iso: string; text: string } {
  const language = locale === 'en' || locale in pseudoLocales ? 'en-GB' : locale
  return { iso: date.toISOString(), text: formatOf(language, shown).format(date) }
}

function languageChoices(supported: readonly Locale[], current: Locale, url: string): object[] {
  const names: Readonly<Record<string, string>> = { ...locales, ...pseudoLocales }
  const whole = encodeURIComponent(url)
  const back = whole.length < longestReturn ? whole : encodeURIComponent(url.split('?', 1)[0] ?? '/')
  return supported.map((locale) => ({
    locale,
    name: names[locale],
    current: locale === current,
    direction: directionOf(locale),
    href: `/locale?locale=${locale}&return=${back}`,
  }))
}

import type { Api } from '../apis/api.ts'
import { locales } from '../http/locale.ts'
import type { LocalizedText } from '../protocol/localized-text.ts'

// Owns what a form says of an API as a whole: its name, its audience, and where the gatekeeper finds it and proves itself there. What is
// wrong with it belongs to the schema of APIs, which judges files too.

type Single = ReadonlyMap<string, string>

const languages = Object.keys(locales)
export const AUTHS = ['none', 'basic', 'bearer', 'header', 'mtls'] as const

function textIn(text: LocalizedText, language: string): string {
  return typeof text === 'string' ? (language === 'en' ? text : '') : (text[language] ?? '')
}

/** An API as its form shows it. Its secret is never shown. */
export function settingsOf({ name, audience, upstream, upstream_auth: auth, upstream_timeout: timeout, require_user }: Api): Single {
  return new Map([
    ...languages.map((language) => [`name-${language}`, textIn(name, language)] as const),
    ['audience', audience ?? ''],
    ['upstream', upstream ?? ''],
    ['auth', auth?.type ?? 'none'],
    ['username', auth?.type === 'basic' ? auth.username : ''],
    ['header', auth?.type === 'header' ? auth.name : ''],
    ['certificate', auth?.type === 'mtls' ? auth.certificate : ''],
    ['timeout', timeout === undefined ? '' : String(timeout)],
    ...(require_user ? [['require_user', '1'] as const] : []),
  ])
}

function nameOf(typed: Single, before: LocalizedText): LocalizedText {
  const others = typeof before === 'object' ? Object.entries(before).filter(([language]) => !languages.includes(language)) : []
  return Object.fromEntries([...languages.flatMap((language) => ((typed.get(`name-${language}`) ?? '').trim() === '' ? [] : [[language, (typed.get(`name-${language}`) ?? '').trim()] as const])), ...others])
}

function authOf(typed: Single): object | undefined {
  const said = (name: string): string => (typed.get(name) ?? '').trim()
  const type = AUTHS.find((one) => one === typed.get('auth')) ?? 'none'
  if (type === 'basic') return { type, username: said('username') }
  if (type === 'header') return { type, name: said('header') }
  if (type === 'mtls') return { type, certificate: said('certificate').replaceAll('\r\n', '\n') }
  return type === 'bearer' ? { type } : undefined
}

/** What the form says, as members of the document; the secret only where one was typed: without, the one there is stays. */
export function readSettings(typed: Single, before: Api): Readonly<Record<string, unknown>> {
  const said = (name: string): string | undefined => ((typed.get(name) ?? '').trim() === '' ? undefined : (typed.get(name) ?? '').trim())
  const secret = typed.get('auth') === 'mtls' ? said('key')?.replaceAll('\r\n', '\n') : said('secret')
  const timeout = said('timeout')
  return {
    name: nameOf(typed, before.name),
    audience: said('audience'),
    upstream: said('upstream'),
    upstream_auth: authOf(typed),
    // What is no number is said to be none, by the schema.
    upstream_timeout: timeout === undefined ? undefined : Number(timeout),
    require_user: typed.has('require_user'),
    ...(secret === undefined ? {} : { gatekeeper_secret: secret }),
  }
}

import type { Api } from '../apis/api.ts'
import { locales } from '../http/locale.ts'
import type { LocalizedText } from '../protocol/localized-text.ts'

// Owns what a form says of one scope of an API: its words in each language, and who has to agree to it.

type Scope = Api['scopes'][string]
type Single = ReadonlyMap<string, string>

const languages = Object.keys(locales)

function inEach(name: string, text: LocalizedText | undefined): readonly (readonly [string, string])[] {
  if (text === undefined) return []
  return typeof text === 'string' ? [[`${name}-en`, text]] : languages.flatMap((language) => (text[language] === undefined ? [] : [[`${name}-${language}`, text[language] ?? ''] as const]))
}

/** A scope as its form shows it. */
export function textsOf(name: string, scope: Scope | undefined): Single {
  return new Map([['name', name], ...inEach('title', scope?.title), ...inEach('description', scope?.description), ['approval', scope?.approval ?? 'owner']])
}

function isMissing(single: Single, language: string): boolean {
  return ['title', 'description'].some((name) => (single.get(`${name}-${language}`) ?? '').trim() === '')
}

/** What everybody may have, everybody must be able to read. What is missing, as the names of messages: `dashboard.scope.<fault>`. */
export function scopeFaults(single: Single, name: string, isTaken: boolean): readonly string[] {
  return [
    ...(/^[a-z0-9-]{1,50}$/.test(name) && name !== 'new' ? [] : ['name']),
    ...(isTaken ? ['taken'] : []),
    ...((single.get('title-en') ?? '').trim() === '' ? ['title'] : []),
    ...((single.get('description-en') ?? '').trim() === '' ? ['description'] : []),
    ...(single.get('approval') === 'auto' && languages.some((language) => isMissing(single, language)) ? ['languages'] : []),
  ]
}

function readTexts(single: Single, name: string, before: LocalizedText | undefined): LocalizedText {
  const others = typeof before === 'object' ? Object.entries(before).filter(([language]) => !languages.includes(language)) : []
  return Object.fromEntries([...languages.flatMap((language) => ((single.get(`${name}-${language}`) ?? '').trim() === '' ? [] : [[language, (single.get(`${name}-${language}`) ?? '').trim()] as const])), ...others])
}

/** The scope that a form without faults says; what the form does not have stays. */
export function readTypedScope(single: Single, before: Scope | undefined): object {
  const approval = (['auto', 'owner', 'organization'] as const).find((one) => one === single.get('approval')) ?? 'owner'
  const { target, client_credentials, ...rest } = before ?? { target: undefined, client_credentials: undefined }
  return {
    ...rest,
    title: readTexts(single, 'title', before?.title),
    description: readTexts(single, 'description', before?.description),
    approval,
    ...(approval === 'organization' ? { ...(target === undefined ? {} : { target }), ...(client_credentials === undefined ? {} : { client_credentials }) } : {}),
  }
}

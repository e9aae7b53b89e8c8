import { z } from 'zod'

const LANGUAGE = /^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/
const oneText = z.string().trim().min(1).max(500)

/** A text for people: a string, or a map of languages to strings (BCP 47 tags). */
export const localizedText = z.union([oneText, z.record(z.string().regex(LANGUAGE, 'must be a language tag'), oneText).refine((map) => Object.keys(map).length > 0, 'must have at least one language')])
export type LocalizedText = z.output<typeof localizedText>

/** All versions of a text. */
export function allVersions(text: LocalizedText): readonly string[] {
  return typeof text === 'string' ? [text] : Object.values(text)
}

/** The version for a language: exact, then the language without its region, then English, then the first there is. */
export function inLanguage(text: LocalizedText, language: string): string {
  if (typeof text === 'string') return text
  const base = language.split('-')[0] ?? language
  return text[language] ?? text[base] ?? (base === 'nn' || base === 'nb' ? (text['nb'] ?? text['no'] ?? text['nn']) : undefined) ?? text['en'] ?? Object.values(text)[0] ?? ''
}

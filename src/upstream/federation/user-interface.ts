import { canParseUrl } from '../../lib/can-parse-url.ts'
import { childrenOf, type XmlElement } from '../../lib/xml.ts'
import { METADATA } from '../saml-metadata.ts'

// Owns what an entity wants people to see of it (SAML metadata extensions for login and discovery user interface, mdui): names, words to be
// found by, a logo. Every text is a stranger's: one line, of bounded length, without signs that turn or hide what stands beside them.

const UI = 'urn:oasis:names:tc:SAML:metadata:ui'
const XML = 'http://www.w3.org/XML/1998/namespace'
const LANGUAGE = /^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/

const LONGEST_NAME = 200
const MOST_LANGUAGES = 40
const LONGEST_KEYWORD = 60
const MOST_KEYWORDS = 50
const LONGEST_LOGO_ADDRESS = 2000
const LONGEST_LOGO_DATA = 60_000
const WANTED_PIXELS = 64

/** A stranger's text as one line that stays where it is put: control and format characters (bidirectional overrides among them) are taken out. */
function oneLine(text: string, longest: number): string {
  const line = text.replaceAll(/\s+/g, ' ').replaceAll(/[\p{Cc}\p{Cf}\p{Co}\p{Cs}]/gu, '').trim()
  return Array.from(line).slice(0, longest).join('').trim()
}

function extensionsOf(element: XmlElement): readonly XmlElement[] {
  return childrenOf(element, METADATA, 'Extensions')
}

function userInterface(entity: XmlElement, name: string): readonly XmlElement[] {
  const roles = childrenOf(entity, METADATA, 'IDPSSODescriptor')
  return roles.flatMap(extensionsOf).flatMap((extensions) => childrenOf(extensions, UI, 'UIInfo')).flatMap((info) => childrenOf(info, UI, name))
}

function languageOf(element: XmlElement): string | undefined {
  const [language = '', ...more] = (element.attributes.get(`{${XML}}lang`) ?? '').split('-')
  const tag = [language.toLowerCase(), ...more].join('-')
  return LANGUAGE.test(tag) ? tag : undefined
}

function byLanguage(elements: readonly XmlElement[]): Readonly<Record<string, string>> {
  const found = new Map<string, string>()
  for (const element of elements) {
    const [language, text] = [languageOf(element), oneLine(element.text, LONGEST_NAME)]
    if (language !== undefined && text !== '' && !found.has(language) && found.size < MOST_LANGUAGES) found.set(language, text)
  }
  return Object.fromEntries(found)
}

/** What people call it, by language: its display names, else those of its organization. */
export function namesOf(entity: XmlElement): Readonly<Record<string, string>> {
  const own = byLanguage(userInterface(entity, 'DisplayName'))
  if (Object.keys(own).length > 0) return own
  return byLanguage(childrenOf(entity, METADATA, 'Organization').flatMap((organization) => childrenOf(organization, METADATA, 'OrganizationDisplayName')))
}

function domainHintsOf(entity: XmlElement): readonly string[] {
  const hints = childrenOf(entity, METADATA, 'IDPSSODescriptor').flatMap(extensionsOf).flatMap((extensions) => childrenOf(extensions, UI, 'DiscoHints'))
  return hints.flatMap((hint) => childrenOf(hint, UI, 'DomainHint')).map(({ text }) => text.trim().toLowerCase()).filter((domain) => /^[a-z0-9.-]{1,253}$/.test(domain))
}

/**
 * What it is found by beside its names: domain hints and keywords (a plus sign stands for a space). A domain hint is the entity's own word,
 * so it finds, but is no realm: realms decide who may sign in.
 */
export function searchWordsOf(entity: XmlElement): readonly string[] {
  const words = userInterface(entity, 'Keywords').flatMap(({ text }) => text.slice(0, 20_000).split(/\s+/)).map((word) => oneLine(word.replaceAll('+', ' '), LONGEST_KEYWORD))
  return [...new Set([...domainHintsOf(entity).map((domain) => domain.slice(0, LONGEST_KEYWORD)), ...words])].filter((word) => word !== '').slice(0, MOST_KEYWORDS)
}

function isLogoAddress(text: string): boolean {
  if (text.startsWith('data:')) return text.length <= LONGEST_LOGO_DATA && /^data:image\/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/]+={0,2}$/.test(text)
  return text.length <= LONGEST_LOGO_ADDRESS && canParseUrl(text) && ['https:', 'http:'].includes(new URL(text).protocol)
}

// The smallest that fills the disc, square before broad; else the largest.
function unfit(element: XmlElement): number {
  const [width, height] = ['width', 'height'].map((name) => Number(element.attributes.get(name)) || 0)
  const [w, h] = [width ?? 0, height ?? 0]
  const least = Math.min(w, h)
  return (least < WANTED_PIXELS ? 10_000 - least : least) * (1 + Math.abs(Math.log((w || 1) / (h || 1))))
}

/** The address of the picture that suits a small square best. */
export function logoOf(entity: XmlElement): string | undefined {
  const logos = userInterface(entity, 'Logo').map((element) => ({ address: element.text.replaceAll(/\s+/g, ''), unfit: unfit(element) }))
  return logos.filter(({ address }) => isLogoAddress(address)).toSorted((a, b) => a.unfit - b.unfit)[0]?.address
}

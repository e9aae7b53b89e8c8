import { canParseUrl } from '../lib/can-parse-url.ts'
import { isInsecureRedirect, isLoopbackRedirect, redirectOrigin, redirectUriFault } from '../protocol/redirect-uri.ts'

// Owns what is wrong with an address that a developer typed, and what to type in its place (pages.md P-04). It is stricter than
// registration by file: what a browser would rewrite before it sends it (a host in capitals) could never match, so it is told now.

/** The words of each are `dashboard.address.<fault>`, with what to type instead in them. */
export const addressFaults = ['empty', 'long', 'spaces', 'scheme', 'script', 'fragment', 'wildcard', 'capitals', 'signs', 'password', 'slashes', 'insecure', 'private', 'twice', 'other'] as const
export type AddressFault = (typeof addressFaults)[number]

export interface TypedFault {
  readonly fault: AddressFault
  /** A good address made of the typed one. */
  readonly instead?: string
}

export interface AddressRules {
  /** A scheme of an app's own is allowed (RFC 8252 §7.1). */
  readonly native: boolean
  /** Plain http to other machines was asked for, while in development. */
  readonly insecure: boolean
}

const LONGEST = 2000
const RUNS_HERE = /^(?:javascript|data|vbscript|blob|file|about):/i
const WEB = /^(https?):\/\/([^/?#]*)(.*)$/is

/** Only what is good itself is worth typing instead; what is wrong in two ways is mended in both. */
function instead(typed: string, mended: string): { readonly instead?: string } {
  if (mended === typed) return {}
  const wrong = addressFault(mended, { native: false, insecure: false })
  if (wrong === undefined) return { instead: mended }
  return wrong.instead === undefined ? {} : { instead: wrong.instead }
}

function withoutCapitals(uri: string): string {
  return uri.replace(WEB, (_, scheme: string, host: string, rest: string) => `${scheme.toLowerCase()}://${host.toLowerCase()}${rest}`)
}

function asBrowsersWrite(uri: string): string {
  return canParseUrl(uri) ? new URL(uri).href : uri
}

/** What is wrong with a typed redirect address, and what to type instead; nothing when it is good. */
export function addressFault(typed: string, { native, insecure }: AddressRules): TypedFault | undefined {
  if (typed === '') return { fault: 'empty' }
  if (typed.length > LONGEST) return { fault: 'long' }
  if (RUNS_HERE.test(typed)) return { fault: 'script' }
  if (/\s/u.test(typed)) return { fault: 'spaces', ...instead(typed, typed.trim().replaceAll(/\s/gu, '%20')) }
  if (typed.includes('*')) return { fault: 'wildcard' }
  if (!/^[a-z][a-z0-9+.-]*:/i.test(typed) || /^(?:localhost|[a-z0-9-]+(?:\.[a-z0-9-]+)+):\d/i.test(typed)) return { fault: 'scheme', ...instead(typed, `${/^(?:localhost|127\.)/i.test(typed) ? 'http' : 'https'}://${typed.replace(/^\/+/, '')}`) }
  if (typed.includes('#')) return { fault: 'fragment', ...instead(typed, typed.replace(/#.*$/s, '')) }
  if (WEB.test(typed) && withoutCapitals(typed) !== typed) return { fault: 'capitals', ...instead(typed, withoutCapitals(typed)) }
  if (!/^[\x21-\x7E]+$/.test(typed) || typed.includes('\\')) return { fault: 'signs', ...instead(typed, asBrowsersWrite(typed)) }
  return unfit(typed, native) ?? (isInsecureRedirect(typed) && !isLoopbackRedirect(typed) && !insecure ? { fault: 'insecure', ...instead(typed, typed.replace(/^http:/, 'https:')) } : undefined)
}

function unfit(typed: string, native: boolean): TypedFault | undefined {
  const web = /^https?:/i.test(typed)
  if (web && !WEB.test(typed)) return { fault: 'slashes', ...instead(typed, typed.replace(/^(https?:)\/*/i, (_, scheme: string) => `${scheme.toLowerCase()}//`)) }
  if (canParseUrl(typed) && (new URL(typed).username !== '' || new URL(typed).password !== '')) return { fault: 'password', ...instead(typed, typed.replace(/^(https?:\/\/)[^/?#]*@/, '$1')) }
  if (!web && (!native || redirectUriFault(typed) !== undefined)) return { fault: 'private' }
  return redirectUriFault(typed) === undefined ? undefined : { fault: 'other' }
}

/** A typed browser origin (for CORS): an address of which only scheme, host and port are left. */
export function originFault(typed: string): TypedFault | undefined {
  const fault = addressFault(typed, { native: false, insecure: true })
  if (fault !== undefined) return fault
  const { origin } = new URL(typed)
  return origin === typed ? undefined : { fault: 'other', instead: origin }
}

/** The faults of a list, by place. */
export function listFaults(typed: readonly string[], judge: (address: string) => TypedFault | undefined): ReadonlyMap<number, TypedFault> {
  const found = typed.map((address, i) => [i, typed.indexOf(address) < i ? { fault: 'twice' as const } : judge(address)] as const)
  return new Map(found.flatMap(([i, fault]) => (fault === undefined ? [] : [[i, fault] as const])))
}

/** Where people would be warned: plain http to another machine. */
export function insecureOrigins(uris: readonly string[]): readonly string[] {
  return [...new Set(uris.filter((uri) => isInsecureRedirect(uri) && !isLoopbackRedirect(uri)).map(redirectOrigin))]
}

import { canParseUrl } from '../../lib/can-parse-url.ts'
import { childrenOf, type XmlElement } from '../../lib/xml.ts'
import { METADATA } from '../saml-metadata.ts'

// Owns the guess at an entity's country: by who registered it (mdrpi:RegistrationInfo), else by the domains that it speaks for. Metadata
// does not say it.

const REGISTRATION = 'urn:oasis:names:tc:SAML:metadata:rpi'

/** Two letters that are no country, or a domain that the whole world uses. */
const NO_COUNTRY: ReadonlySet<string> = new Set(['eu', 'su', 'ac', 'ai', 'cc', 'co', 'fm', 'gg', 'io', 'ly', 'me', 'sh', 'to', 'tv', 'ws', 'xn'])
const BY_DOMAIN: Readonly<Record<string, string>> = { uk: 'gb', edu: 'us', gov: 'us', mil: 'us' }

function countryOfHost(host: string): string | undefined {
  const domain = host.slice(host.lastIndexOf('.') + 1).toLowerCase()
  if (BY_DOMAIN[domain] !== undefined) return BY_DOMAIN[domain]
  return /^[a-z]{2}$/.test(domain) && !NO_COUNTRY.has(domain) ? domain : undefined
}

function registrars(entity: XmlElement): readonly string[] {
  const registrations = childrenOf(entity, METADATA, 'Extensions').flatMap((extensions) => childrenOf(extensions, REGISTRATION, 'RegistrationInfo'))
  return registrations.map(({ attributes }) => attributes.get('registrationAuthority') ?? '').flatMap((authority) => (canParseUrl(authority) ? [new URL(authority).hostname] : []))
}

/** A two-letter code (ISO 3166), or nothing. */
export function countryOf(entity: XmlElement, scopes: readonly string[]): string | undefined {
  return [...registrars(entity), ...scopes].map(countryOfHost).find((country) => country !== undefined)
}

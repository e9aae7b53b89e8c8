import { canParseUrl } from './can-parse-url.ts'

// Owns what is wrong with an address that an operator wrote down, in words.

/** What is wrong with the address of the issuer; nothing when it will do. */
export function issuerFault(text: string): string | undefined {
  if (!canParseUrl(text)) return 'must be an absolute URL'
  const url = new URL(text)
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'must be an https URL (http only for a loopback address)'
  if (url.search !== '' || url.hash !== '' || url.username !== '') return 'must have no query, fragment or user name'
  if (text.endsWith('/')) return 'must not end with a slash'
  if (url.pathname !== '/') return 'must be an origin without a path'
  if (url.protocol === 'http:' && !isLoopbackHost(url.hostname)) return 'must be https unless the host is localhost, 127.0.0.1 or [::1]'
  return undefined
}

/** Whether a host is this machine by its name. */
export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '127.0.0.1' || host === '[::1]' || host.endsWith('.localhost')
}

/** What is wrong with the address of a mail server; nothing when it will do. */
export function mailUrlFault(text: string): string | undefined {
  const url = canParseUrl(text) ? new URL(text) : undefined
  if (url === undefined || !['smtp:', 'smtps:'].includes(url.protocol) || url.hostname === '') return 'must be smtp://host or smtps://host, with user:password@ before the host where it asks for them'
  return url.search === '' && url.hash === '' ? undefined : 'must have no query and no fragment'
}

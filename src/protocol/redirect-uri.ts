const LOOPBACK_ADDRESS = /^http:\/\/(127\.0\.0\.1|\[::1\])(:\d{1,5})?(\/.*|\?.*)?$/
const FORBIDDEN_SCHEMES = new Set(['javascript:', 'data:', 'file:', 'vbscript:', 'blob:', 'about:', 'ws:', 'wss:', 'ftp:'])
const PLAIN = /^[\x21-\x7E]+$/

function withoutPort(uri: string): string {
  return uri.replace(LOOPBACK_ADDRESS, (_, host: string, _port: string | undefined, rest: string | undefined) => `http://${host}${rest ?? ''}`)
}

/** Whether a request's redirect URI is a registered one: the same bytes, only the port of a loopback address is free (RFC 9700 §4.1.3, RFC 8252 §7.3). */
export function isRegisteredRedirect(requested: string, registered: readonly string[]): boolean {
  if (registered.includes(requested)) return true
  if (!LOOPBACK_ADDRESS.test(requested)) return false
  return registered.some((uri) => LOOPBACK_ADDRESS.test(uri) && withoutPort(uri) === withoutPort(requested))
}

export function isLoopbackRedirect(uri: string): boolean {
  return LOOPBACK_ADDRESS.test(uri) || /^http:\/\/localhost(:\d{1,5})?(\/.*|\?.*)?$/.test(uri)
}

/** Plain http to another machine: what is sent can be read on the way. */
export function isInsecureRedirect(uri: string): boolean {
  return uri.startsWith('http://')
}

/** Why a redirect URI cannot be registered, as a sentence that says what to type instead; nothing when it can. */
export function redirectUriFault(uri: string): string | undefined {
  if (!PLAIN.test(uri)) return 'must be ASCII without spaces; percent-encode other characters'
  if (uri.includes('\\')) return 'must not contain a backslash'
  if (uri.includes('*')) return 'must not contain a wildcard; register each address'
  let url: URL
  try {
    url = new URL(uri)
  } catch {
    return 'must be an absolute URI such as https://app.example.org/callback'
  }
  if (FORBIDDEN_SCHEMES.has(url.protocol)) return `must not use the scheme ${url.protocol}`
  if (uri.includes('#')) return 'must not contain a fragment'
  if (url.username !== '' || url.password !== '') return 'must not contain a user name or password'
  const web = url.protocol === 'https:' || url.protocol === 'http:'
  if (web && !uri.toLowerCase().startsWith(`${url.protocol}//`)) return 'must have // after the scheme'
  if (web && url.hostname === '') return 'must name a host'
  if (!web && !url.protocol.includes('.')) return 'must use https, or a private-use scheme with a dot such as org.example.app:/callback'
  return undefined
}

/** The origin people are told they return to: the one fact about a client that it cannot dress up. */
export function redirectOrigin(uri: string): string {
  const url = new URL(uri)
  return url.protocol === 'https:' || url.protocol === 'http:' ? url.origin : url.protocol
}

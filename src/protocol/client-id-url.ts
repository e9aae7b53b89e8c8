import { canParseUrl } from '../lib/can-parse-url.ts'
import { isLoopbackRedirect } from './redirect-uri.ts'

const LONGEST = 500

/**
 * Whether a client identifier is the address of a metadata document (draft-ietf-oauth-client-id-metadata-document §3): https with a path,
 * without fragment and user name, in its normal form, which has no dot segments: two spellings of one address would be two clients.
 * `loopback` takes http addresses of this machine, too.
 */
export function isClientIdUrl(text: string, loopback: boolean): boolean {
  if (text.length > LONGEST || !(text.startsWith('https://') || (loopback && isLoopbackRedirect(text))) || !canParseUrl(text)) return false
  const { href, pathname, hash, username, password } = new URL(text)
  return href === text && pathname !== '/' && hash === '' && !text.includes('#') && username === '' && password === ''
}

import { invalidRequest, type OAuthError } from '../protocol/error.ts'

// Owns which API a call's address names and what of it reaches the upstream: the rest, byte for byte. An address that two readers could read
// in two ways (encoded dots and slashes, a backslash, empty segments, what is no UTF-8) is refused, not mended: the upstream must not be led
// to another place than the one that was decided about.

export interface Target {
  readonly apiId: string
  /** Path and query as they came, from the slash after the API's name on; empty for the bare name. */
  readonly path: string
}

const NAMED = /^([a-z][a-z0-9-]{2,14})(\/.*)?$/s

/** The characters of a path (RFC 3986 §3.3), with whole percent-encodings. */
const PATH = /^(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/]|%[0-9A-Fa-f]{2})*$/
/** Visible characters; what a query means is the upstream's alone. */
const QUERY = /^[\x21-\x22\x24-\x7e]*$/
/** Dot, slash, backslash, percent and control characters, encoded; once more encoded too, for an upstream that decodes twice. */
const AMBIGUOUS = /%(?:25)*(?:2e|2f|5c|[01][0-9a-f]|7f)/i

function refused(detail: string): OAuthError {
  return invalidRequest('The address can be read in more than one way', { detail: `gatekeeper.${detail}`, trace: { cause: 'gatekeeper.refused', compared: [{ name: 'path', sent: detail }] } })
}

function isUtf8(path: string): boolean {
  try {
    decodeURIComponent(path)
    return true
  } catch {
    return false
  }
}

/** A segment that some servers take for the one above: with parameters after the dots (`..;x`), too. */
function isDots(segment: string): boolean {
  const name = segment.split(';', 1)[0] ?? ''
  return name === '.' || name === '..'
}

/** What of a path is refused; nothing when there is one way to read it. */
export function pathFault(path: string): string | undefined {
  if (!PATH.test(path)) return 'characters'
  if (AMBIGUOUS.test(path)) return 'encoding'
  if (!isUtf8(path)) return 'utf8'
  if (path.includes('//')) return 'empty_segment'
  return path.split('/').some(isDots) ? 'dots' : undefined
}

/** Throws `invalid_request` for a path and query that are not handed on. */
export function requireClear(pathAndQuery: string): void {
  const at = pathAndQuery.indexOf('?')
  const path = at < 0 ? pathAndQuery : pathAndQuery.slice(0, at)
  const fault = pathFault(path) ?? (at < 0 || QUERY.test(pathAndQuery.slice(at + 1)) ? undefined : 'query')
  if (fault !== undefined) throw refused(fault)
}

/** Reads the target of a request as it came over the wire. Throws `invalid_request` (400) for one that is ambiguous or not below the prefix. */
export function readTarget(url: string, prefix = '/gk/'): Target {
  const [, apiId, path = ''] = url.startsWith(prefix) ? (NAMED.exec(url.slice(prefix.length).split('?', 1)[0] ?? '') ?? []) : []
  if (apiId === undefined) throw refused('target')
  const rest = url.slice(prefix.length + apiId.length)
  requireClear(rest)
  return { apiId, path: path === '' ? '' : rest }
}

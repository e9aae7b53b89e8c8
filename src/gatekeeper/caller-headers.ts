import type { Api } from '../apis/api.ts'
import { invalidRequest } from '../protocol/error.ts'

// Owns what of a caller's headers reaches an upstream. The request to it is made of nothing: what is not named here, or by the API, is left
// behind, so neither a header of the connection nor one that looks like ours ever comes through.

/** What a caller says about what it wants and sends. Not who it is: that is ours to say. */
const SINGLE = ['content-type', 'content-encoding', 'content-language', 'content-disposition', 'content-location', 'content-md5', 'content-digest', 'repr-digest', 'range', 'if-range', 'if-modified-since', 'if-unmodified-since', 'user-agent', 'origin', 'idempotency-key', 'last-event-id', 'traceparent', 'slug', 'x-requested-with']
const LISTS = ['accept', 'accept-charset', 'accept-encoding', 'accept-language', 'cache-control', 'pragma', 'prefer', 'if-match', 'if-none-match', 'tracestate', 'baggage', 'link']
const USUAL: ReadonlySet<string> = new Set([...SINGLE, ...LISTS])
/** Two of these and nobody knows which one counts: the one that we read, or the one that the upstream does. */
const ONCE: ReadonlySet<string> = new Set([...SINGLE, 'authorization', 'host', 'content-length', 'dpop', 'expect', 'upgrade'])

/** How servers that turn headers into variables see a name: `X_User` and `x-user` are one. */
export function normalized(name: string): string {
  return name.toLowerCase().replaceAll('_', '-')
}

/** The names are at the even places. */
function namesIn(raw: readonly string[]): readonly string[] {
  return raw.filter((_text, i) => i % 2 === 0).map((name) => name.toLowerCase())
}

/** Throws `invalid_request` for a header that came twice and may come once (security.md F5: Node keeps the first of two in silence). */
export function requireSingles(raw: readonly string[]): void {
  const seen = new Set<string>()
  for (const name of namesIn(raw)) {
    if (ONCE.has(name) && seen.has(name)) throw invalidRequest('A header came more than once', { detail: `gatekeeper.header ${name}`, trace: { cause: 'gatekeeper.refused', compared: [{ name, sent: '2', expected: '1' }] } })
    seen.add(name)
  }
}

/** The headers that are handed on, as they came, as a flat list. `prefix` is that of our own. */
export function callerHeaders(raw: readonly string[], { forward_headers = [] }: Pick<Api, 'forward_headers'>, prefix: string): readonly string[] {
  const ours = normalized(prefix)
  return namesIn(raw).flatMap((name, i) => {
    const isWanted = USUAL.has(name) || forward_headers.includes(name)
    return isWanted && !normalized(name).startsWith(ours) ? [name, raw[2 * i + 1] ?? ''] : []
  })
}

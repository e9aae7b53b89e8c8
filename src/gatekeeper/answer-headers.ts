// Owns what of an upstream's answer reaches the caller: everything but what belongs to the connection and what would speak for our own origin.
// Below /gk/ an API answers under the issuer's name, where people sign in: a cookie, a script or a prompt of its own there would be ours.

/** Of one connection (RFC 9110 §7.6.1). */
const HOP_BY_HOP = ['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'proxy-authenticate', 'proxy-authentication-info']
/** Of an origin, not of an answer. */
const OF_THE_ORIGIN = ['set-cookie', 'set-cookie2', 'clear-site-data', 'service-worker-allowed', 'strict-transport-security', 'alt-svc', 'nel', 'report-to', 'reporting-endpoints', 'set-login', 'public-key-pins', 'accept-ch', 'critical-ch', 'origin-agent-cluster', 'origin-trial', 'document-policy', 'permissions-policy']
const NEVER: ReadonlySet<string> = new Set([...HOP_BY_HOP, ...OF_THE_ORIGIN])
/** Ours to say below /gk/. */
const OURS: ReadonlySet<string> = new Set(['content-security-policy', 'content-security-policy-report-only', 'x-content-type-options', 'cross-origin-resource-policy'])

/** Every page may read what its token opens: who has no token reads nothing, and nothing here goes by cookies. */
export const OPEN: Readonly<Record<string, string>> = { 'access-control-allow-origin': '*', 'access-control-expose-headers': '*, WWW-Authenticate, DPoP-Nonce' }

/** A document of an API that is opened below our name is nobody's: no script, no form, no origin. */
const SANDBOXED = { 'content-security-policy': "sandbox; default-src 'none'; frame-ancestors 'none'", 'x-content-type-options': 'nosniff', 'cross-origin-resource-policy': 'cross-origin' }

const OPEN_LIST = Object.entries(OPEN).flat()
const SANDBOXED_LIST = Object.entries(SANDBOXED).flat()

export interface Surroundings {
  /** The call came to an address below the issuer. */
  readonly isBelowIssuer: boolean
  /** Where the upstream believes to be, and where the caller finds it: a redirect within it stays within. */
  readonly upstream: string
  readonly address: string
}

const NO_HOPS: ReadonlySet<string> = new Set()

/** Names of the headers that an answer declares to be of its connection. */
function declaredHops(raw: readonly string[]): ReadonlySet<string> {
  const values = raw.filter((_value, i) => i % 2 === 1 && raw[i - 1]?.toLowerCase() === 'connection')
  return values.length === 0 ? NO_HOPS : new Set(values.flatMap((value) => value.split(',').map((one) => one.trim().toLowerCase())))
}

/** A browser must not ask people for a password in our name. */
function asksForPassword(name: string, value: string): boolean {
  return name === 'www-authenticate' && /\b(basic|digest|negotiate|ntlm)\b/i.test(value)
}

function relocated(value: string, { upstream, address }: Surroundings): string {
  const base = upstream.replace(/\/$/, '')
  return value === base || value.startsWith(`${base}/`) || value.startsWith(`${base}?`) ? address + value.slice(base.length) : value
}

function isPassed(name: string, value: string, isBelowIssuer: boolean): boolean {
  if (NEVER.has(name) || name.startsWith('access-control-') || asksForPassword(name, value)) return false
  return !isBelowIssuer || !OURS.has(name)
}

/** The headers of the answer to the caller, as a flat list. */
export function answerHeaders(raw: readonly string[], surroundings: Surroundings): string[] {
  const hops = declaredHops(raw)
  const passed: string[] = []
  for (const [i, given] of raw.entries()) {
    const value = raw[i + 1] ?? ''
    const name = given.toLowerCase()
    if (i % 2 === 1 || hops.has(name) || !isPassed(name, value, surroundings.isBelowIssuer)) continue
    passed.push(given, name === 'location' || name === 'content-location' ? relocated(value, surroundings) : value)
  }
  passed.push(...OPEN_LIST, ...(surroundings.isBelowIssuer ? SANDBOXED_LIST : []))
  return passed
}

/**
 * The protective headers of every answer. Owns which header says what; does not own what a page shows (`pages.ts`).
 * Set when a request arrives, so that refusals, 404s and errors carry them too; a page then widens only what it needs.
 */
import type { FastifyInstance, FastifyReply } from 'fastify'
import { canParseUrl } from '../lib/can-parse-url.ts'

export interface SecurityHeaderOptions {
  /** The issuer is https: browsers are told to stay there. */
  readonly https: boolean
}

export interface PagePolicy {
  /** Target of the one form that leaves us (response_mode=form_post): an absolute URL; or `https:` where its answer redirects to anywhere. */
  readonly formAction?: string | undefined
  /** Origin of a client's logo: an absolute URL, of which only the origin counts. */
  readonly imageSource?: string | undefined
  /** Addresses of other parties that the page loads in frames, of which only the origins count (front-channel logout). */
  readonly frameSources?: readonly string[] | undefined
}

const twoYears = 63_072_000

/** Gives every answer of the application its headers; JSON, redirects and errors need nothing more. */
export function registerSecurityHeaders(app: FastifyInstance, options: SecurityHeaderOptions): void {
  const headers: Record<string, string> = {
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'cross-origin-opener-policy': 'same-origin',
    'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
  }
  if (options.https) headers['strict-transport-security'] = `max-age=${twoYears}; includeSubDomains`
  app.addHook('onRequest', (_request, reply, done) => {
    reply.headers(headers)
    done()
  })
}

/**
 * Headers of a page. The referrer stays within our origin; `no-referrer` would turn the `Origin` of our own forms into
 * `null`, and the check against forged requests relies on it.
 */
export function setPageHeaders(reply: FastifyReply, policy: PagePolicy, referrerPolicy: string): void {
  reply.header('cache-control', 'no-store')
  reply.header('referrer-policy', referrerPolicy)
  reply.header('content-security-policy', contentSecurityPolicy(policy))
}

/** The policy of one page (CSP Level 3). A value that is not a usable URL widens nothing. */
export function contentSecurityPolicy(policy: PagePolicy): string {
  const image = policy.imageSource === undefined ? '' : originSource(policy.imageSource)
  const frames = [...new Set((policy.frameSources ?? []).map(originSource))].filter((source) => source !== '')
  const form = policy.formAction === undefined ? '' : formSource(policy.formAction)
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    image === '' ? "img-src 'self'" : `img-src 'self' ${image}`,
    ...(frames.length === 0 ? [] : [`frame-src ${frames.join(' ')}`]),
    "connect-src 'self'",
    `form-action ${form === '' ? "'self'" : form}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ].join('; ')
}

function originSource(address: string): string {
  const url = parseUrl(address)
  return url !== undefined && isWeb(url) ? url.origin : ''
}

/** A source has no query, and `;` or `,` in it would begin another directive or policy (CSP Level 3, §2.3.1). */
function formSource(address: string): string {
  if (address === 'https:' || address === 'http:') return address
  const url = parseUrl(address)
  if (url === undefined) return ''
  if (!isWeb(url)) return url.protocol
  return (url.origin + url.pathname).replaceAll(';', '%3B').replaceAll(',', '%2C')
}

function parseUrl(address: string): URL | undefined {
  return canParseUrl(address) ? new URL(address) : undefined
}

function isWeb(url: URL): boolean {
  return url.protocol === 'https:' || url.protocol === 'http:'
}

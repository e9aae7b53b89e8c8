import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { z } from 'zod'
import { canParseUrl } from '../lib/can-parse-url.ts'

// Owns what an API's declaration says to the gatekeeper: where its upstream is, what we prove ourselves with there, and what is handed on.
// The secret itself is no member: it is kept sealed beside the document (api-secrets.ts).

/** Headers that are the connection's, ours, or a person's towards us: nobody may ask that they are handed on. */
const KEPT = /^(connection|keep-alive|te|trailer|transfer-encoding|upgrade|expect|host|content-length|cookie|authorization|dpop|forwarded|via|proxy-.*|x-forwarded-.*|x-real-ip|sec-websocket-.*)$/

const HEADER = /^[a-z0-9][a-z0-9-]{0,60}$/

function upstreamFault(text: string): string | undefined {
  const url = canParseUrl(text) ? new URL(text) : undefined
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) return 'must be an http or https URL'
  if (url.username !== '' || url.password !== '') return 'must have no user name: say it in upstream_auth'
  return url.search === '' && url.hash === '' ? undefined : 'must have no query and no fragment'
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).subject !== undefined
  } catch {
    return false
  }
}

const headerValue = z.string().min(1).max(200).regex(/^[\x21-\x7e]+$/, 'must be ASCII without spaces')

const upstreamAuth = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('basic'), username: headerValue.refine((name) => !name.includes(':'), 'must have no colon') }),
  z.strictObject({ type: z.literal('bearer') }),
  z.strictObject({ type: z.literal('header'), name: z.string().toLowerCase().regex(HEADER, 'must be the name of a header').refine((name) => !KEPT.test(name), 'is not a header to prove oneself with') }),
  z.strictObject({ type: z.literal('mtls'), certificate: z.string().max(20_000).refine(isCertificate, 'must be a certificate in PEM') }),
])

/** How the gatekeeper proves itself to an upstream. */
export type UpstreamAuth = z.output<typeof upstreamAuth>

export const gatekeeperShape = {
  upstream: z
    .string()
    .max(500)
    .superRefine((text, context) => {
      const message = upstreamFault(text)
      if (message !== undefined) context.addIssue({ code: 'custom', message })
    })
    .optional(),
  upstream_auth: upstreamAuth.optional(),
  /** Who must have issued the upstream's certificate, in PEM: instead of those whom everybody trusts. */
  upstream_ca: z.string().max(50_000).refine(isCertificate, 'must be a certificate in PEM').optional(),
  /** Seconds until the upstream must have begun to answer. */
  upstream_timeout: z.number().int().min(1).max(120).optional(),
  /** Whoever has no token comes in too, and the upstream is told of nobody. */
  allow_unauthenticated: z.boolean().optional(),
  /** Headers of callers that reach the upstream beside the usual ones. */
  forward_headers: z.array(z.string().toLowerCase().regex(HEADER, 'must be the name of a header').refine((name) => !KEPT.test(name), 'is never handed on')).max(50).optional(),
  /** The upstream gets a short token of its own, which it can exchange. */
  token: z.boolean().optional(),
  /** The grants whose tokens it takes, for whoever writes a client. */
  grant_types: z.array(z.string().min(1).max(100)).min(1).max(20).optional(),
}

interface Said {
  readonly require_user: boolean
  readonly allow_unauthenticated?: boolean | undefined
  readonly upstream?: string | undefined
  readonly upstream_ca?: string | undefined
  readonly upstream_auth?: UpstreamAuth | undefined
}

/** What does not go together. */
export function gatekeeperFaults({ require_user, allow_unauthenticated, upstream, upstream_auth, upstream_ca }: Said): readonly { readonly member: string; readonly message: string }[] {
  return [
    ...(require_user && allow_unauthenticated === true ? [{ member: 'allow_unauthenticated', message: 'does not go with require_user' }] : []),
    ...(upstream_ca !== undefined && upstream?.startsWith('https:') !== true ? [{ member: 'upstream_ca', message: 'needs an upstream with https' }] : []),
    ...(upstream_auth !== undefined && upstream === undefined ? [{ member: 'upstream_auth', message: 'needs an upstream' }] : []),
  ]
}

/** What is wrong with the secret of an API that proves itself like this; nothing when it will do. */
export function gatekeeperSecretFault(text: string, type: unknown): string | undefined {
  if (type === 'mtls') return readPrivateKey(text) === undefined ? 'must be the private key of the certificate, in PEM' : undefined
  if (text.length < 8 || text.length > 1024) return 'must be 8 to 1024 characters'
  return /^[\x21-\x7e]+$/.test(text) ? undefined : 'must be ASCII without spaces'
}

function readPrivateKey(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem)
  } catch {
    return undefined
  }
}

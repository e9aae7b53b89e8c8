import type { X509Certificate } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import type { Context } from '../context.ts'
import { clientCertificate } from './client-certificate.ts'
import { everyHeader } from './every-header.ts'

/** What a request brought that could prove who holds a key, and what such a proof must speak of. */
export interface PresentedProof {
  readonly method: string
  /** The addresses as clients know them: the issuer's, and the one where certificates are asked for; whatever the Host header says (security.md rule 22). Without query. */
  readonly urls: readonly string[]
  /** Every DPoP header: Node joins or drops repeated ones, and two of them must be seen. */
  readonly dpop: readonly string[]
  readonly certificate: X509Certificate | undefined
}

/** Reads the proofs of a request. */
export function presentedProof(ctx: Context, request: FastifyRequest): PresentedProof {
  const { issuer, mtlsUrl } = ctx.config
  // As it came: a proof speaks of the address that its maker sent it to, which may be an alias.
  const path = request.originalUrl.split('?', 1)[0] ?? ''
  return { method: request.method, urls: [issuer, ...(mtlsUrl === undefined ? [] : [mtlsUrl])].map((base) => `${base}${path}`), dpop: everyHeader(request, 'dpop'), certificate: clientCertificate(ctx, request) }
}

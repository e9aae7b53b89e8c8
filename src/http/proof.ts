import type { FastifyRequest } from 'fastify'
import type { Context } from '../context.ts'

/** What a request brought that could prove who holds a key, and what such a proof must speak of. */
export interface PresentedProof {
  readonly method: string
  /** The address as clients know it: the issuer's, whatever the Host header says (security.md rule 22). Without query. */
  readonly url: string
  /** Every DPoP header: Node joins or drops repeated ones, and two of them must be seen. */
  readonly dpop: readonly string[]
}

/** Reads the proofs of a request. */
export function presentedProof(ctx: Context, request: FastifyRequest): PresentedProof {
  const { rawHeaders } = request.raw
  const dpop = rawHeaders.flatMap((name, i) => (i % 2 === 0 && name.toLowerCase() === 'dpop' ? [rawHeaders[i + 1] ?? ''] : []))
  const path = (request.raw.url ?? '').split('?', 1)[0] ?? ''
  return { method: request.method, url: `${ctx.config.issuer}${path}`, dpop }
}

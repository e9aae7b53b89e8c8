import { z } from 'zod'

// Owns what a client's key set may be (RFC 7517): public keys only, few, and each of a strength that is worth something.

const MOST_KEYS = 50
const SMALLEST_RSA_BITS = 2048

const PRIVATE = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'] as const

const base64url = z.string().regex(/^[A-Za-z0-9_-]+$/).max(2000)

/** A public key. */
export const publicJwk = z
  .looseObject({ kty: z.string(), kid: z.string().max(200).optional(), use: z.string().optional(), alg: z.string().optional(), crv: z.string().optional(), n: base64url.optional() })
  .superRefine((jwk, context) => {
    const secret = PRIVATE.find((name) => Object.hasOwn(jwk, name))
    if (secret !== undefined) context.addIssue({ code: 'custom', message: 'must be a public key: the private part was published and is worth nothing now' })
    if (jwk.kty === 'RSA' && Buffer.from(jwk.n ?? '', 'base64url').length * 8 < SMALLEST_RSA_BITS) context.addIssue({ code: 'custom', message: `an RSA key needs ${SMALLEST_RSA_BITS} bits or more` })
  })

/** A JWK Set of public keys. */
export const jsonWebKeySet = z.looseObject({ keys: z.array(publicJwk).max(MOST_KEYS) })

export type JsonWebKeySet = z.output<typeof jsonWebKeySet>
export type PublicJwk = JsonWebKeySet['keys'][number]

const KIND: Readonly<Record<string, (jwk: PublicJwk) => boolean>> = {
  RS256: ({ kty }) => kty === 'RSA',
  PS256: ({ kty }) => kty === 'RSA',
  ES256: ({ kty, crv }) => kty === 'EC' && crv === 'P-256',
  EdDSA: ({ kty, crv }) => kty === 'OKP' && crv === 'Ed25519',
}

/** The asymmetric algorithms with which others may sign for us to read. */
export const clientSigningAlgorithms: readonly string[] = Object.keys(KIND)

/** Whether a key may prove a signature of that algorithm. */
export function fits(jwk: PublicJwk, alg: string): boolean {
  return (jwk.use === undefined || jwk.use === 'sig') && (jwk.alg === undefined || jwk.alg === alg) && KIND[alg]?.(jwk) === true
}

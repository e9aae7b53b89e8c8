import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { calculateJwkThumbprint, type JWK } from 'jose'

/** The algorithms we sign with. RS256 because certification and old clients ask for it, at twenty times the cost of ES256. */
export const signingAlgorithms = ['RS256', 'ES256', 'EdDSA'] as const
export type SigningAlgorithm = (typeof signingAlgorithms)[number]

export function isSigningAlgorithm(alg: string): alg is SigningAlgorithm {
  return (signingAlgorithms as readonly string[]).includes(alg)
}

export interface SigningKey {
  readonly kid: string
  readonly alg: SigningAlgorithm
  /** What JWKS shows: no private member. */
  readonly publicJwk: JWK
  readonly privateKey: KeyObject
  readonly signsFrom: Date
  readonly retiresAt: Date | undefined
  readonly leavesAt: Date | undefined
}

export interface NewKey {
  readonly kid: string
  readonly alg: SigningAlgorithm
  readonly publicJwk: JWK
  /** PKCS#8 DER, to be sealed. */
  readonly pkcs8: Buffer
}

function generate(alg: SigningAlgorithm): { publicKey: KeyObject; privateKey: KeyObject } {
  if (alg === 'RS256') return generateKeyPairSync('rsa', { modulusLength: 2048 })
  if (alg === 'ES256') return generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return generateKeyPairSync('ed25519')
}

/** A new key pair; its `kid` is the thumbprint of the public key (RFC 7638). */
export async function generateSigningKey(alg: SigningAlgorithm): Promise<NewKey> {
  const { publicKey, privateKey } = generate(alg)
  const jwk = publicKey.export({ format: 'jwk' }) as JWK
  const kid = await calculateJwkThumbprint(jwk)
  return { kid, alg, publicJwk: { ...jwk, kid, alg, use: 'sig' }, pkcs8: privateKey.export({ type: 'pkcs8', format: 'der' }) }
}

export function openPrivateKey(pkcs8: Buffer): KeyObject {
  return createPrivateKey({ key: pkcs8, type: 'pkcs8', format: 'der' })
}

import { createPrivateKey, generateKeyPair, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
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

/** What a key does at a moment (milliseconds): it waits until every cache has it, signs, or is there only for what it signed. */
export function keyState({ signsFrom, retiresAt }: Pick<SigningKey, 'signsFrom' | 'retiresAt'>, now: number): 'published' | 'signing' | 'retired' {
  if (signsFrom.getTime() > now) return 'published'
  return retiresAt !== undefined && retiresAt.getTime() <= now ? 'retired' : 'signing'
}

export interface NewKey {
  readonly kid: string
  readonly alg: SigningAlgorithm
  readonly publicJwk: JWK
  /** PKCS#8 DER, to be sealed. */
  readonly pkcs8: Buffer
}

const generatePair = promisify(generateKeyPair)

function generate(alg: SigningAlgorithm): Promise<{ publicKey: KeyObject; privateKey: KeyObject }> {
  if (alg === 'RS256') return generatePair('rsa', { modulusLength: 2048 })
  if (alg === 'ES256') return generatePair('ec', { namedCurve: 'P-256' })
  return generatePair('ed25519')
}

/** A new key pair, made off the main thread; its `kid` is the thumbprint of the public key (RFC 7638). */
export async function generateSigningKey(alg: SigningAlgorithm): Promise<NewKey> {
  const { publicKey, privateKey } = await generate(alg)
  const jwk = publicKey.export({ format: 'jwk' }) as JWK
  const kid = await calculateJwkThumbprint(jwk)
  return { kid, alg, publicJwk: { ...jwk, kid, alg, use: 'sig' }, pkcs8: privateKey.export({ type: 'pkcs8', format: 'der' }) }
}

export function openPrivateKey(pkcs8: Buffer): KeyObject {
  return createPrivateKey({ key: pkcs8, type: 'pkcs8', format: 'der' })
}

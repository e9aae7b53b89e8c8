import { calculateJwkThumbprint, decodeProtectedHeader, type JWK, type JWTPayload } from 'jose'
import { clientSigningAlgorithms, fits, type PublicJwk, publicJwk } from '../../clients/json-web-keys.ts'
import type { Context } from '../../context.ts'
import { isSeenFirst } from '../../database/replay.ts'
import type { PresentedProof } from '../../http/proof.ts'
import { canParseUrl } from '../../lib/can-parse-url.ts'
import { epochSeconds } from '../../lib/clock.ts'
import { sha256 } from '../../lib/digest.ts'
import { invalidDpopProof, type OAuthError, useDpopNonce } from '../../protocol/error.ts'
import { JwtFault, readJwtHeader, readUnprovenClaims, verifySignature } from '../../protocol/jwt.ts'
import type { Compared } from '../../protocol/trace.ts'
import { type Confirmation, confirm, type SenderConstraint } from './constraint.ts'
import { isDpopNonce, newDpopNonce } from './dpop-nonce.ts'

// DPoP (RFC 9449): the client signs each request with a key of its own; the token is bound to that key.

/** The algorithms of proofs. FAPI 2.0 allows no PKCS #1 v1.5, and nobody needs it. */
export const dpopAlgorithms: readonly string[] = clientSigningAlgorithms.filter((alg) => alg !== 'RS256')
/** How far from now a proof may have been made. Seconds. */
const WINDOW_SECONDS = 60
const LONGEST_JTI = 500

function refused(fault: string, compared: readonly Compared[] = []): OAuthError {
  return invalidDpopProof('The DPoP proof is not valid', { detail: `dpop.${fault}`, trace: { cause: 'dpop.proof', compared, hints: [{ name: 'jwt_fault', values: { fault } }] } })
}

function keyOf(proof: string): PublicJwk {
  const { alg } = readJwtHeader(proof)
  const key = publicJwk.safeParse(decodeProtectedHeader(proof).jwk)
  if (!key.success || !fits(key.data, alg)) throw new JwtFault('jwk')
  return key.data
}

/** Scheme, host and path, written one way (RFC 3986 §6.2.2); what follows the path is none of it (RFC 9449 §4.3). */
function addressOf(htu: unknown): string | undefined {
  if (typeof htu !== 'string' || !canParseUrl(htu)) return undefined
  const { origin, pathname } = new URL(htu)
  return `${origin}${pathname}`
}

function checkClaims(claims: JWTPayload, proof: PresentedProof, accessToken: string | undefined, now: number): void {
  const { jti, iat } = claims
  if (typeof jti !== 'string' || jti === '' || jti.length > LONGEST_JTI) throw new JwtFault('jti')
  if (claims['htm'] !== proof.method) throw new JwtFault('htm')
  const htu = addressOf(claims['htu'])
  if (htu === undefined || !proof.urls.some((url) => addressOf(url) === htu)) throw new JwtFault('htu')
  if (typeof iat !== 'number' || Math.abs(iat - now) > WINDOW_SECONDS) throw new JwtFault('iat')
  if (typeof claims.exp === 'number' && claims.exp <= now) throw new JwtFault('exp')
  if (typeof claims.nbf === 'number' && claims.nbf > now + WINDOW_SECONDS) throw new JwtFault('nbf')
  if (accessToken !== undefined && claims['ath'] !== sha256(accessToken).toString('base64url')) throw new JwtFault('ath')
}

function checkNonce(ctx: Context, nonce: unknown, isRequired: boolean): void {
  if (nonce === undefined && !isRequired) return
  if (typeof nonce !== 'string' || !isDpopNonce(ctx, nonce)) throw useDpopNonce('Send the nonce of the DPoP-Nonce header', { headers: { 'dpop-nonce': newDpopNonce(ctx) } })
}

/** What the proof says beside what the request is. */
function proofCompared(text: string, { method, urls }: PresentedProof, now: number): readonly Compared[] {
  try {
    const { alg, typ } = readJwtHeader(text)
    const { iat, htm, htu } = readUnprovenClaims(text)
    const told = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)
    return [
      { name: 'alg', sent: alg, expected: dpopAlgorithms.join(', ') },
      { name: 'typ', sent: typ, expected: 'dpop+jwt' },
      { name: 'htm', sent: told(htm), expected: method },
      { name: 'htu', sent: told(htu), expected: urls[0] },
      { name: 'iat (seconds from now)', sent: iat === undefined ? undefined : String(iat - now), expected: `±${WINDOW_SECONDS}` },
    ]
  } catch {
    return []
  }
}

async function prove(proof: PresentedProof, ctx: Context, { accessToken, nonceRequired }: { accessToken: string | undefined; nonceRequired: boolean }): Promise<Confirmation | undefined> {
  const [text, another] = proof.dpop
  if (text === undefined) return undefined
  if (another !== undefined) throw refused('two headers')
  const now = epochSeconds(ctx.clock)
  try {
    const key = keyOf(text)
    const claims = await verifySignature(text, { algorithms: dpopAlgorithms, types: ['dpop+jwt'] }, async () => [key])
    checkClaims(claims, proof, accessToken, now)
    checkNonce(ctx, claims['nonce'], nonceRequired)
    const jkt = await calculateJwkThumbprint(key as JWK)
    if (!(await isSeenFirst(ctx.db, `dpop/${jkt}`, claims.jti ?? '', (now + 2 * WINDOW_SECONDS) * 1000))) throw new JwtFault('jti: seen before')
    return confirm('jkt', jkt)
  } catch (error) {
    if (error instanceof JwtFault) throw refused(error.message, proofCompared(text, proof, now))
    throw error
  }
}

export const dpop: SenderConstraint = { name: 'dpop', member: 'jkt', tokenType: 'DPoP', asks: 'send a DPoP proof', isRegistered: ({ metadata }) => metadata.dpop_bound_access_tokens, bindsByItself: true, prove }

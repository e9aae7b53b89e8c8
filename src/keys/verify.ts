import { compactVerify, decodeProtectedHeader, errors } from 'jose'
import type { Keyring } from './keyring.ts'
import { signingAlgorithms } from './signing-key.ts'

const COMPACT = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/
const LONGEST = 8192

/** Whether the last letter of the signature says nothing beyond it: header and claims are signed as text, the signature itself is not. */
function isOneSpelling(jwt: string): boolean {
  const signature = jwt.slice(jwt.lastIndexOf('.') + 1)
  return Buffer.from(signature, 'base64url').toString('base64url') === signature
}

export type OwnClaims = Readonly<Record<string, unknown>>

/**
 * The claims of a JWT that we signed ourselves, of one `typ`, or nothing. Algorithm, key and type are pinned; the text must be the compact
 * form to the letter (padding, a line end or a bit that no signature has would make a second text of one token). Times are the caller's to judge: a logout hint may be
 * expired, an access token may not.
 */
export async function verifyOwn(keyring: Keyring, jwt: string, typ: string, issuer: string): Promise<OwnClaims | undefined> {
  if (jwt.length > LONGEST || !COMPACT.test(jwt) || !isOneSpelling(jwt)) return undefined
  try {
    const header = decodeProtectedHeader(jwt)
    if (header.typ !== typ || header.kid === undefined || header.alg === undefined) return undefined
    const key = await keyring.verificationKey(header.kid, header.alg)
    if (key === undefined) return undefined
    const { payload } = await compactVerify(jwt, key, { algorithms: [...signingAlgorithms] })
    const claims: unknown = JSON.parse(Buffer.from(payload).toString('utf8'))
    if (typeof claims !== 'object' || claims === null || !('iss' in claims) || claims.iss !== issuer) return undefined
    return { ...claims }
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof SyntaxError || error instanceof TypeError) return undefined
    throw error
  }
}

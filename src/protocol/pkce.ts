import { sha256 } from '../lib/digest.ts'

/** The one method we take (RFC 7636 §4.2): with `plain` a leaked request is a leaked verifier. */
export const codeChallengeMethods = ['S256'] as const

const CHALLENGE = /^[A-Za-z0-9_-]{43}$/
const VERIFIER = /^[A-Za-z0-9._~-]{43,128}$/

export function isCodeChallenge(text: string): boolean {
  return CHALLENGE.test(text)
}

/** The S256 challenge of a verifier, or nothing when it is not a verifier (RFC 7636 §4.1). */
export function challengeOf(verifier: string): string | undefined {
  return VERIFIER.test(verifier) ? sha256(verifier).toString('base64url') : undefined
}

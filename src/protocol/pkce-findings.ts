import { sha256 } from '../lib/digest.ts'
import type { Findings, Hint } from './trace.ts'

// Owns what usually goes wrong with PKCE, as it can be seen in the values. The challenge has been in an address and is no secret; of the
// verifier only its challenge is told.

const HEX = /^[0-9a-f]{64}$/i

/** What a challenge looks like that is none. */
export function challengeFindings(challenge: string, method: string | undefined): Findings {
  const compared = [{ name: 'code_challenge', sent: challenge }, { name: 'code_challenge_method', sent: method, expected: 'S256' }]
  if (method !== undefined && method !== 'S256') return { compared, hints: [{ name: 'plain_method' }] }
  if (HEX.test(challenge)) return { compared, hints: [{ name: 'challenge_hex' }] }
  return { compared, hints: /[=+/]/.test(challenge) ? [{ name: 'challenge_padded' }] : [{ name: 'secret_length', values: { sent: challenge.length } }] }
}

/** A verifier that is none (RFC 7636 §4.1): its length or its characters. */
export function malformedVerifier(verifier: string): Findings {
  const long = verifier.length < 43 || verifier.length > 128
  return { compared: [{ name: 'code_verifier (characters)', sent: String(verifier.length), expected: '43–128' }], hints: [long ? { name: 'verifier_length', values: { length: verifier.length } } : { name: 'verifier_characters' }] }
}

function shapeOf(verifier: string, challenge: string): Hint | undefined {
  if (verifier === challenge) return { name: 'verifier_is_challenge' }
  const ofHex = sha256(sha256(verifier).toString('hex')).toString('base64url')
  const hexText = Buffer.from(sha256(verifier).toString('hex')).toString('base64url')
  return challenge === ofHex || challenge.startsWith(hexText.slice(0, 40)) ? { name: 'challenge_of_hex' } : undefined
}

/** A verifier beside the challenge of its code; either may be missing. */
export function verifierFindings(verifier: string | undefined, challenge: string | undefined): Findings {
  const compared = [{ name: 'SHA-256(code_verifier)', sent: verifier === undefined ? undefined : sha256(verifier).toString('base64url'), expected: challenge }]
  if (verifier === undefined) return { compared, hints: [{ name: 'verifier_absent' }] }
  if (challenge === undefined) return { compared, hints: [{ name: 'verifier_unasked' }] }
  const hint = shapeOf(verifier, challenge)
  // The same text in both places: the challenge was sent plain, or the challenge was sent as the verifier.
  return { compared, hints: hint === undefined ? [] : verifier === challenge ? [hint, { name: 'challenge_is_verifier' }] : [hint] }
}

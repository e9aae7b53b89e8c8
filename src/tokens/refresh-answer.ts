import { hmacSha256 } from '../lib/digest.ts'
import { seal, unseal } from '../lib/sealed.ts'
import type { AuthorizationDetail } from '../protocol/authorization-details.ts'
import type { TokenResponse } from './issue.ts'

// Owns the answer that a refresh token gets a second time within its window: kept in the grant's row, encrypted under a key that only the
// presented token yields, so that the database alone reveals nothing.

/** Before it is signed, an answer is what was drawn for it; a response without signatures can be made from that again. */
export type KeptAnswer = { readonly drawn: { readonly id: string; readonly access: string; readonly refresh: string; readonly scope: string | null; readonly authorizationDetails?: readonly AuthorizationDetail[] | undefined } } | { readonly response: TokenResponse }

function keyOf(presentedSecret: Uint8Array): Buffer {
  return hmacSha256(presentedSecret, 'portner/refresh-answer')
}

export function sealAnswer(presentedSecret: Uint8Array, grantId: string, answer: KeptAnswer): Buffer {
  return seal(keyOf(presentedSecret), Buffer.from(JSON.stringify(answer)), grantId)
}

/** The kept answer, or nothing when it is not this token's. */
export function openAnswer(presentedSecret: Uint8Array, grantId: string, sealed: Uint8Array | undefined): KeptAnswer | undefined {
  const plain = sealed === undefined ? undefined : unseal(keyOf(presentedSecret), sealed, grantId)
  return plain === undefined ? undefined : (JSON.parse(plain.toString('utf8')) as KeptAnswer)
}

import type { ClaimsRequest } from '../protocol/claims-request.ts'
import type { Prompt } from '../protocol/prompt.ts'

// Owns the authorization request as a value: what a client asked, once every check has passed. It is kept with the journey as JSON, so it
// holds plain data only.

export interface AuthorizationRequest {
  readonly clientId: string
  readonly redirectUri: string
  readonly redirectUriGiven: boolean
  readonly responseType: string
  readonly responseMode: string
  readonly state?: string
  readonly scopes: readonly string[]
  readonly nonce?: string
  readonly codeChallenge?: string
  readonly resources: readonly string[]
  readonly prompt: readonly Prompt[]
  /** Seconds. */
  readonly maxAge?: number
  readonly loginHint?: string
  /** The person and session of a verified id_token_hint. */
  readonly hint?: { readonly sub: string; readonly sid?: string }
  readonly acrValues: readonly string[]
  readonly claims: ClaimsRequest
  readonly uiLocales?: string
  /** The pushed request that this one was read from; it is spent with the answer. */
  readonly pushed?: string
  /** The thumbprint of the key that the code is bound to (RFC 9449 §10). */
  readonly jkt?: string
}

const verified: unique symbol = Symbol('verified redirect')

/** Proof that an answer, good or bad, may go to this address: the client and its redirect URI were checked. Only verifyRedirect makes one. */
export interface VerifiedRedirect {
  readonly [verified]: true
  readonly redirectUri: string
  readonly responseMode: string
  readonly state: string | undefined
}

/** To be called by the redirect URI's check, and when a request that passed it is read back. */
export function verifyRedirect(redirectUri: string, responseMode: string, state: string | undefined): VerifiedRedirect {
  return { [verified]: true, redirectUri, responseMode, state }
}

/** Where the answer to a checked request goes. */
export function redirectOf(request: Pick<AuthorizationRequest, 'redirectUri' | 'responseMode' | 'state'>): VerifiedRedirect {
  return verifyRedirect(request.redirectUri, request.responseMode, request.state)
}

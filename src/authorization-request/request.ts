import type { LimitedRequest } from '../apis/limited-scopes.ts'
import type { AuthorizationDetail } from '../protocol/authorization-details.ts'
import type { ClaimsRequest } from '../protocol/claims-request.ts'
import type { GrantAction } from '../protocol/grant-management.ts'
import type { Prompt } from '../protocol/prompt.ts'

// Owns the authorization request as a value: what a client asked, once every check has passed. It is kept with the journey as JSON, so it
// holds plain data only.

export interface AuthorizationRequest {
  readonly clientId: string
  readonly redirectUri: string
  readonly redirectUriGiven: boolean
  readonly responseType: string
  readonly responseMode: string
  /** Signs the answer where the mode has it signed. */
  readonly answerAlg?: string
  readonly state?: string
  readonly scopes: readonly string[]
  /** Those of them whose consent has an end: the person is asked every time. */
  readonly limited?: LimitedRequest
  readonly nonce?: string
  readonly codeChallenge?: string
  readonly resources: readonly string[]
  /** RFC 9396; checked against the schemas of their types. */
  readonly authorizationDetails?: readonly AuthorizationDetail[]
  /** One of them is for once: the person is asked every time. */
  readonly singleUse?: boolean
  readonly prompt: readonly Prompt[]
  /** Seconds. */
  readonly maxAge?: number
  readonly loginHint?: string
  /** Whom the hint means if it is the name by which the client knows somebody. */
  readonly hintedUserId?: string
  /** Where the person signs in, by the client's word: a provider, its organization, domain or SAML entity. */
  readonly idpHint?: string
  readonly domainHint?: string
  /** The person (by their own id) and session of a verified id_token_hint. */
  readonly hint?: { readonly sub: string; readonly sid?: string }
  readonly acrValues: readonly string[]
  readonly claims: ClaimsRequest
  /** The scopes of claims that were asked for by name: the person is asked for them as for scopes. */
  readonly claimScopes?: readonly string[]
  /** One of these people must sign in. */
  readonly expectedUsers?: readonly string[]
  readonly uiLocales?: string
  /** What waits at another place for this journey's end (tokens/decoupled-requests.ts); nothing is answered to a redirect URI then. */
  readonly decoupled?: { readonly id: string; readonly kind: 'device' | 'ciba'; readonly requestedFrom: string; readonly requestedAt: number; readonly userCode?: string; readonly bindingMessage?: string }
  /** What the request does to a grant that its client manages. */
  readonly grantChange?: GrantAction
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
  /** For whom a signed answer is, and by which algorithm. */
  readonly clientId: string
  readonly signingAlg: string
}

/** To be called by the redirect URI's check, and when a request that passed it is read back. */
export function verifyRedirect(to: Omit<VerifiedRedirect, typeof verified>): VerifiedRedirect {
  return { [verified]: true, ...to }
}

/** Where the answer to a checked request goes. */
export function redirectOf({ redirectUri, responseMode, state, clientId, answerAlg }: AuthorizationRequest): VerifiedRedirect {
  return verifyRedirect({ redirectUri, responseMode, state, clientId, signingAlg: answerAlg ?? 'RS256' })
}

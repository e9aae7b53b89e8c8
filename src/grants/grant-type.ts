import type { z } from 'zod'
import type { Api } from '../apis/api.ts'
import type { AuthenticatedClient } from '../clients/authenticate.ts'
import type { Context } from '../context.ts'
import type { AuthorizationDetail } from '../protocol/authorization-details.ts'
import type { Authorization } from '../tokens/authorization.ts'
import type { DrawnTokens, TokenResponse } from '../tokens/issue.ts'
import type { Confirmation } from '../tokens/sender-constraint/constraint.ts'

/** What the endpoint has proven, parsed and drawn before a grant is asked. */
export interface GrantRequest<P> {
  readonly client: AuthenticatedClient
  readonly parameters: P
  /** The requested scope, parsed; empty when none was named. */
  readonly scopes: readonly string[]
  /** The requested APIs (RFC 8707), known and in the order given. */
  readonly resources: readonly string[]
  readonly apis: readonly Api[]
  /** The requested authorization details (RFC 9396 §6), each as its type allows; empty when none were sent. */
  readonly authorizationDetails: readonly AuthorizationDetail[]
  /** The access token to keep: the grant's one statement consumes its artefact and keeps this hash. */
  readonly access: { readonly id: string; readonly hash: Buffer; readonly text: string }
  /** Seconds. */
  readonly lifetime: number
  /** What the request proved to hold: its tokens are bound to it. */
  readonly confirmation: Confirmation | undefined
  /** The address that the request came from, for counters. */
  readonly address: string
}

/**
 * What a grant decided: an authorization to turn into tokens, or the very answer that was given before. `settle` must be called with a
 * response that has signatures in it, before it is sent.
 */
export type Redemption =
  | { readonly kind: 'authorized'; readonly authorization: Authorization; readonly drawn: DrawnTokens; readonly settle?: (response: TokenResponse) => Promise<TokenResponse> }
  | { readonly kind: 'answered'; readonly response: TokenResponse }

/** A grant type. It brings its own parameters and its own decision; every shared phase is the token endpoint's. */
export interface GrantType<S extends z.ZodObject = z.ZodObject> {
  /** The `grant_type` value. */
  readonly type: string
  readonly parameters: S
  readonly publicClients: 'allowed' | 'refused'
  /** Whether it reads `authorization_details`. To any other they are refused, not ignored. */
  readonly readsDetails?: true
  /** Consumes the artefact and keeps what it pays for in one statement. Throws the one right OAuthError. */
  redeem(request: GrantRequest<z.output<S>>, ctx: Context): Promise<Redemption>
}

/** A grant whose parameters are known to its author and not to the list. */
export interface ListedGrant {
  readonly type: string
  readonly parameters: z.ZodObject
  readonly publicClients: 'allowed' | 'refused'
  readonly readsDetails?: true
  redeem(request: GrantRequest<unknown>, ctx: Context): Promise<Redemption>
}

export function defineGrant<S extends z.ZodObject>(grant: GrantType<S>): ListedGrant {
  return { ...grant, redeem: (request, ctx) => grant.redeem({ ...request, parameters: request.parameters as z.output<S> }, ctx) }
}

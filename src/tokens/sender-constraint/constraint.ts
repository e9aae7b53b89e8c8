import type { Client } from '../../clients/client.ts'
import type { Context } from '../../context.ts'
import type { PresentedProof } from '../../http/proof.ts'

// Owns the contract of what binds a token to its holder: one file a way, one line in index.ts. A bound token that is stolen is worth
// nothing without the key.

const proven: unique symbol = Symbol('confirmation')

/** What a token is bound to, proven by this very request; as rows keep it: the `cnf` member and its value. Only constraints make one. */
export interface Confirmation {
  readonly [proven]: true
  readonly member: 'jkt' | 'x5t#S256'
  readonly value: string
}

/** To be called by a constraint that has just checked a proof. */
export function confirm(member: Confirmation['member'], value: string): Confirmation {
  return { [proven]: true, member, value }
}

export interface SenderConstraint {
  readonly name: string
  /** The `cnf` member of its tokens (RFC 7800 §3). */
  readonly member: Confirmation['member']
  /** The `token_type` of its tokens. */
  readonly tokenType: 'Bearer' | 'DPoP'
  /** What a client has to do for it, for the sentence of a refusal. */
  readonly asks: string
  /** Whether the client registered that its tokens are bound in this way. */
  isRegistered(client: Client): boolean
  /** Whether a proof that comes unasked binds: it was sent for nothing else. */
  readonly bindsByItself: boolean
  /** What the request proves to hold; nothing when it brings no proof of this kind. `accessToken` where one is used. Throws the one right OAuthError. */
  prove(proof: PresentedProof, ctx: Context, options: { readonly accessToken: string | undefined; readonly nonceRequired: boolean }): Promise<Confirmation | undefined>
}

const SEPARATOR = ':'

/** How rows keep it. */
export function confirmationText(confirmation: Pick<Confirmation, 'member' | 'value'> | undefined): string | null {
  return confirmation === undefined ? null : `${confirmation.member}${SEPARATOR}${confirmation.value}`
}

/** The `cnf` claim of a row's text (RFC 7800, RFC 8705 §3.1, RFC 9449 §6). */
export function confirmationClaim(text: string | undefined): Readonly<Record<string, string>> | undefined {
  if (text === undefined) return undefined
  const at = text.indexOf(SEPARATOR)
  return { [text.slice(0, at)]: text.slice(at + 1) }
}

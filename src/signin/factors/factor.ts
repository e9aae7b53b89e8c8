import type { RawBuilder } from 'kysely'
import type { Context } from '../../context.ts'
import type { Form } from '../../protocol/form.ts'
import type { User } from '../../users/user.ts'

// Owns the contract of second factors: one file and one line in index.ts each. A factor knows how it is proven and nothing of journeys,
// limits or pages; its words are the messages `factor.<name>.…`.

/** Who is to prove it, and where: what is proven here counts for this browser on this journey only. */
export interface FactorQuestion {
  readonly user: User
  readonly browserId: string
  readonly interactionId: string
  /** The language of the page. */
  readonly language: string
}

export type FactorVerdict =
  /** The `amr` values of what was proven (RFC 8176). */
  | { readonly is: 'good'; readonly amr: readonly string[] }
  | { readonly is: 'wrong' | 'expired' | 'used' }

export interface Factor {
  /** Also in the choice of methods, in addresses and in messages. */
  readonly name: string
  /** `code`: something typed into one field, which can be guessed and is counted. `passkey`: signed by an authenticator, which cannot. */
  readonly kind: 'code' | 'passkey'
  /** Whether a person who is not asked to choose is asked for this one: the strongest first, the last resort never. */
  readonly isFallback: boolean
  /** A condition within a statement: all factors are asked about in one. */
  has(ctx: Context, user: User): RawBuilder<boolean>
  /** What a code is sent with, before it can be asked for. Called by a form, never by opening a page. */
  send?(ctx: Context, question: FactorQuestion): Promise<void>
  /** Whether a code is on its way. */
  isSent?(ctx: Context, question: FactorQuestion): Promise<boolean>
  /** What the browser hands to the authenticator (WebAuthn, PublicKeyCredentialRequestOptionsJSON). */
  options?(ctx: Context, question: FactorQuestion): Promise<object>
  /** Checks what a form brought, and takes it: the same proof is good once. */
  prove(ctx: Context, question: FactorQuestion, form: Form): Promise<FactorVerdict>
}

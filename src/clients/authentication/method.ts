import type { Context } from '../../context.ts'
import type { Form } from '../../protocol/form.ts'
import type { Client } from '../client.ts'

/** What a request brought that could authenticate a client. */
export interface PresentedCredentials {
  readonly authorization: string | undefined
  readonly form: Form
}

/** A client authentication method (RFC 6749 §2.3): is it there, and whose is it. */
export interface ClientAuthenticationMethod {
  /** Its `token_endpoint_auth_method` name. */
  readonly name: string
  /** Whether an attempt was made, valid or not. */
  isPresent(presented: PresentedCredentials): boolean
  /** Which client it claims to be. Throws `invalid_client` or `invalid_request` when that cannot be read. */
  claimedId(presented: PresentedCredentials): string
  /** Whether the claim is proven. */
  proves(presented: PresentedCredentials, client: Client, ctx: Context): Promise<boolean>
}

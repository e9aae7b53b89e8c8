import type { X509Certificate } from 'node:crypto'
import type { Config } from '../../config.ts'
import type { Context } from '../../context.ts'
import type { Form } from '../../protocol/form.ts'
import type { Trace } from '../../protocol/trace.ts'
import type { Client } from '../client.ts'

/** What a request brought that could authenticate a client. */
export interface PresentedCredentials {
  readonly authorization: string | undefined
  readonly form: Form
  /** The certificate of the sender, of which it holds the key. */
  readonly certificate?: X509Certificate | undefined
}

/** A client authentication method (RFC 6749 §2.3): is it there, and whose is it. */
export interface ClientAuthenticationMethod {
  /** Its `token_endpoint_auth_method` name. */
  readonly name: string
  /** What a client sends for it. Methods that send the same are told apart by what the client registered; two that differ are too many. */
  readonly sends: 'authorization' | 'client_secret' | 'client_assertion' | 'client_id'
  /** Whether this configuration has what it needs. */
  isOffered?(config: Config): boolean
  /** Whether an attempt was made, valid or not. */
  isPresent(presented: PresentedCredentials): boolean
  /** Which client it claims to be. Throws `invalid_client` or `invalid_request` when that cannot be read. */
  claimedId(presented: PresentedCredentials): string
  /** Whether the claim is proven: true, or what was wrong, for those who may read the diagnosis. */
  proves(presented: PresentedCredentials, client: Client, ctx: Context): Promise<true | Trace>
}

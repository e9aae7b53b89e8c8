import type { Client } from '../../clients/client.ts'
import { requireAllowed } from '../../clients/profile-rules.ts'
import type { Context } from '../../context.ts'
import type { PresentedProof } from '../../http/proof.ts'
import { invalidRequest } from '../../protocol/error.ts'
import type { Confirmation } from './constraint.ts'
import { senderConstraints } from './index.ts'

/** What the request proves to hold, if anything. */
export async function proveHolder(ctx: Context, client: Client, proof: PresentedProof): Promise<Confirmation | undefined> {
  const nonceRequired = client.metadata.require_dpop_nonce
  const proofs = await Promise.all(senderConstraints.map((constraint) => constraint.prove(proof, ctx, { accessToken: undefined, nonceRequired })))
  return proofs.find((one) => one !== undefined)
}

/** What binds the tokens of this request. Throws `invalid_request` where the client must prove something and did not. */
export async function proveSender(ctx: Context, client: Client, proof: PresentedProof): Promise<Confirmation | undefined> {
  const confirmation = await proveHolder(ctx, client, proof)
  if (confirmation !== undefined) return confirmation
  const missing = (): Error => invalidRequest('This client must prove that it holds a key: send a DPoP proof', { detail: 'sender_constraint.missing' })
  if (client.metadata.dpop_bound_access_tokens) throw missing()
  requireAllowed(ctx, client, { rule: 'bound_tokens', allows: ({ boundTokens }) => !boundTokens }, missing)
  return undefined
}

/** The `token_type` of a token with this binding, as its row has it. */
export function tokenTypeOf(confirmation: string | undefined): 'Bearer' | 'DPoP' {
  return senderConstraints.find(({ member }) => confirmation?.startsWith(`${member}:`) === true)?.tokenType ?? 'Bearer'
}

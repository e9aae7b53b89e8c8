import type { Client } from '../../clients/client.ts'
import { profileOf, requireAllowed } from '../../clients/profile-rules.ts'
import type { Context } from '../../context.ts'
import type { PresentedProof } from '../../http/proof.ts'
import { invalidRequest } from '../../protocol/error.ts'
import type { Confirmation, SenderConstraint } from './constraint.ts'
import { senderConstraints } from './index.ts'

/** The ways in which a client's tokens may be bound: the one that it registered; else what binds by itself; else, where they must be bound, any. */
function waysOf(client: Client): readonly SenderConstraint[] {
  const registered = senderConstraints.filter((constraint) => constraint.isRegistered(client))
  const mustBind = profileOf(client).boundTokens
  return registered.length > 0 ? registered : senderConstraints.filter(({ bindsByItself }) => bindsByItself || mustBind)
}

/** All that the request proves to hold. Every proof that is there must be right, whether or not it binds. */
async function allProofs(ctx: Context, client: Client, proof: PresentedProof): Promise<readonly Confirmation[]> {
  const nonceRequired = client.metadata.require_dpop_nonce
  const proofs = await Promise.all(senderConstraints.map((constraint) => constraint.prove(proof, ctx, { accessToken: undefined, nonceRequired })))
  return proofs.filter((one) => one !== undefined)
}

function bindingOf(client: Client, proofs: readonly Confirmation[]): Confirmation | undefined {
  return waysOf(client).map(({ member }) => proofs.find((one) => one.member === member)).find((one) => one !== undefined)
}

/** What would bind the tokens of a client that sends these proofs, if anything. */
export async function proveHolder(ctx: Context, client: Client, proof: PresentedProof): Promise<Confirmation | undefined> {
  return bindingOf(client, await allProofs(ctx, client, proof))
}

/** What binds the tokens of this request. Throws `invalid_request` where the client must prove something and did not. */
export async function proveSender(ctx: Context, client: Client, proof: PresentedProof): Promise<Confirmation | undefined> {
  const proofs = await allProofs(ctx, client, proof)
  const confirmation = bindingOf(client, proofs)
  if (confirmation !== undefined) return confirmation
  const missing = (): Error => invalidRequest(`This client must prove that it holds a key: ${waysOf(client).map(({ asks }) => asks).join(' or ')}`, { detail: 'sender_constraint.missing', trace: { cause: 'sender_constraint.missing', compared: [{ name: 'DPoP / certificate', expected: waysOf(client).map(({ name }) => name).join(', ') }] } })
  if (senderConstraints.some((constraint) => constraint.isRegistered(client))) throw missing()
  // Where a stricter profile is only tried, a certificate would do, too.
  requireAllowed(ctx, client, { rule: 'bound_tokens', allows: ({ boundTokens }) => !boundTokens || proofs.length > 0 }, missing)
  return undefined
}

/** The `token_type` of a token with this binding, as its row has it. */
export function tokenTypeOf(confirmation: string | undefined): 'Bearer' | 'DPoP' {
  return senderConstraints.find(({ member }) => confirmation?.startsWith(`${member}:`) === true)?.tokenType ?? 'Bearer'
}

import { keysOf } from '../keys.ts'
import { profileOf } from '../profile-rules.ts'
import { assertedClientId, hasAssertion, provesByAssertion } from './assertion.ts'
import type { ClientAuthenticationMethod } from './method.ts'

/** A JWT that the client signed with a private key of its own (RFC 7523, OpenID Connect Core §9). */
export const privateKeyJwt: ClientAuthenticationMethod = {
  name: 'private_key_jwt',
  sends: 'client_assertion',
  isPresent: (presented) => hasAssertion(presented, false),
  claimedId: assertedClientId,
  proves: (presented, client, ctx) => provesByAssertion(presented, client, ctx, profileOf(client).signingAlgorithms, keysOf(ctx, client)),
}

import { clientSigningAlgorithms } from '../json-web-keys.ts'
import { keysOf } from '../keys.ts'
import { assertedClientId, hasAssertion, provesByAssertion } from './assertion.ts'
import type { ClientAuthenticationMethod } from './method.ts'

/** A JWT that the client signed with a private key of its own (RFC 7523, OpenID Connect Core §9). */
export const privateKeyJwt: ClientAuthenticationMethod = {
  name: 'private_key_jwt',
  isPresent: (presented) => hasAssertion(presented, false),
  claimedId: assertedClientId,
  proves: (presented, client, ctx) => {
    // FAPI 2.0 §5.4.1: no PKCS #1 v1.5.
    const algorithms = client.metadata.profile === 'fapi2' ? clientSigningAlgorithms.filter((alg) => alg !== 'RS256') : clientSigningAlgorithms
    return provesByAssertion(presented, client, ctx, algorithms, keysOf(ctx, client))
  },
}

import { readSealedSecrets } from '../secrets.ts'
import { assertedClientId, hasAssertion, provesByAssertion } from './assertion.ts'
import type { ClientAuthenticationMethod } from './method.ts'

/** The algorithms of a shared secret. */
export const secretAlgorithms: readonly string[] = ['HS256']

/** A JWT under the client's secret (OpenID Connect Core §9): for that method alone the secret itself is kept, sealed. */
export const clientSecretJwt: ClientAuthenticationMethod = {
  name: 'client_secret_jwt',
  sends: 'client_assertion',
  isPresent: (presented) => hasAssertion(presented, true),
  claimedId: assertedClientId,
  proves: (presented, client, ctx) => provesByAssertion(presented, client, ctx, secretAlgorithms, async () => (client.metadata.token_endpoint_auth_method === 'client_secret_jwt' ? readSealedSecrets(ctx, client.key) : [])),
}

import { responseTypes } from '../authorization-request/response-types.ts'
import { clientAuthenticationMethods } from '../clients/authentication/index.ts'
import type { Offered } from '../clients/metadata.ts'
import { grantTypes } from '../grants/index.ts'
import { IMPLICIT } from '../protocol/names.ts'
import { signingAlgorithms } from '../keys/signing-key.ts'

/** What this build offers to clients, out of the lists that the endpoints serve. */
export const offered: Offered = {
  grantTypes: [...grantTypes.map((grant) => grant.type), IMPLICIT],
  responseTypes: responseTypes.map(({ type }) => type),
  authenticationMethods: clientAuthenticationMethods.map((method) => method.name),
  signingAlgorithms,
}

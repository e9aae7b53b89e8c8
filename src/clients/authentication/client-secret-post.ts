import { invalidClient } from '../../protocol/error.ts'
import type { ClientAuthenticationMethod } from './method.ts'
import { provesSecret } from './secret.ts'
import { wrongSecret } from './secret-findings.ts'

/** The secret in the form body (RFC 6749 §2.3.1). */
export const clientSecretPost: ClientAuthenticationMethod = {
  name: 'client_secret_post',
  sends: 'client_secret',
  isPresent: ({ form }) => form.single.has('client_secret'),
  claimedId: ({ form }) => {
    const clientId = form.single.get('client_id')
    if (clientId === undefined) throw invalidClient('client_secret came without client_id', { trace: { cause: 'client_auth.malformed', compared: [{ name: 'client_id' }] } })
    return clientId
  },
  proves: async ({ form }, client, ctx) => {
    const secret = form.single.get('client_secret') ?? ''
    return provesSecret(ctx, client, secret) || wrongSecret(client, secret)
  },
}

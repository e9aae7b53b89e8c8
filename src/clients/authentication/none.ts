import { invalidClient } from '../../protocol/error.ts'
import type { ClientAuthenticationMethod } from './method.ts'

/** A public client says who it is and proves nothing (RFC 6749 §3.2.1): a client id and no other attempt. */
export const none: ClientAuthenticationMethod = {
  name: 'none',
  isPresent: ({ authorization, form }) => authorization === undefined && form.single.has('client_id') && !form.single.has('client_secret') && !form.single.has('client_assertion'),
  claimedId: ({ form }) => {
    const clientId = form.single.get('client_id')
    if (clientId === undefined) throw invalidClient('Client authentication is missing')
    return clientId
  },
  proves: async () => true,
}

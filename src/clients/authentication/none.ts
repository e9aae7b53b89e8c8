import { hasIdAlone, idOf } from './client-id.ts'
import type { ClientAuthenticationMethod } from './method.ts'

/** A public client says who it is and proves nothing (RFC 6749 §3.2.1): a client id and no other attempt. */
export const none: ClientAuthenticationMethod = {
  name: 'none',
  sends: 'client_id',
  isPresent: hasIdAlone,
  claimedId: idOf,
  proves: async () => true,
}

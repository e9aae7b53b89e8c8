import { z } from 'zod'
import { text } from '../protocol/fields.ts'
import { redeemDecoupled } from './decoupled.ts'
import { defineGrant } from './grant-type.ts'

export const CIBA = 'urn:openid:params:grant-type:ciba'

/** The grant of Client-Initiated Backchannel Authentication (CIBA Core §10.1): tokens for a person who decided on a device of their own. */
export const ciba = defineGrant({
  type: CIBA,
  parameters: z.object({ auth_req_id: text }),
  publicClients: 'refused',
  redeem: (request, ctx) => redeemDecoupled(ctx, request, 'ciba', request.parameters.auth_req_id),
})

import { z } from 'zod'
import { text } from '../protocol/fields.ts'
import { redeemDecoupled } from './decoupled.ts'
import { defineGrant } from './grant-type.ts'

export const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code'

/** The device authorization grant (RFC 8628 §3.4): the device asks again and again until the person has decided in a browser. */
export const deviceCode = defineGrant({
  type: DEVICE_CODE,
  parameters: z.object({ device_code: text }),
  publicClients: 'allowed',
  redeem: (request, ctx) => redeemDecoupled(ctx, request, 'device', request.parameters.device_code),
})

import { z } from 'zod'
import { giveRegistrationToken } from '../../declarations/registration-token.ts'
import { can } from '../../organizations/can.ts'
import { forbidden } from '../failure.ts'
import { operation, type Resource } from '../operation.ts'

const HOUR_SECONDS = 3600
const told = z.strictObject({ initial_access_token: z.string(), uses: z.int(), expires_in: z.int() })

/** Tokens with which others register clients by themselves (RFC 7591 §3). */
export const registrationTokens: Resource = () => [
  operation({
    method: 'POST',
    path: '/api/registration-tokens',
    id: 'createRegistrationToken',
    summary: 'Makes one; it is told once',
    scope: 'portner.clients.write',
    body: { reads: z.strictObject({ uses: z.int().min(1).max(10_000).default(1), hours: z.int().min(1).max(8760).default(24), note: z.string().max(200).default('') }), example: { uses: 5, hours: 48, note: 'the library' } },
    answer: { status: 201, description: 'The token', schema: { name: 'RegistrationToken', schema: told } },
    needsRecentSignIn: true,
    run: async ({ ctx, caller, body: { uses, hours, note } }) => {
      if (!can(caller.actor, 'create', { kind: 'client', owner: {} })) throw forbidden()
      const seconds = hours * HOUR_SECONDS
      return { status: 201, body: { initial_access_token: await giveRegistrationToken(ctx, caller, { note, uses, seconds }), uses, expires_in: seconds } }
    },
  }),
]

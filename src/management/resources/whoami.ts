import { z } from 'zod'
import { roles } from '../../organizations/can.ts'
import { operation, type Resource } from '../operation.ts'

const me = z.strictObject({
  /** The person; absent for a client that acts by itself. */
  user_id: z.string().optional(),
  client_id: z.string(),
  operator: z.boolean(),
  roles: z.record(z.string(), z.enum(roles as readonly [string, ...string[]])),
  scope: z.string(),
})

/** Who the caller is here: what to ask first when something is refused. */
export const whoami: Resource = () => [
  operation({
    method: 'GET',
    path: '/api/me',
    id: 'readMe',
    summary: 'Who the caller is, with roles by organization',
    scope: undefined,
    answer: { status: 200, description: 'The caller', schema: { name: 'Me', schema: me } },
    run: async ({ caller: { actor, personId, clientId, scopes } }) => ({
      status: 200,
      body: { ...(personId === undefined ? {} : { user_id: personId }), client_id: clientId, operator: actor.operator, roles: Object.fromEntries(actor.roles), scope: scopes.join(' ') },
    }),
  }),
]

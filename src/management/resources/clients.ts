import { z } from 'zod'
import { clientMetadataSchema } from '../../clients/metadata.ts'
import { listOwnedClients } from '../../clients/store.ts'
import { withoutUndefined } from '../../declarations/kind.ts'
import type { Resource } from '../operation.ts'
import { thingOperations } from '../things.ts'

const EXAMPLE = { client_id: 'course-planner', client_name: { en: 'Course Planner' }, redirect_uris: ['https://planner.example.org/callback'], scope: 'openid profile gk_calendar' }

/** Applications: those of the organizations that the caller works for, and the caller's own; all for an operator. */
export const clients: Resource = (offered) => {
  const schema = clientMetadataSchema(offered)
  return thingOperations({
    kind: 'client',
    plural: 'clients',
    idName: 'client_id',
    name: 'Client',
    schema,
    created: z.strictObject({ ...schema.in.shape, client_secret: z.string().optional() }),
    secretMember: 'client_secret',
    reads: 'portner.clients.read',
    writes: 'portner.clients.write',
    example: EXAMPLE,
    patchExample: { client_name: { en: 'Course Planner', nb: 'Emneplanlegger' } },
    list: async (ctx, { actor, personId }, page) => {
      const of = actor.operator ? ('all' as const) : { organizations: [...actor.roles.keys()], userId: personId }
      return (await listOwnedClients(ctx.db, of, page)).map(({ clientId, metadata }) => ({ id: clientId, document: withoutUndefined({ ...metadata, client_id: clientId }) }))
    },
  })
}

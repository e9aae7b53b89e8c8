import { kindOf } from '../../declarations/thing.ts'
import type { Resource } from '../operation.ts'
import { thingOperations } from '../things.ts'

/** What the objects of `authorization_details` may say (RFC 9396), type by type. */
export const authorizationTypes: Resource = (offered) =>
  thingOperations({
    kind: 'authorization_details_type',
    plural: 'authorization-details-types',
    idName: 'type',
    name: 'AuthorizationDetailsType',
    schema: kindOf('authorization_details_type').schema(offered),
    reads: 'portner.scopes.read',
    writes: 'portner.scopes.write',
    example: { type: 'room_booking', title: { en: 'Book a room' }, schema: { type: 'object', properties: { room: { type: 'string' } }, required: ['room'] } },
    patchExample: { description: { en: 'Once, and for the room that stands here' } },
  })

import { kindOf } from '../../declarations/thing.ts'
import type { Resource } from '../operation.ts'
import { thingOperations } from '../things.ts'

/** Organizations with what they let their people use: mandatory, approved and blocked clients are members of the document. */
export const organizations: Resource = (offered) =>
  thingOperations({
    kind: 'organization',
    plural: 'organizations',
    idName: 'organization_id',
    name: 'Organization',
    schema: kindOf('organization').schema(offered),
    reads: 'portner.organizations.read',
    writes: 'portner.organizations.write',
    example: { organization_id: 'stavern', name: { en: 'Stavern College' }, realms: ['stavern.example'], country: 'no' },
    patchExample: { other_clients: 'blocked' },
  })

import { kindOf } from '../../declarations/thing.ts'
import type { Resource } from '../operation.ts'
import { thingOperations } from '../things.ts'

/** Protected resources with their scopes. */
export const apis: Resource = (offered) =>
  thingOperations({
    kind: 'api',
    plural: 'apis',
    idName: 'api_id',
    name: 'Api',
    schema: kindOf('api').schema(offered),
    secretMember: 'gatekeeper_secret',
    reads: 'portner.apis.read',
    writes: 'portner.apis.write',
    example: { api_id: 'library', name: { en: 'Library' }, audience: 'https://library.example.org', organization: 'ntu', scopes: { loans: { title: { en: 'See your loans' } } } },
    patchExample: { name: { en: 'The library' } },
  })

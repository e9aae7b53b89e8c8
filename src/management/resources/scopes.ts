import { kindOf } from '../../declarations/thing.ts'
import type { Resource } from '../operation.ts'
import { thingOperations } from '../things.ts'

/** Scopes that are no API's. */
export const scopes: Resource = (offered) =>
  thingOperations({
    kind: 'scope',
    plural: 'scopes',
    idName: 'scope',
    name: 'Scope',
    schema: kindOf('scope').schema(offered),
    reads: 'portner.scopes.read',
    writes: 'portner.scopes.write',
    example: { scope: 'debt.secured.presentation', title: { en: 'Show your secured debt' } },
    patchExample: { title: { en: 'Show what you owe on your house' } },
  })

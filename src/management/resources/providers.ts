import { kindOf } from '../../declarations/thing.ts'
import type { Resource } from '../operation.ts'
import { thingOperations } from '../things.ts'

/** Where people sign in; those that a federation brought are its own. */
export const providers: Resource = (offered) =>
  thingOperations({
    kind: 'provider',
    plural: 'providers',
    idName: 'provider_id',
    name: 'Provider',
    schema: kindOf('provider').schema(offered),
    // Of an LDAP directory it is bind_password; it is never told.
    secretMember: 'client_secret',
    reads: 'portner.providers.read',
    writes: 'portner.providers.write',
    example: { provider_id: 'stavern', protocol: 'local', name: { en: 'Stavern College' } },
    patchExample: { keywords: ['SC'] },
    // Who says where people sign in can sign in as them.
    needsRecentSignIn: true,
  })

import type { Resource } from './operation.ts'
import { apis } from './resources/apis.ts'
import { audit } from './resources/audit.ts'
import { clientScopes } from './resources/client-scopes.ts'
import { clientSecrets } from './resources/client-secrets.ts'
import { clients } from './resources/clients.ts'
import { consents } from './resources/consents.ts'
import { keys } from './resources/keys.ts'
import { members } from './resources/members.ts'
import { organizationAuthorizations } from './resources/organization-authorizations.ts'
import { organizations } from './resources/organizations.ts'
import { providers } from './resources/providers.ts'
import { scopes } from './resources/scopes.ts'
import { statistics } from './resources/statistics.ts'
import { users } from './resources/users.ts'
import { whoami } from './resources/whoami.ts'

// In the order of the document.
export const resources: readonly Resource[] = [whoami, clients, clientSecrets, clientScopes, organizationAuthorizations, apis, organizations, members, providers, users, consents, scopes, statistics, audit, keys]

import type { Resource } from './operation.ts'
import { apis } from './resources/apis.ts'
import { clients } from './resources/clients.ts'
import { organizations } from './resources/organizations.ts'
import { providers } from './resources/providers.ts'
import { scopes } from './resources/scopes.ts'

// In the order of the document.
export const resources: readonly Resource[] = [clients, apis, organizations, providers, scopes]

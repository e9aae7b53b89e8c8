import type { AdminSection } from './section.ts'
import { apis } from './sections/apis.ts'
import { audit } from './sections/audit.ts'
import { clients } from './sections/clients.ts'
import { home } from './sections/home.ts'
import { keys } from './sections/keys.ts'
import { organizations } from './sections/organizations.ts'
import { providers } from './sections/providers.ts'
import { users } from './sections/users.ts'

/** The sections of the operators' pages, in the order of their links. */
export const sections: readonly AdminSection[] = [home, providers, users, organizations, clients, apis, keys, audit]

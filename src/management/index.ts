import type { Resource } from './operation.ts'
import { apis } from './resources/apis.ts'
import { audit } from './resources/audit.ts'
import { auditChain } from './resources/audit-chain.ts'
import { authorizationTypes } from './resources/authorization-types.ts'
import { clientScopes } from './resources/client-scopes.ts'
import { clientSecrets } from './resources/client-secrets.ts'
import { clients } from './resources/clients.ts'
import { consents } from './resources/consents.ts'
import { diagnoses } from './resources/diagnoses.ts'
import { keys } from './resources/keys.ts'
import { members } from './resources/members.ts'
import { operators } from './resources/operators.ts'
import { organizationAuthorizations } from './resources/organization-authorizations.ts'
import { organizations } from './resources/organizations.ts'
import { providers } from './resources/providers.ts'
import { providerStates } from './resources/provider-states.ts'
import { registrationTokens } from './resources/registration-tokens.ts'
import { scopes } from './resources/scopes.ts'
import { statistics } from './resources/statistics.ts'
import { system } from './resources/system.ts'
import { transfers } from './resources/transfers.ts'
import { trustedIssuers } from './resources/trusted-issuers.ts'
import { userActions } from './resources/user-actions.ts'
import { users } from './resources/users.ts'
import { whoami } from './resources/whoami.ts'

// In the order of the document.
export const resources: readonly Resource[] = [
  whoami,
  clients,
  clientSecrets,
  clientScopes,
  organizationAuthorizations,
  transfers,
  registrationTokens,
  apis,
  organizations,
  members,
  providers,
  providerStates,
  trustedIssuers,
  users,
  userActions,
  consents,
  scopes,
  authorizationTypes,
  operators,
  statistics,
  diagnoses,
  audit,
  auditChain,
  keys,
  system,
]

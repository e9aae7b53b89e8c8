import type { ConnectorType } from './connector.ts'
import { ldap } from './ldap.ts'
import { localPassword } from './local-password.ts'
import { oauth2 } from './oauth2.ts'
import { oidc } from './oidc.ts'
import { saml } from './saml.ts'

/** The protocols by which people sign in. */
export const connectorTypes: readonly ConnectorType[] = [localPassword, oidc, oauth2, saml, ldap]

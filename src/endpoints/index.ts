import { authorize } from './authorize.ts'
import { backchannelAuthentication } from './backchannel-authentication.ts'
import { deviceAuthorization } from './device-authorization.ts'
import { approval } from './approval.ts'
import { deviceVerification } from './device-verification.ts'
import { discovery } from './discovery.ts'
import type { Endpoint } from './endpoint.ts'
import { endSessionEndpoint } from './end-session.ts'
import { health } from './health.ts'
import { home } from './home.ts'
import { introspection } from './introspection.ts'
import { jwks } from './jwks.ts'
import { organizationAuthorization } from './organization-authorization.ts'
import { logo } from './logo.ts'
import { pushedAuthorizationRequest } from './pushed-authorization-request.ts'
import { registration } from './registration.ts'
import { revocation } from './revocation.ts'
import { samlMetadata } from './saml-metadata.ts'
import { token } from './token.ts'
import { userinfo } from './userinfo.ts'

const described: readonly Endpoint[] = [authorize, pushedAuthorizationRequest, token, userinfo, introspection, revocation, deviceAuthorization, backchannelAuthentication, registration, endSessionEndpoint, jwks]

export const endpoints: readonly Endpoint[] = [...described, discovery(described), samlMetadata, organizationAuthorization, deviceVerification, approval, home, health, logo]

import { api } from './api.ts'
import { authorizationType } from './authorization-type.ts'
import { client } from './client.ts'
import type { Kind } from './kind.ts'
import { organization } from './organization.ts'
import { provider } from './provider.ts'
import { scope } from './scope.ts'
import { trustedIssuer } from './trusted-issuer.ts'
import { user } from './user.ts'

// In the order they are written: what others refer to first. They are removed in the opposite order.
export const kinds: readonly Kind[] = [organization, provider, scope, authorizationType, api, client, trustedIssuer, user]

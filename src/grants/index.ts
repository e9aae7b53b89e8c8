import { authorizationCode } from './authorization-code.ts'
import { ciba } from './ciba.ts'
import { clientCredentials } from './client-credentials.ts'
import { deviceCode } from './device-code.ts'
import type { ListedGrant } from './grant-type.ts'
import { jwtBearer } from './jwt-bearer.ts'
import { password } from './password.ts'
import { refreshToken } from './refresh-token.ts'
import { tokenExchange } from './token-exchange.ts'

export const grantTypes: readonly ListedGrant[] = [authorizationCode, refreshToken, clientCredentials, deviceCode, tokenExchange, ciba, jwtBearer, password]

import type { Client } from '../clients/client.ts'
import type { Context } from '../context.ts'
import { isSigningAlgorithm } from '../keys/signing-key.ts'
import { epochSeconds } from '../lib/clock.ts'
import { newRowId } from '../lib/random.ts'
import { LOGOUT_TOKEN_TYPE } from '../protocol/names.ts'

const EVENT = 'http://schemas.openid.net/event/backchannel-logout'
/** Seconds. It is used at once. */
const LIFETIME_SECONDS = 120

/** The signed logout token for one client (OpenID Connect Back-Channel Logout 1.0 §2.4): `sub` and `sid` as its id tokens said them, and never a nonce. */
export function signLogoutToken(ctx: Context, client: Client, about: { readonly sub: string; readonly sid: string }): Promise<string> {
  const now = epochSeconds(ctx.clock)
  const alg = client.metadata.id_token_signed_response_alg
  return ctx.keyring.sign(isSigningAlgorithm(alg) ? alg : 'RS256', LOGOUT_TOKEN_TYPE, {
    iss: ctx.config.issuer,
    aud: client.clientId,
    iat: now,
    exp: now + LIFETIME_SECONDS,
    jti: newRowId(ctx.clock.now()),
    events: { [EVENT]: {} },
    ...about,
  })
}

import type { Client } from '../clients/client.ts'
import type { Context } from '../context.ts'
import { isSigningAlgorithm } from '../keys/signing-key.ts'
import { epochSeconds } from '../lib/clock.ts'
import { idTokenClaims } from '../users/claims.ts'
import { ID_TOKEN_TYPE } from '../protocol/names.ts'
import type { PersonAuthorization } from './authorization.ts'

/** Seconds. */
export const ID_TOKEN_LIFETIME_SECONDS = 3600

/** The signed id token of a sign-in (OpenID Connect Core §2). `auth_time`, `acr` and `amr` are the session's, as they were decided. */
export async function signIdToken(ctx: Context, client: Client, person: PersonAuthorization): Promise<string> {
  const now = epochSeconds(ctx.clock)
  const { nonce, acr, amr, claims } = person.details
  const alg = client.metadata.id_token_signed_response_alg
  return ctx.keyring.sign(isSigningAlgorithm(alg) ? alg : 'RS256', ID_TOKEN_TYPE, {
    ...idTokenClaims(person.subject, claims ?? {}),
    iss: ctx.config.issuer,
    sub: person.subject.userId,
    aud: client.clientId,
    exp: now + ID_TOKEN_LIFETIME_SECONDS,
    iat: now,
    auth_time: person.authTime,
    ...(nonce === undefined ? {} : { nonce }),
    ...(acr === undefined ? {} : { acr }),
    ...(amr === undefined ? {} : { amr }),
    ...(person.sessionId === undefined ? {} : { sid: person.sessionId }),
  })
}

import { createHash } from 'node:crypto'
import type { Client } from '../clients/client.ts'
import { encryptFor } from '../clients/encryption.ts'
import type { Context } from '../context.ts'
import { isSigningAlgorithm } from '../keys/signing-key.ts'
import { epochSeconds } from '../lib/clock.ts'
import { idTokenClaims, userinfoClaims } from '../users/claims.ts'
import { ID_TOKEN_TYPE } from '../protocol/names.ts'
import type { PersonAuthorization } from './authorization.ts'
import { withGroups } from './groups-told.ts'
import { personTold } from './person-told.ts'

/** Seconds. */
export const ID_TOKEN_LIFETIME_SECONDS = 3600

/** What an id token that comes through the browser binds to itself (Core §3.2.2.10, §3.3.2.11), and the scopes it answers alone. */
export interface Beside {
  readonly code?: string | undefined
  readonly accessToken?: string | undefined
  readonly scopes?: readonly string[]
}

/** The left half of the hash that the signature uses, in base64url (Core §3.1.3.6). */
function halfHash(text: string, alg: string): string {
  const digest = createHash(alg === 'EdDSA' ? 'sha512' : 'sha256').update(text).digest()
  return digest.subarray(0, digest.length / 2).toString('base64url')
}

/** The id token of a sign-in (OpenID Connect Core §2): signed, and encrypted then for a client that registered so. `auth_time`, `acr` and `amr` are the session's, as they were decided. */
export async function signIdToken(ctx: Context, client: Client, person: PersonAuthorization, beside: Beside = {}): Promise<string> {
  const now = epochSeconds(ctx.clock)
  const { nonce, acr, amr, claims } = person.details
  const alg = client.metadata.id_token_signed_response_alg
  const subject = await withGroups(ctx, person, personTold(ctx, person), beside.scopes ?? [], claims?.id_token)
  const jws = await ctx.keyring.sign(isSigningAlgorithm(alg) ? alg : 'RS256', ID_TOKEN_TYPE, {
    ...userinfoClaims(subject, beside.scopes ?? [], {}),
    ...idTokenClaims(subject, claims ?? {}),
    iss: ctx.config.issuer,
    sub: subject.userId,
    aud: client.clientId,
    exp: now + ID_TOKEN_LIFETIME_SECONDS,
    iat: now,
    auth_time: person.authTime,
    ...(beside.accessToken === undefined ? {} : { at_hash: halfHash(beside.accessToken, alg) }),
    ...(beside.code === undefined ? {} : { c_hash: halfHash(beside.code, alg) }),
    ...(nonce === undefined ? {} : { nonce }),
    ...(acr === undefined ? {} : { acr }),
    ...(amr === undefined ? {} : { amr }),
    ...(person.sessionId === undefined ? {} : { sid: person.sessionId }),
  })
  return encryptFor(ctx, client, 'id_token', jws)
}

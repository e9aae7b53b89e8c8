import type { Api } from '../apis/api.ts'
import type { Client } from '../clients/client.ts'
import type { Context } from '../context.ts'
import { epochSeconds } from '../lib/clock.ts'
import { JWT_LIFETIME_SECONDS, OPAQUE_LIFETIME_SECONDS } from './access-tokens.ts'
import { type Authorization, detailsOfToken } from './authorization.ts'
import { signIdToken } from './id-token.ts'
import { personTold } from './person-told.ts'
import { type Confirmation, confirmationClaim, confirmationText } from './sender-constraint/constraint.ts'
import { tokenTypeOf } from './sender-constraint/prove.ts'
import type { AuthorizationDetail } from '../protocol/authorization-details.ts'
import { ACCESS_TOKEN_TYPE } from '../protocol/names.ts'

// Owns the mint: an Authorization and what was drawn for it become one token response. Nothing here decides anything.

export interface DrawnTokens {
  readonly access: { readonly id: string; readonly text: string }
  readonly refreshToken: string | undefined
}

/** RFC 6749 §5.1 and OpenID Connect Core §3.1.3.3. */
export interface TokenResponse {
  readonly access_token: string
  readonly token_type: 'Bearer' | 'DPoP'
  readonly expires_in: number
  readonly refresh_token?: string
  readonly scope: string
  readonly authorization_details?: readonly AuthorizationDetail[]
  readonly id_token?: string
  /** Grant Management for OAuth 2.0 §5.4. */
  readonly grant_id?: string
  readonly issued_token_type?: string
}

/** The `sub` of a token without a person: in a namespace of its own, so that no person's identifier can ever be a client's. */
export function clientSubject(clientId: string): string {
  return `client:${clientId}`
}

/** How long an access token for these APIs lives, in seconds. */
export function accessTokenLifetime(apis: readonly Api[]): number {
  return jwtApi(apis) === undefined ? OPAQUE_LIFETIME_SECONDS : JWT_LIFETIME_SECONDS
}

/** The API that wants JWTs, when the token is for such APIs only: an audience that reads opaque tokens must not get a JWT it ignores. */
export function jwtApi(apis: readonly Api[]): Api | undefined {
  return apis.length > 0 && apis.every((api) => api.access_token_format === 'jwt') ? apis[0] : undefined
}

/** A token never outlives the consent that it came from. Seconds. */
function untilConsentEnds(ctx: Context, { person }: Authorization): number {
  const until = person?.details.consent?.until
  return until === undefined ? Infinity : Math.max(0, until - epochSeconds(ctx.clock))
}

/** A JWT access token (RFC 9068) for an API. `bound` is what it is bound to, as rows have it. */
export function signAccessToken(ctx: Context, client: Pick<Client, 'clientId'>, authorization: Authorization, api: Api, jti: string, bound: string | undefined): Promise<string> {
  const now = epochSeconds(ctx.clock)
  const { person, scopes, toldScopes = scopes, audience, actor, lifetime } = authorization
  const details = detailsOfToken(authorization)
  const about =
    person === undefined
      ? { sub: clientSubject(client.clientId), subject_type: 'client' }
      : {
          sub: personTold(ctx, person).userId,
          subject_type: 'user',
          auth_time: person.authTime,
          ...(person.details.acr === undefined ? {} : { acr: person.details.acr }),
          ...(person.details.amr === undefined ? {} : { amr: person.details.amr }),
          ...(person.details.consent === undefined ? {} : { consent_id: person.details.consent.id }),
        }
  return ctx.keyring.sign(api.access_token_signing_alg, ACCESS_TOKEN_TYPE, {
    iss: ctx.config.issuer,
    aud: audience.length === 1 ? audience[0] : audience,
    exp: now + Math.min(lifetime ?? JWT_LIFETIME_SECONDS, JWT_LIFETIME_SECONDS, untilConsentEnds(ctx, authorization)),
    iat: now,
    jti,
    client_id: client.clientId,
    scope: toldScopes.join(' '),
    ...(details.length === 0 ? {} : { authorization_details: details }),
    ...(bound === undefined ? {} : { cnf: confirmationClaim(bound) }),
    ...(actor === undefined ? {} : { act: actor }),
    ...about,
  })
}

function hasIdToken({ person, scopes, withoutIdToken }: Authorization): boolean {
  return person !== undefined && scopes.includes('openid') && withoutIdToken !== true
}

/** Whether the response may have a signature in it, and hence cannot be made a second time to the same bytes. */
export function maySign(authorization: Authorization): boolean {
  return authorization.audience.length > 0 || hasIdToken(authorization)
}

/** Turns an authorization into the response. `apis` are those of its audience. */
export async function issueTokens(ctx: Context, client: Client, authorization: Authorization, apis: readonly Api[], drawn: DrawnTokens, confirmation: Confirmation | undefined): Promise<TokenResponse> {
  const bound = confirmationText(confirmation) ?? undefined
  const { person, scopes, toldScopes = scopes } = authorization
  const details = detailsOfToken(authorization)
  const managed = person?.details.managed
  const api = authorization.signedFor ?? jwtApi(apis)
  const [accessToken, idToken] = await Promise.all([
    api === undefined ? drawn.access.text : signAccessToken(ctx, client, authorization, api, drawn.access.id, bound),
    person !== undefined && hasIdToken(authorization) ? signIdToken(ctx, client, person) : undefined,
  ])
  return {
    access_token: accessToken,
    token_type: tokenTypeOf(bound),
    expires_in: Math.min(authorization.lifetime ?? Infinity, accessTokenLifetime(apis), untilConsentEnds(ctx, authorization)),
    ...(drawn.refreshToken === undefined ? {} : { refresh_token: drawn.refreshToken }),
    scope: toldScopes.join(' '),
    ...(details.length === 0 ? {} : { authorization_details: details }),
    ...(idToken === undefined ? {} : { id_token: idToken }),
    // An exchanged token is another's: the grant is its first client's.
    ...(managed === undefined || authorization.issuedTokenType !== undefined ? {} : { grant_id: managed.id }),
    ...(authorization.issuedTokenType === undefined ? {} : { issued_token_type: authorization.issuedTokenType }),
  }
}

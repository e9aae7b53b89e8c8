import { answerSuccess } from '../authorization-request/answer.ts'
import { spendPushedRequest } from '../authorization-request/pushed.ts'
import { type AuthorizationRequest, redirectOf } from '../authorization-request/request.ts'
import type { Departure } from '../authorization-request/response-modes/mode.ts'
import { findResponseType, type ResponseType } from '../authorization-request/response-types.ts'
import { type Client, hasSwitch } from '../clients/client.ts'
import { profileOf } from '../clients/profile-rules.ts'
import { sectorDetails } from '../clients/sector.ts'
import { noteUse } from '../clients/uses.ts'
import type { Context } from '../context.ts'
import { drawToken } from '../lib/opaque-token.ts'
import { acrOf, amrOf } from '../protocol/acr.ts'
import { essentialAcr } from '../protocol/claims-request.ts'
import { accessDenied, invalidRequestUri } from '../protocol/error.ts'
import { joinSession } from '../sessions/participants.ts'
import { touchSession } from '../sessions/store.ts'
import type { Done } from '../signin/next-step.ts'
import { realmDetails } from '../signin/realms.ts'
import { OPAQUE_LIFETIME_SECONDS } from '../tokens/access-tokens.ts'
import type { AuthorizationDetails, GrantedConsent } from '../tokens/authorization.ts'
import { createCode } from '../tokens/authorization-codes.ts'
import { startGrant } from '../tokens/direct-grants.ts'
import { grantedConsent } from './granted-consent.ts'
import { withManagedGrant } from './managed-request.ts'
import { signIdToken } from '../tokens/id-token.ts'
import { confirmationText } from '../tokens/sender-constraint/constraint.ts'

// Owns the good answer of the authorization endpoint: the code, and what a client with the switch `implicit` gets through the browser.

interface Decided {
  readonly client: Client
  readonly request: AuthorizationRequest
  readonly done: Done
  readonly details: AuthorizationDetails
}

function detailsOf(client: Client, request: AuthorizationRequest, { session, claims }: Done, consent: GrantedConsent | undefined): AuthorizationDetails {
  const acr = acrOf(session, [...(essentialAcr(request.claims) ?? []), ...request.acrValues])
  return {
    ...(request.nonce === undefined ? {} : { nonce: request.nonce }),
    ...(Object.keys(claims).length === 0 ? {} : { claims }),
    ...(acr === undefined ? {} : { acr }),
    amr: amrOf(session),
    ...(request.authorizationDetails === undefined ? {} : { authorizationDetails: request.authorizationDetails }),
    ...(consent === undefined ? {} : { consent }),
    ...sectorDetails(client),
  }
}

function newCode(ctx: Context, { client, request, done, details }: Decided): Promise<string> {
  const { session, user, scopes } = done
  return createCode(ctx, {
    clientKey: client.key,
    userId: user.userId,
    sessionId: session.sessionId,
    redirectUri: request.redirectUri,
    redirectUriGiven: request.redirectUriGiven,
    codeChallenge: request.codeChallenge,
    confirmation: request.jkt === undefined ? null : confirmationText({ member: 'jkt', value: request.jkt }),
    scopes,
    audience: request.resources,
    authTime: session.authTime,
    offline: scopes.includes('offline_access'),
    lifetime: profileOf(client).codeLifetime,
    details,
  })
}

/** An access token through the browser: opaque, without a refresh token, and only while the session lasts (OAuth 2.0 Multiple Response Types §3). */
async function frontChannelToken(ctx: Context, { client, request, done, details }: Decided): Promise<string> {
  const { session, user, scopes } = done
  const access = drawToken('at', ctx.clock.now())
  const grant = {
    client,
    userId: user.userId,
    sessionId: session.sessionId,
    scopes: scopes.filter((scope) => scope !== 'offline_access'),
    audience: request.resources,
    details,
    authTime: session.authTime,
    offline: false,
    token: access,
    lifetime: OPAQUE_LIFETIME_SECONDS,
    refreshHash: null,
    confirmation: null,
    grantConfirmation: null,
  }
  if ((await startGrant(ctx, grant)) === undefined) throw accessDenied('The sign-in is over', { trace: { cause: 'code.ended' } })
  return access.text
}

async function parametersOf(ctx: Context, decided: Decided, type: ResponseType): Promise<Record<string, string>> {
  const { client, done, details } = decided
  const { session, user, scopes } = done
  const [code, token] = await Promise.all([type.code ? newCode(ctx, decided) : undefined, type.token ? frontChannelToken(ctx, decided) : undefined])
  const person = { subject: user, sessionId: session.sessionId, authTime: session.authTime, details }
  // Only where nothing comes that userinfo could be asked with (Core §5.4).
  const scopesInToken = type.code || type.token ? [] : scopes
  const idToken = type.idToken ? await signIdToken(ctx, client, person, { code, accessToken: token, scopes: scopesInToken }) : undefined
  return {
    ...(code === undefined ? {} : { code }),
    ...(hasSwitch(client, 'scope_in_authorization_response') ? { scope: scopes.join(' ') } : {}),
    ...(token === undefined ? {} : { access_token: token, token_type: 'Bearer', expires_in: String(OPAQUE_LIFETIME_SECONDS), scope: scopes.join(' ') }),
    ...(idToken === undefined ? {} : { id_token: idToken }),
  }
}

/** Answers a request that the journey has decided, with `more` parameters. A pushed request is spent by it. */
export async function authorizationAnswer(ctx: Context, client: Client, request: AuthorizationRequest, done: Done, more: Readonly<Record<string, string>>): Promise<Departure> {
  const type = findResponseType(request.responseType)
  if (type === undefined) throw new Error(`no response type ${request.responseType}`)
  if (request.pushed !== undefined && !(await spendPushedRequest(ctx, request.pushed))) throw invalidRequestUri('The pushed request was answered before', { trace: { cause: 'par.used', compared: [{ name: 'request_uri: uses', sent: '2', expected: '1' }] } })
  const consent = await grantedConsent(ctx, client, done)
  if (consent?.until === undefined && request.limited?.scopes.some((scope) => done.scopes.includes(scope)) === true) throw new Error('a scope with an end was granted without a consent')
  const whole = await withManagedGrant(ctx, client, { request, done })
  const details = { ...detailsOf(client, whole.request, whole.done, consent), ...(await realmDetails(ctx, done.user, whole.done.scopes)), ...(whole.managed && { managed: whole.managed }) }
  const parameters = await parametersOf(ctx, { client, request: whole.request, done: whole.done, details }, type)
  const { backchannel_logout_uri: back, frontchannel_logout_uri: front } = client.metadata
  if (back !== undefined || front !== undefined) await joinSession(ctx, done.session.sessionId, client.key)
  await touchSession(ctx, done.session)
  noteUse(ctx, client, { redirectUri: request.redirectUri, scopes: done.scopes })
  ctx.statistics.login(client.clientId, done.session.providerId, done.user.userId)
  return answerSuccess(ctx, redirectOf(request), { ...parameters, ...more })
}

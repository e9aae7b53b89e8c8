import type { FastifyReply, FastifyRequest } from 'fastify'
import type { JWTPayload } from 'jose'
import { authenticateClient } from '../clients/authenticate.ts'
import { type Client, clientName, mayUseGrant } from '../clients/client.ts'
import { clientSigningAlgorithms } from '../clients/json-web-keys.ts'
import { keysOf } from '../clients/keys.ts'
import { hintedUserId, userIdOf } from '../clients/sector.ts'
import { requireAllowed } from '../clients/profile-rules.ts'
import type { Context } from '../context.ts'
import { CIBA } from '../grants/ciba.ts'
import { bodyForm, refuseQuery } from '../http/forms.ts'
import { sendJson } from '../http/json.ts'
import { knownLocale } from '../http/locale.ts'
import { refuseOtherMethods } from '../http/methods.ts'
import { verifyOwn } from '../keys/verify.ts'
import { epochSeconds } from '../lib/clock.ts'
import { drawToken } from '../lib/opaque-token.ts'
import { invalidBindingMessage, invalidRequest, invalidScope, unauthorizedClient, unknownUserId } from '../protocol/error.ts'
import type { Form } from '../protocol/form.ts'
import { JwtFault, verifyJwt } from '../protocol/jwt.ts'
import { jwtFindings } from '../protocol/jwt-findings.ts'
import { ID_TOKEN_TYPE } from '../protocol/names.ts'
import { networkOf } from '../signin/throttle.ts'
import { DECOUPLED_LIFETIME_SECONDS, keepDecoupledRequest, POLL_SECONDS } from '../tokens/decoupled-requests.ts'
import { findUser, findUserByHint } from '../users/store.ts'
import type { User } from '../users/user.ts'
import { approvalAddress } from './approval.ts'
import { sealNotification } from './ciba-notification.ts'
import { askedResources, askedScopes } from './device-authorization.ts'
import type { Endpoint } from './endpoint.ts'
import { presentedCredentials } from './presented-credentials.ts'

// The backchannel authentication endpoint (CIBA Core §7): a client that knows the person asks without a browser; the person decides on a
// page of ours that a mail leads to.

const PATH = '/oauth/backchannel_authentication'
const LONGEST_SECONDS = 3600
const BINDING_MESSAGE = /^[\p{L}\p{N}\p{P}\p{Zs}\p{Sc}+=]{1,100}$/u
const NOTIFICATION_TOKEN = /^[A-Za-z0-9._~+/-]{1,1024}=*$/

/** CIBA Core §7.1.1: every one of these must be there. */
const REQUIRED = ['iss', 'aud', 'exp', 'iat', 'nbf', 'jti']
const OF_THE_JWT = new Set(['iss', 'aud', 'exp', 'nbf', 'iat', 'jti', 'sub'])

function toForm(claims: JWTPayload): Form {
  const said = Object.entries(claims).filter(([name, value]) => !OF_THE_JWT.has(name) && (typeof value === 'string' || typeof value === 'number') && value !== '')
  return { single: new Map(said.map(([name, value]) => [name, String(value)])), repeatable: new Map(), repeated: new Set() }
}

/** The parameters: those of the signed request where there is one, and nothing beside it. */
async function parametersOf(ctx: Context, client: Client, form: Form): Promise<Form> {
  const request = form.single.get('request')
  const { backchannel_authentication_request_signing_alg: alg, require_signed_request_object: mustSign } = client.metadata
  if (request === undefined) {
    const missing = (): Error => invalidRequest('This client must sign its requests', { parameter: 'request', trace: { cause: 'jar.required', compared: [{ name: 'request' }] } })
    if (alg !== undefined || mustSign) throw missing()
    requireAllowed(ctx, client, { rule: 'signed_backchannel_request', allows: ({ signedBackchannelRequest }) => !signedBackchannelRequest }, missing)
    return form
  }
  const algorithms = alg === undefined ? clientSigningAlgorithms.filter((one) => one !== 'RS256') : [alg]
  const profile = { algorithms, types: ['oauth-authz-req+jwt', 'jwt', undefined], issuer: client.clientId, audience: ctx.config.issuer, audienceMayBeAmong: true, required: REQUIRED, longest: LONGEST_SECONDS }
  try {
    return toForm(await verifyJwt(request, profile, keysOf(ctx, client), epochSeconds(ctx.clock)))
  } catch (error) {
    if (!(error instanceof JwtFault)) throw error
    throw invalidRequest('The signed request is not valid', { parameter: 'request', detail: `request_object.${error.message}`, trace: { cause: 'jar.invalid', ...jwtFindings(request, error, profile, epochSeconds(ctx.clock)) } })
  }
}

/** By the name that the client knows somebody by, or by one that people are known by. */
export async function findHinted(ctx: Context, client: Client, hint: string): Promise<User | undefined> {
  const userId = userIdOf(ctx, client, hint)
  return (userId === hint ? undefined : await findUser(ctx.db, userId)) ?? findUserByHint(ctx.db, hint)
}

/** Whom it is about: exactly one hint (§7.1). */
async function personOf(ctx: Context, client: Client, { single }: Form): Promise<User> {
  const given = ['login_hint', 'id_token_hint', 'login_hint_token'].filter((name) => single.has(name))
  if (given.length !== 1) throw invalidRequest('Exactly one of login_hint and id_token_hint must be given', { parameter: 'login_hint' })
  if (given[0] === 'login_hint_token') throw invalidRequest('login_hint_token is not supported', { parameter: 'login_hint_token' })
  const hint = single.get('id_token_hint')
  const claims = hint === undefined ? undefined : await verifyOwn(ctx.keyring, hint, ID_TOKEN_TYPE, ctx.config.issuer)
  const hinted = claims && (await hintedUserId(ctx, claims))
  if (hint !== undefined && hinted === undefined) throw invalidRequest('The id_token_hint is not an id token of this server', { parameter: 'id_token_hint' })
  const user = hinted === undefined ? await findHinted(ctx, client, single.get('login_hint') ?? '') : await findUser(ctx.db, hinted)
  if (user?.status !== 'active') throw unknownUserId('The person is not known', { trace: { cause: 'ciba.person', compared: [{ name: given[0] ?? 'login_hint', sent: single.get(given[0] ?? '') ?? '', secret: true }] } })
  return user
}

function bindingMessageOf({ single }: Form): string | undefined {
  const message = single.get('binding_message')
  if (message !== undefined && !BINDING_MESSAGE.test(message)) throw invalidBindingMessage('The binding_message is too long or has characters that are not shown')
  return message
}

function lifetimeOf({ single }: Form): number {
  const asked = single.get('requested_expiry')
  if (asked === undefined) return DECOUPLED_LIFETIME_SECONDS
  if (!/^\d{1,6}$/.test(asked) || Number(asked) < 1) throw invalidRequest('requested_expiry is not a number of seconds', { parameter: 'requested_expiry' })
  return Math.min(Number(asked), LONGEST_SECONDS)
}

function notificationOf(ctx: Context, client: Client, { single }: Form, authReqId: string): Buffer | null {
  const { backchannel_token_delivery_mode: mode, backchannel_client_notification_endpoint: endpoint } = client.metadata
  if (mode !== 'ping' || endpoint === undefined) return null
  const token = single.get('client_notification_token')
  if (token === undefined || !NOTIFICATION_TOKEN.test(token)) throw invalidRequest('client_notification_token is missing or not valid', { parameter: 'client_notification_token' })
  return sealNotification(ctx, { endpoint, token, authReqId })
}

async function write(ctx: Context, client: Client, user: User, requestId: string, lifetime: number): Promise<void> {
  const { email, email_verified: verified, locale } = user.claims
  if (!ctx.mail.isOffered || verified !== true) return
  const language = knownLocale(locale ?? '')
  await ctx.mail.send({ kind: 'approval', to: email, language, values: { client: clientName(client, language), minutes: Math.ceil(lifetime / 60) }, link: approvalAddress(ctx, requestId), expiresInSeconds: lifetime })
}

async function answer(ctx: Context, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  refuseQuery(request)
  const outer = bodyForm(request)
  const client = await authenticateClient(ctx, presentedCredentials(ctx, request, outer))
  if (!mayUseGrant(client, CIBA)) throw unauthorizedClient('The client is not registered for this grant type', { detail: 'grant.not_allowed' })
  const form = await parametersOf(ctx, client, outer)
  const scopes = await askedScopes(ctx, client, form)
  if (!scopes.includes('openid')) throw invalidScope('The scope must have openid in it', { parameter: 'scope' })
  const [bindingMessage, lifetime, user] = [bindingMessageOf(form), lifetimeOf(form), await personOf(ctx, client, form)]
  const token = drawToken('cr', ctx.clock.now())
  const notification = notificationOf(ctx, client, form, token.text)
  const acrValues = (form.single.get('acr_values') ?? '').split(' ').filter((value) => value !== '').slice(0, 10)
  await keepDecoupledRequest(ctx, { kind: 'ciba', token, userCode: undefined, clientKey: client.key, scopes, audience: await askedResources(ctx, form), requestedFrom: networkOf(request.ip), expectedUser: user.userId, bindingMessage, acrValues, notification, lifetime })
  await write(ctx, client, user, token.id, lifetime)
  return sendJson(reply, { auth_req_id: token.text, expires_in: lifetime, interval: POLL_SECONDS })
}

export const backchannelAuthentication: Endpoint = {
  name: 'backchannel_authentication',
  answers: 'machines',
  takesCertificates: true,
  register: (app, ctx) => {
    app.post(PATH, (request, reply) => answer(ctx, request, reply))
    refuseOtherMethods(app, PATH, ['POST'])
  },
  metadata: (issuer) => ({
    backchannel_authentication_endpoint: `${issuer}${PATH}`,
    backchannel_token_delivery_modes_supported: ['poll', 'ping'],
    backchannel_authentication_request_signing_alg_values_supported: clientSigningAlgorithms.filter((alg) => alg !== 'RS256'),
    backchannel_user_code_parameter_supported: false,
  }),
}

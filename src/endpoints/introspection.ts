import type { FastifyReply, FastifyRequest } from 'fastify'
import { findApiByAudience } from '../apis/store.ts'
import { type AuthenticatedClient, authenticateClient } from '../clients/authenticate.ts'
import { assertionAlgorithms } from '../clients/authentication/index.ts'
import { offeredMethods } from '../clients/authentication/offered-methods.ts'
import { isPublic } from '../clients/client.ts'
import { encryptFor } from '../clients/encryption.ts'
import { profileOf } from '../clients/profile-rules.ts'
import { contentEncryptions, encryptionAlgorithms } from '../clients/response-encryption.ts'
import { useConsent } from '../consents/objects.ts'
import type { Context } from '../context.ts'
import { bodyForm, refuseQuery } from '../http/forms.ts'
import { sendJson } from '../http/json.ts'
import { refuseOtherMethods } from '../http/methods.ts'
import { isSigningAlgorithm, signingAlgorithms } from '../keys/signing-key.ts'
import { epochSeconds } from '../lib/clock.ts'
import { readToken } from '../lib/opaque-token.ts'
import { invalidClient, invalidRequest } from '../protocol/error.ts'
import { INTROSPECTION_TYPE } from '../protocol/names.ts'
import { type InspectedToken, inspectAccessToken } from '../tokens/inspect.ts'
import { readGrant } from '../tokens/grants.ts'
import { clientSubject } from '../tokens/issue.ts'
import { personTold } from '../tokens/person-told.ts'
import { confirmationClaim } from '../tokens/sender-constraint/constraint.ts'
import { tokenTypeOf } from '../tokens/sender-constraint/prove.ts'
import type { Endpoint } from './endpoint.ts'
import { presentedCredentials } from './presented-credentials.ts'

const PATH = '/oauth/introspection'

/** Expired, revoked, unknown and not for the caller are one answer (RFC 7662 §2.2). */
const INACTIVE = { active: false }

// A token for an API is that API's owner's business, and its own client's; one for no API in particular is any resource server's.
async function mayKnow(ctx: Context, caller: AuthenticatedClient, token: InspectedToken): Promise<boolean> {
  if (token.clientKey === caller.key || token.audience.length === 0) return true
  const apis = await Promise.all(token.audience.map((audience) => findApiByAudience(ctx, audience)))
  const owner = caller.metadata.organization
  return owner !== undefined && apis.some((api) => api?.organization === owner)
}

/**
 * Counts the use of a consent that has an end; false when somebody was quicker to use what was for one use, or it was taken back. A use is
 * that an API asks: the client that the token was given to may look at it as often as it likes.
 */
async function isUsed(ctx: Context, caller: AuthenticatedClient, { clientKey, person }: InspectedToken): Promise<boolean> {
  const consent = person?.details.consent
  if (consent?.until === undefined || caller.key === clientKey) return true
  return (await useConsent(ctx, consent.id)) !== undefined
}

function describe(ctx: Context, token: InspectedToken): object {
  const { person, scopes, audience, clientId, expiresAt, confirmation, actor, authorizationDetails } = token
  const [only, another] = audience
  const about =
    person === undefined
      ? { sub: clientSubject(clientId), subject_type: 'client' }
      : {
          sub: personTold(ctx, person).userId,
          subject_type: 'user',
          auth_time: person.authTime,
          ...(person.details.acr === undefined ? {} : { acr: person.details.acr }),
          ...(person.details.amr === undefined ? {} : { amr: person.details.amr }),
          ...(person.details.consent === undefined ? {} : { consent_id: person.details.consent.id }),
        }
  const cnf = confirmationClaim(confirmation)
  return { active: true, token_type: tokenTypeOf(confirmation), ...(cnf && { cnf }), ...(actor && { act: actor }), iss: ctx.config.issuer, client_id: clientId, scope: scopes.join(' '), ...(authorizationDetails.length === 0 ? {} : { authorization_details: authorizationDetails }), exp: expiresAt, jti: token.tokenId, ...about, ...(only === undefined ? {} : { aud: another === undefined ? only : audience }) }
}

/** A refresh token is nobody's business but its client's. */
async function describeRefreshToken(ctx: Context, caller: AuthenticatedClient, text: string): Promise<object> {
  const presented = readToken('rt', text)
  if (presented === undefined) return INACTIVE
  const grant = await readGrant(ctx, presented.id, caller.key, presented.hash)
  if (grant === undefined || !grant.isCurrent || !grant.isLive) return INACTIVE
  return { active: true, iss: ctx.config.issuer, client_id: caller.clientId, scope: grant.scopes.join(' '), sub: personTold(ctx, grant.person).userId, subject_type: 'user' }
}

const SIGNED = 'application/token-introspection+jwt'

function wantsSigned(accept: string): boolean {
  return accept.split(',').some((part) => {
    const [type, ...rest] = part.split(';').map((piece) => piece.trim().toLowerCase())
    return type === SIGNED && !rest.some((piece) => /^q=0(\.0*)?$/.test(piece))
  })
}

/** The answer in the form that was asked for: JSON, or a JWT that the caller can keep as evidence (RFC 9701 §5). */
async function send(ctx: Context, request: FastifyRequest, reply: FastifyReply, caller: AuthenticatedClient, body: object): Promise<FastifyReply> {
  void reply.header('vary', 'Accept')
  if (!wantsSigned(request.headers.accept ?? '')) return sendJson(reply, body)
  const alg = caller.metadata.introspection_signed_response_alg ?? profileOf(caller).ownAlgorithm
  const jwt = await ctx.keyring.sign(isSigningAlgorithm(alg) ? alg : 'RS256', INTROSPECTION_TYPE, { iss: ctx.config.issuer, aud: caller.clientId, iat: epochSeconds(ctx.clock), token_introspection: body })
  return reply.code(200).header('cache-control', 'no-store').header('pragma', 'no-cache').type(SIGNED).send(await encryptFor(ctx, caller, 'introspection', jwt))
}

async function answer(ctx: Context, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  refuseQuery(request)
  const form = bodyForm(request)
  const caller = await authenticateClient(ctx, presentedCredentials(ctx, request, form))
  // Somebody who proves nothing would make this a place to try out tokens (RFC 7662 §2.1).
  if (isPublic(caller)) throw invalidClient('A public client may not introspect', { trace: { cause: 'client_auth.method', clientId: caller.clientId, compared: [{ name: 'token_endpoint_auth_method', sent: 'none' }] } })
  const text = form.single.get('token')
  if (text === undefined) throw invalidRequest('Missing parameter: token', { parameter: 'token' })
  if (text.startsWith('ptr_rt_')) return send(ctx, request, reply, caller, await describeRefreshToken(ctx, caller, text))
  const token = await inspectAccessToken(ctx, text)
  return send(ctx, request, reply, caller, token !== undefined && (await mayKnow(ctx, caller, token)) && (await isUsed(ctx, caller, token)) ? describe(ctx, token) : INACTIVE)
}

/** What a token stands for (RFC 7662). */
export const introspection: Endpoint = {
  name: 'introspection',
  answers: 'machines',
  takesCertificates: true,
  register: (app, ctx) => {
    app.post(PATH, (request, reply) => answer(ctx, request, reply))
    refuseOtherMethods(app, PATH, ['POST'])
  },
  metadata: (issuer, config) => ({
    introspection_endpoint: `${issuer}${PATH}`,
    introspection_endpoint_auth_signing_alg_values_supported: assertionAlgorithms,
    introspection_endpoint_auth_methods_supported: offeredMethods(config).filter((name) => name !== 'none'),
    introspection_signing_alg_values_supported: signingAlgorithms,
    introspection_encryption_alg_values_supported: encryptionAlgorithms,
    introspection_encryption_enc_values_supported: contentEncryptions,
  }),
}

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type Api, withoutOrphans } from '../apis/api.ts'
import { approvedScopes, judgeScopes, notApproved } from '../apis/approved-scopes.ts'
import { readAuthorizationDetails } from '../apis/authorization-details.ts'
import { findApiByAudience } from '../apis/store.ts'
import { type AuthenticatedClient, authenticateClient, claimedClientId } from '../clients/authenticate.ts'
import { assertionAlgorithms } from '../clients/authentication/index.ts'
import type { PresentedCredentials } from '../clients/authentication/method.ts'
import { offeredMethods } from '../clients/authentication/offered-methods.ts'
import { hasSwitch, isPublic, mayUseGrant } from '../clients/client.ts'
import { browserOrigins } from '../clients/browser-origins.ts'
import { findClient } from '../clients/store.ts'
import { noteUse } from '../clients/uses.ts'
import { takesCertificates } from '../config.ts'
import type { Context } from '../context.ts'
import type { ListedGrant } from '../grants/grant-type.ts'
import { grantTypes } from '../grants/index.ts'
import { IMPLICIT } from '../protocol/names.ts'
import { allowRegisteredOrigin, answerPreflight } from '../http/cors.ts'
import { toOAuthError } from '../http/failure.ts'
import { acceptJsonForms, bodyForm, isJsonForm, refuseQuery } from '../http/forms.ts'
import { sendJson } from '../http/json.ts'
import { refuseOtherMethods } from '../http/methods.ts'
import { presentedProof } from '../http/proof.ts'
import { drawToken } from '../lib/opaque-token.ts'
import type { AuthorizationDetail } from '../protocol/authorization-details.ts'
import { invalidAuthorizationDetails, invalidRequest, invalidScope, invalidTarget, refusedByLimit, unauthorizedClient, unsupportedGrantType } from '../protocol/error.ts'
import { readFields } from '../protocol/fields.ts'
import type { Form } from '../protocol/form.ts'
import { parseResources } from '../protocol/resource.ts'
import { parseScope } from '../protocol/scope.ts'
import type { Trace } from '../protocol/trace.ts'
import { extendResponse } from '../tokens/extended-response.ts'
import { bearerOf } from '../tokens/authorization.ts'
import { accessTokenLifetime, issueTokens, maySign, type TokenResponse } from '../tokens/issue.ts'
import type { Confirmation } from '../tokens/sender-constraint/constraint.ts'
import { dpopAlgorithms } from '../tokens/sender-constraint/dpop.ts'
import { newDpopNonce } from '../tokens/sender-constraint/dpop-nonce.ts'
import { proveSender } from '../tokens/sender-constraint/prove.ts'
import type { Endpoint } from './endpoint.ts'
import { presentedCredentials } from './presented-credentials.ts'
import { warnOfSecret } from './request-warnings.ts'

// The token endpoint (RFC 6749 §3.2). It owns every phase that grants share, in this order: form, client, grant, sender constraint, scope and resource, the
// grant's parameters, what is drawn, the grant's one statement, the mint, the answer. A grant fills in what is its own and cannot forget
// the rest.

const PATH = '/oauth/token'

function grantTrace(cause: 'grant.unknown' | 'grant.not_allowed', type: string, { metadata }: AuthenticatedClient): Trace {
  return { cause, compared: [{ name: 'grant_type', sent: type, expected: metadata.grant_types.join(', ') }] }
}

function findGrant(form: Form, client: AuthenticatedClient): ListedGrant {
  const type = form.single.get('grant_type')
  if (type === undefined) throw invalidRequest('Missing parameter: grant_type', { parameter: 'grant_type' })
  const grant = grantTypes.find((candidate) => candidate.type === type)
  if (grant === undefined) throw unsupportedGrantType('The grant type is not supported', { trace: grantTrace('grant.unknown', type, client) })
  if (grant.publicClients === 'refused' && isPublic(client)) throw unauthorizedClient('A public client may not use this grant type', { trace: grantTrace('grant.not_allowed', type, client) })
  if (!mayUseGrant(client, grant.type)) throw unauthorizedClient('The client is not registered for this grant type', { detail: 'grant.not_allowed', trace: grantTrace('grant.not_allowed', type, client) })
  return grant
}

async function findApis(ctx: Context, resources: readonly string[]): Promise<readonly Api[]> {
  const apis = await Promise.all(resources.map((resource) => findApiByAudience(ctx, resource)))
  return apis.map((api) => {
    if (api === undefined) throw invalidTarget('The resource is not known here', { parameter: 'resource', trace: { cause: 'resource.unknown', compared: [{ name: 'resource', sent: resources.join(' ') }] } })
    return api
  })
}

// What a grant does not read it must not ignore either: the client would take the token for less than it is.
async function askedDetails(ctx: Context, grant: ListedGrant, { metadata }: AuthenticatedClient, form: Form): Promise<readonly AuthorizationDetail[]> {
  const text = form.single.get('authorization_details')
  if (text !== undefined && grant.readsDetails !== true) throw invalidAuthorizationDetails('authorization_details are not supported with this grant type')
  return (await readAuthorizationDetails(ctx, text, metadata.authorization_details_types)).details
}

/** The scope that was asked for, without what nobody can have, and what the client has not been given. */
async function askedScopes(ctx: Context, client: AuthenticatedClient, form: Form): Promise<readonly string[]> {
  const asked = parseScope(form.single.get('scope'))
  const whole = withoutOrphans(asked)
  if (asked.length > 0 && whole.length === 0) throw invalidScope('A part of an API goes with the scope of the API', { parameter: 'scope', trace: { cause: 'scope.malformed', compared: [{ name: 'scope', sent: asked.join(' ') }] } })
  const { scopes, missing } = await judgeScopes(ctx, client, whole.filter((scope) => client.scopes.includes(scope)), undefined)
  const left = whole.filter((scope) => scopes.includes(scope) || !client.scopes.includes(scope))
  if (whole.length > 0 && left.length === 0) throw notApproved(missing, 'this client')
  return left
}

async function redeem(ctx: Context, grant: ListedGrant, client: AuthenticatedClient, form: Form, confirmation: Confirmation | undefined, address: string): Promise<TokenResponse> {
  const scopes = await askedScopes(ctx, client, form)
  const resources = parseResources(form.repeatable.get('resource'), form.repeatable.get('audience'))
  const asked = resources.length === 0 ? [] : await findApis(ctx, resources)
  const authorizationDetails = await askedDetails(ctx, grant, client, form)
  const parameters = readFields(grant.parameters, form, { scope: invalidScope })
  const access = drawToken('at', ctx.clock.now())
  const redemption = await grant.redeem({ client, parameters, scopes, resources, apis: asked, authorizationDetails, access, lifetime: accessTokenLifetime(asked), confirmation, address }, ctx)
  if (redemption.kind === 'answered') return redemption.response
  const { drawn, settle } = redemption
  // What was approved when the person said yes, or when the grant was made, may be taken back since.
  const authorization = { ...redemption.authorization, scopes: await approvedScopes(ctx, client, redemption.authorization.scopes, bearerOf(redemption.authorization.person)) }
  const apis = authorization.audience.length === 0 ? [] : await findApis(ctx, authorization.audience)
  noteUse(ctx, client, { scopes: authorization.scopes })
  const issued = await issueTokens(ctx, client, authorization, apis, drawn, confirmation)
  const response = hasSwitch(client, 'extended_token_response') ? await extendResponse(ctx, client, issued) : issued
  // A signed answer is kept before it is sent: what nobody kept, nobody has.
  return settle !== undefined && maySign(authorization) ? settle(response) : response
}

/** RFC 6749 §4.1.3 has forms only. JSON is for clients that are registered so; to all others it is a wrong media type. */
async function requireMaySendJson(ctx: Context, presented: PresentedCredentials): Promise<void> {
  const claimed = await findClient(ctx, claimedClientId(presented) ?? '')
  if (claimed === undefined || !hasSwitch(claimed, 'json_token_request')) throw refusedByLimit(415, 'The content type is not supported; send application/x-www-form-urlencoded')
}

async function answer(ctx: Context, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  refuseQuery(request)
  const form = bodyForm(request)
  const presented = presentedCredentials(ctx, request, form)
  if (isJsonForm(request)) await requireMaySendJson(ctx, presented)
  if (request.headers.origin !== undefined) {
    const claimed = await findClient(ctx, claimedClientId(presented) ?? '')
    await allowRegisteredOrigin(ctx, request, reply, claimed)
  }
  const client = await authenticateClient(ctx, presented)
  warnOfSecret(ctx, request, client)
  const grant = findGrant(form, client)
  const proof = presentedProof(ctx, request)
  const confirmation = await proveSender(ctx, client, proof)
  if (proof.dpop.length > 0) void reply.header('dpop-nonce', newDpopNonce(ctx))
  const response = await redeem(ctx, grant, client, form, confirmation, request.ip)
  ctx.statistics.token(client.clientId, grant.type)
  ctx.metrics.tokensIssued.inc({ grant: grant.type, type: 'access_token' })
  return sendJson(reply, response)
}

export const token: Endpoint = {
  name: 'token',
  answers: 'machines',
  takesCertificates: true,
  register: async (app: FastifyInstance, ctx) => {
    await app.register(async (scope) => {
      acceptJsonForms(scope)
      scope.post(PATH, async (request, reply) => {
        try {
          return await answer(ctx, request, reply)
        } catch (error) {
          ctx.metrics.tokenErrors.inc({ error: toOAuthError(error).code })
          throw error
        }
      })
    })
    answerPreflight(app, ctx, PATH, ['POST'], browserOrigins(ctx))
    refuseOtherMethods(app, PATH, ['POST'])
  },
  metadata: (issuer, config) => ({
    token_endpoint: `${issuer}${PATH}`,
    token_endpoint_auth_methods_supported: offeredMethods(config),
    token_endpoint_auth_signing_alg_values_supported: assertionAlgorithms,
    dpop_signing_alg_values_supported: dpopAlgorithms,
    ...(takesCertificates(config) ? { tls_client_certificate_bound_access_tokens: true } : {}),
    grant_types_supported: [...grantTypes.map(({ type }) => type), IMPLICIT],
  }),
}

import type { FastifyReply, FastifyRequest } from 'fastify'
import { withoutOrphans } from '../apis/api.ts'
import { judgeScopes, notApproved } from '../apis/approved-scopes.ts'
import { requireUnlimited, unlimitedOf } from '../apis/limited-scopes.ts'
import { findApiByAudience } from '../apis/store.ts'
import { authenticateClient } from '../clients/authenticate.ts'
import { mayUseGrant, type Client } from '../clients/client.ts'
import type { Context } from '../context.ts'
import { DEVICE_CODE } from '../grants/device-code.ts'
import { requireRegistered } from '../grants/registered-scopes.ts'
import { bodyForm, refuseQuery } from '../http/forms.ts'
import { sendJson } from '../http/json.ts'
import { refuseOtherMethods } from '../http/methods.ts'
import { type DrawnToken, drawToken } from '../lib/opaque-token.ts'
import { invalidAuthorizationDetails, invalidTarget, unauthorizedClient } from '../protocol/error.ts'
import type { Form } from '../protocol/form.ts'
import { refuseGrantAction } from '../protocol/grant-management.ts'
import { parseResources } from '../protocol/resource.ts'
import { parseScope } from '../protocol/scope.ts'
import { networkOf } from '../signin/throttle.ts'
import { DECOUPLED_LIFETIME_SECONDS, keepDecoupledRequest, POLL_SECONDS } from '../tokens/decoupled-requests.ts'
import { newUserCode } from '../tokens/user-code.ts'
import type { Endpoint } from './endpoint.ts'
import { presentedCredentials } from './presented-credentials.ts'

// The device authorization endpoint (RFC 8628 §3.1): a device without a browser gets a code for itself and one for the person.

const PATH = '/oauth/device_authorization'
/** Where the person enters the code. */
export const DEVICE_PAGE = '/device'

/** The scopes of a request that no browser brings: registered ones; all of them when none is named. */
export async function askedScopes(ctx: Context, client: Client, form: Form): Promise<readonly string[]> {
  refuseGrantAction(form)
  // The person's page elsewhere shows scopes only; what it does not show nobody may allow.
  if (form.single.has('authorization_details')) throw invalidAuthorizationDetails('authorization_details are not supported here')
  const asked = parseScope(form.single.get('scope'))
  requireRegistered(asked, client)
  await requireUnlimited(ctx, asked)
  const { scopes, missing } = await judgeScopes(ctx, client, withoutOrphans(asked.length === 0 ? await unlimitedOf(ctx, client.scopes) : asked), undefined)
  if (asked.length > 0 && scopes.length === 0) throw notApproved(missing, 'this client')
  return scopes.filter((scope) => scope !== 'offline_access' || mayUseGrant(client, 'refresh_token'))
}

/** The APIs of a request that no browser brings. */
export async function askedResources(ctx: Context, form: Form): Promise<readonly string[]> {
  const resources = parseResources(form.repeatable.get('resource'), form.repeatable.get('audience'))
  for (const resource of resources) if ((await findApiByAudience(ctx, resource)) === undefined) throw invalidTarget('The resource is not known here', { parameter: 'resource' })
  return resources
}

const TRIES = 5

async function keep(ctx: Context, client: Client, form: Form, network: string): Promise<{ readonly token: DrawnToken; readonly userCode: string }> {
  const request = { kind: 'device', clientKey: client.key, scopes: await askedScopes(ctx, client, form), audience: await askedResources(ctx, form), requestedFrom: network, expectedUser: undefined, bindingMessage: undefined, acrValues: [], notification: null, lifetime: DECOUPLED_LIFETIME_SECONDS } as const
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const [token, userCode] = [drawToken('dc', ctx.clock.now()), newUserCode()]
    if (await keepDecoupledRequest(ctx, { ...request, token, userCode })) return { token, userCode }
  }
  throw new Error('no user code was free')
}

async function answer(ctx: Context, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  refuseQuery(request)
  const form = bodyForm(request)
  const client = await authenticateClient(ctx, presentedCredentials(ctx, request, form))
  if (!mayUseGrant(client, DEVICE_CODE)) throw unauthorizedClient('The client is not registered for this grant type', { detail: 'grant.not_allowed' })
  const { token, userCode } = await keep(ctx, client, form, networkOf(request.ip))
  const page = `${ctx.config.issuer}${DEVICE_PAGE}`
  return sendJson(reply, { device_code: token.text, user_code: userCode, verification_uri: page, verification_uri_complete: `${page}?${new URLSearchParams({ user_code: userCode })}`, expires_in: DECOUPLED_LIFETIME_SECONDS, interval: POLL_SECONDS })
}

export const deviceAuthorization: Endpoint = {
  name: 'device_authorization',
  answers: 'machines',
  takesCertificates: true,
  register: (app, ctx) => {
    app.post(PATH, (request, reply) => answer(ctx, request, reply))
    refuseOtherMethods(app, PATH, ['POST'])
  },
  metadata: (issuer) => ({ device_authorization_endpoint: `${issuer}${PATH}` }),
}

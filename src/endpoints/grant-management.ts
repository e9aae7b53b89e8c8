import type { FastifyRequest } from 'fastify'
import { findClientByKey } from '../clients/store.ts'
import type { Context } from '../context.ts'
import { sendJson } from '../http/json.ts'
import { refuseOtherMethods } from '../http/methods.ts'
import { bearerChallenge, invalidRequest, OAuthError } from '../protocol/error.ts'
import { GRANT_QUERY, GRANT_REVOKE, grantManagementActions } from '../protocol/grant-management.ts'
import type { InspectedToken } from '../tokens/inspect.ts'
import { misplacedToken } from '../tokens/presented-token.ts'
import { revokeManaged } from '../tokens/grants.ts'
import { endManagedGrant, findManagedGrant, type ManagedGrant } from '../users/managed-grants.ts'
import { requireBearerFor } from './bearer.ts'
import type { Endpoint } from './endpoint.ts'
import { allowedContent } from './managed-request.ts'

// The grant management API (Grant Management for OAuth 2.0 §6): a client asks what a grant of its own has in it, and ends it. Neither a list
// nor a token is ever given: who the person is and what the tokens are is the client's to know.

const PATH = '/oauth/grants'

function unknownGrant(): OAuthError {
  return new OAuthError('not_found', 'There is no such grant', { status: 404 })
}

/** The token of a request, when it opens this API with a scope. Throws 401 and 403 as RFC 6750 has them (§6.6). */
async function requireOpening(ctx: Context, request: FastifyRequest, scope: string): Promise<InspectedToken> {
  const token = await requireBearerFor(ctx, request, [ctx.config.issuer])
  if (!token.scopes.includes(scope)) throw bearerChallenge(403, 'insufficient_scope', 'The token does not open grants', scope, misplacedToken(token, 'token.scope', scope))
  return token
}

/** The person of a token: it may be in their hands, and then it opens no grants of others. */
function personOf({ person }: InspectedToken): string | undefined {
  return person?.subject.userId
}

function seconds(date: Date): number {
  return Math.floor(date.getTime() / 1000)
}

function describe({ scopes, resources, claims, authorizationDetails, createdAt, updatedAt }: ManagedGrant): object {
  const names = [...new Set([...Object.keys(claims.userinfo ?? {}), ...Object.keys(claims.id_token ?? {})])]
  return {
    scopes: [{ scope: scopes.join(' '), ...(resources.length === 0 ? {} : { resource: resources }) }],
    ...(names.length === 0 ? {} : { claims: names }),
    ...(authorizationDetails.length === 0 ? {} : { authorization_details: authorizationDetails }),
    created_at: seconds(createdAt),
    last_updated_at: seconds(updatedAt),
    updated_by: 'client',
  }
}

async function query(ctx: Context, request: FastifyRequest, grantId: string): Promise<object> {
  const token = await requireOpening(ctx, request, GRANT_QUERY)
  const grant = await findManagedGrant(ctx, grantId, token.clientKey)
  const userId = personOf(token)
  if (grant === undefined || (userId !== undefined && userId !== grant.userId)) throw unknownGrant()
  const client = await findClientByKey(ctx, token.clientKey)
  return describe({ ...grant, ...(client && (await allowedContent(ctx, client, grant))) })
}

// First the grant, then what rests on it: a code that is redeemed in between finds it ended, or is found here.
async function revoke(ctx: Context, request: FastifyRequest, grantId: string): Promise<void> {
  const token = await requireOpening(ctx, request, GRANT_REVOKE)
  const userId = await endManagedGrant(ctx, grantId, token.clientKey, personOf(token))
  if (userId === undefined) throw unknownGrant()
  await revokeManaged(ctx, userId, token.clientKey, grantId)
  ctx.audit.record({ event: 'grant.revoked', userId, clientId: token.clientId })
}

interface Named {
  Params: { id: string }
}

export const grantManagement: Endpoint = {
  name: 'grant_management',
  answers: 'machines',
  takesCertificates: true,
  register: (app, ctx) => {
    app.get<Named>(`${PATH}/:id`, async (request, reply) => sendJson(reply, await query(ctx, request, request.params.id)))
    app.delete<Named>(`${PATH}/:id`, async (request, reply) => {
      await revoke(ctx, request, request.params.id)
      return reply.code(204).header('cache-control', 'no-store').send()
    })
    // There is no list of grants (§6): the address that metadata names says what is missing.
    app.get(PATH, async () => {
      throw invalidRequest('Say which grant: its grant_id follows this address after a slash', { parameter: 'grant_id' })
    })
    refuseOtherMethods(app, PATH, ['GET'])
    refuseOtherMethods(app, `${PATH}/:id`, ['GET', 'DELETE'])
  },
  metadata: (issuer) => ({
    grant_management_endpoint: `${issuer}${PATH}`,
    grant_management_actions_supported: grantManagementActions,
    grant_management_action_required: false,
  }),
}

import { randomUUID } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { noteWishes } from '../apis/requests.ts'
import { type Client, hasSecret } from '../clients/client.ts'
import type { ClientMetadata } from '../clients/metadata.ts'
import { drawRegistrationAccessToken, isRegistrationAccessToken, spendRegistrationToken } from '../clients/registrations.ts'
import { addSecret, keptSecret } from '../clients/secrets.ts'
import { withSoftwareStatement } from '../clients/software-statement.ts'
import { deleteClient, readClient, saveClient } from '../clients/store.ts'
import type { Context } from '../context.ts'
import { inTransaction } from '../database/transaction.ts'
import { acceptJson, jsonBody } from '../http/json-body.ts'
import { sendJson } from '../http/json.ts'
import { refuseOtherMethods } from '../http/methods.ts'
import { drawToken } from '../lib/opaque-token.ts'
import { bearerChallenge, invalidRequest } from '../protocol/error.ts'
import { requireMeasure } from '../signin/attempts.ts'
import { networkOf } from '../signin/throttle.ts'
import type { Endpoint } from './endpoint.ts'
import { requireOwnName } from '../upstream/misleading-name.ts'
import { describeRegistration, readRegistration, requireSector } from './registration-metadata.ts'

// Dynamic client registration (RFC 7591) and its management (RFC 7592). Closed unless the operator opens it: to who holds an initial access
// token, or to everybody within a limit.

const PATH = '/oauth/registration'
/** Of one network, where everybody may. */
const OPEN_MEASURE = { most: 50, seconds: 3600 }

function bearerOf(request: FastifyRequest): string | undefined {
  return /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(request.headers.authorization ?? '')?.[1]
}

async function requireMayRegister(ctx: Context, request: FastifyRequest): Promise<void> {
  const token = bearerOf(request)
  const { registration } = ctx.config
  if (registration === 'closed') throw bearerChallenge(403, 'access_denied', 'Registration is not open here', undefined, { cause: 'registration.closed' })
  if (token !== undefined) {
    if (await spendRegistrationToken(ctx.db, token)) return
    throw bearerChallenge(401, 'invalid_token', 'The initial access token is not valid', undefined, { cause: 'registration.closed' })
  }
  if (registration === 'token') throw bearerChallenge(401)
  await requireMeasure(ctx, `registration/network/${networkOf(request.ip)}`, OPEN_MEASURE, 'Too many registrations from this network')
}

interface Shown {
  readonly registration_access_token: string
  readonly registration_client_uri: string
  readonly client_secret?: string
  readonly client_secret_expires_at?: 0
}

function answerOf(metadata: ClientMetadata, shown: Partial<Shown>, issuedAt?: number): object {
  return { ...describeRegistration(metadata), client_id: metadata.client_id, ...(issuedAt === undefined ? {} : { client_id_issued_at: issuedAt }), ...shown }
}

async function register(ctx: Context, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  await requireMayRegister(ctx, request)
  const clientId = randomUUID()
  const metadata = readRegistration(ctx.config, clientId, await withSoftwareStatement(ctx, jsonBody(request), undefined))
  await Promise.all([requireOwnName(ctx, metadata), requireSector(ctx, metadata)])
  const now = ctx.clock.now()
  const secret = hasSecret(metadata) ? drawToken('cs', now).text : undefined
  const access = await inTransaction(ctx.db, async (trx) => {
    const key = await saveClient(trx, clientId, metadata, false)
    await noteWishes(trx, { clientKey: key, scope: metadata.scope, organization: undefined, operator: false })
    if (secret !== undefined) await addSecret(trx, key, keptSecret(ctx, key, metadata.token_endpoint_auth_method, secret), 0, now)
    return drawRegistrationAccessToken(trx, key, now)
  })
  ctx.audit.record({ event: 'client.changed', clientId, change: 'registered itself' })
  const shown: Shown = { registration_access_token: access.text, registration_client_uri: `${ctx.config.issuer}${PATH}/${clientId}`, ...(secret === undefined ? {} : { client_secret: secret, client_secret_expires_at: 0 }) }
  return sendJson(reply, answerOf(metadata, shown, Math.floor(now / 1000)), 201)
}

/** The client that a registration access token looks after. A stranger learns nothing of which there are. */
async function requireOwner(ctx: Context, request: FastifyRequest): Promise<{ readonly client: Client; readonly token: string }> {
  const token = bearerOf(request)
  if (token === undefined) throw bearerChallenge(401)
  const client = await readClient(ctx.db, (request.params as { id: string }).id)
  if (client === undefined || !(await isRegistrationAccessToken(ctx.db, client.key, token))) throw bearerChallenge(401, 'invalid_token', 'The registration access token is not valid')
  return { client, token }
}

function uriOf(ctx: Context, client: Client): Pick<Shown, 'registration_client_uri'> {
  return { registration_client_uri: `${ctx.config.issuer}${PATH}/${client.clientId}` }
}

async function show(ctx: Context, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { client, token } = await requireOwner(ctx, request)
  return sendJson(reply, answerOf({ ...client.metadata }, { ...uriOf(ctx, client), registration_access_token: token }))
}

async function replace(ctx: Context, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { client, token } = await requireOwner(ctx, request)
  const said = jsonBody(request)
  if (said['client_id'] !== client.clientId) throw invalidRequest('client_id must be the one of the address', { parameter: 'client_id' })
  const metadata = readRegistration(ctx.config, client.clientId, await withSoftwareStatement(ctx, said, client.metadata.software_statement))
  await Promise.all([requireOwnName(ctx, metadata), requireSector(ctx, metadata)])
  const needsSecret = hasSecret(metadata) && (client.secretHashes.length === 0 || metadata.token_endpoint_auth_method !== client.metadata.token_endpoint_auth_method)
  const secret = needsSecret ? drawToken('cs', ctx.clock.now()).text : undefined
  await inTransaction(ctx.db, async (trx) => {
    await saveClient(trx, client.clientId, { ...metadata, status: client.status }, false)
    await noteWishes(trx, { clientKey: client.key, scope: metadata.scope, organization: undefined, operator: false })
    if (secret !== undefined) await addSecret(trx, client.key, keptSecret(ctx, client.key, metadata.token_endpoint_auth_method, secret), 0, ctx.clock.now())
  })
  ctx.audit.record({ event: 'client.changed', clientId: client.clientId, change: 'changed itself' })
  return sendJson(reply, answerOf(metadata, { ...uriOf(ctx, client), registration_access_token: token, ...(secret === undefined ? {} : { client_secret: secret, client_secret_expires_at: 0 }) }))
}

async function remove(ctx: Context, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { client } = await requireOwner(ctx, request)
  await inTransaction(ctx.db, (trx) => deleteClient(trx, client.clientId))
  ctx.audit.record({ event: 'client.changed', clientId: client.clientId, change: 'removed itself' })
  return reply.code(204).header('cache-control', 'no-store').send()
}

export const registration: Endpoint = {
  name: 'registration',
  answers: 'machines',
  register: async (app: FastifyInstance, ctx) => {
    await app.register(async (scope) => {
      acceptJson(scope)
      scope.post(PATH, (request, reply) => register(ctx, request, reply))
      scope.get(`${PATH}/:id`, (request, reply) => show(ctx, request, reply))
      scope.put(`${PATH}/:id`, (request, reply) => replace(ctx, request, reply))
      scope.delete(`${PATH}/:id`, (request, reply) => remove(ctx, request, reply))
      refuseOtherMethods(scope, PATH, ['POST'])
      refuseOtherMethods(scope, `${PATH}/:id`, ['GET', 'PUT', 'DELETE'])
    })
  },
  metadata: (issuer, config) => (config.registration === 'closed' ? {} : { registration_endpoint: `${issuer}${PATH}` }),
}

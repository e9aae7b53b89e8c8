import type { FastifyReply, FastifyRequest } from 'fastify'
import { clientByKey, describeConsent, describeStatus, findAnyConsent, type KnownConsent } from './consent-answer.ts'
import { useConsent, withdrawConsents } from '../consents/objects.ts'
import type { Context } from '../context.ts'
import { sendJson } from '../http/json.ts'
import { refuseOtherMethods } from '../http/methods.ts'
import { bearerChallenge, OAuthError } from '../protocol/error.ts'
import type { InspectedToken } from '../tokens/inspect.ts'
import { misplacedToken } from '../tokens/presented-token.ts'
import { requireBearerFor } from './bearer.ts'
import type { Endpoint } from './endpoint.ts'

// The consent API: what a consent is for, whether it is alive, and its end. A client asks about the consents that people gave it, with a
// token of its own; a token that came from a consent asks about that one; an API with the scope `consent.use` asks about any and counts
// its use. What is not the asker's and what there is not are one answer, or ids could be tried out.

const PATH = '/api/consents'
/** For those whom clients show a consent to. */
const USE = 'consent.use'

function notFound(): OAuthError {
  return new OAuthError('not_found', 'There is no such consent', { status: 404 })
}

/** The token of a request to an API of this server. Throws the challenge. */
export function requireOwnToken(ctx: Context, request: FastifyRequest): Promise<InspectedToken> {
  return requireBearerFor(ctx, request, [ctx.config.issuer])
}

/** A token of the client itself with a scope. Throws `insufficient_scope`. */
export async function requireClientToken(ctx: Context, request: FastifyRequest, scope: string | undefined): Promise<InspectedToken> {
  const token = await requireOwnToken(ctx, request)
  if (token.person !== undefined || (scope !== undefined && !token.scopes.includes(scope))) throw bearerChallenge(403, 'insufficient_scope', scope === undefined ? 'A client asks this for itself' : 'The token may not do this', scope, misplacedToken(token, 'token.scope', scope ?? ''))
  return token
}

function mayRead({ person, clientKey, scopes }: InspectedToken, consent: KnownConsent): boolean {
  if (person !== undefined) return person.details.consent?.id === consent.consentId
  return consent.clientKey === clientKey || scopes.includes(USE)
}

function idOf(request: FastifyRequest): string {
  return (request.params as { readonly id: string }).id
}

async function requireConsent(ctx: Context, request: FastifyRequest): Promise<KnownConsent> {
  const token = await requireOwnToken(ctx, request)
  const consent = await findAnyConsent(ctx, idOf(request))
  if (consent === undefined || !mayRead(token, consent)) throw notFound()
  return consent
}

async function show(ctx: Context, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const consent = await requireConsent(ctx, request)
  return sendJson(reply, describeConsent(ctx, await clientByKey(ctx, consent.clientKey), consent))
}

async function showStatus(ctx: Context, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  return sendJson(reply, describeStatus(await requireConsent(ctx, request)))
}

/** An API that was shown a consent says that it acts on it. */
async function use(ctx: Context, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  await requireClientToken(ctx, request, USE)
  const used = await useConsent(ctx, idOf(request))
  if (used !== undefined) return sendJson(reply, describeStatus(used))
  if ((await findAnyConsent(ctx, idOf(request)))?.expiresAt === undefined) throw notFound()
  throw new OAuthError('consent_not_active', 'The consent is not active', { status: 409 })
}

/** The client gives a consent back. */
async function withdraw(ctx: Context, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { clientKey } = await requireClientToken(ctx, request, undefined)
  const consent = await findAnyConsent(ctx, idOf(request))
  if (consent === undefined || consent.clientKey !== clientKey || consent.expiresAt === undefined) throw notFound()
  if ((await withdrawConsents(ctx, { consentId: consent.consentId, clientKey }, 'client')) > 0) {
    ctx.audit.record({ event: 'consent.removed', userId: consent.userId, clientId: (await clientByKey(ctx, clientKey)).clientId })
  }
  return reply.code(204).header('cache-control', 'no-store').send()
}

export const consents: Endpoint = {
  name: 'consents',
  answers: 'machines',
  takesCertificates: true,
  register: (app, ctx) => {
    app.get(`${PATH}/:id`, (request, reply) => show(ctx, request, reply))
    app.delete(`${PATH}/:id`, (request, reply) => withdraw(ctx, request, reply))
    app.get(`${PATH}/:id/status`, (request, reply) => showStatus(ctx, request, reply))
    app.post(`${PATH}/:id/use`, (request, reply) => use(ctx, request, reply))
    refuseOtherMethods(app, `${PATH}/:id`, ['GET', 'DELETE'])
    refuseOtherMethods(app, `${PATH}/:id/status`, ['GET'])
    refuseOtherMethods(app, `${PATH}/:id/use`, ['POST'])
  },
  metadata: () => ({}),
}

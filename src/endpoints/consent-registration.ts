import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { limitedRequest } from '../apis/limited-scopes.ts'
import type { Client } from '../clients/client.ts'
import { type ConsentTerms, createConsent, type MadeConsent } from '../consents/objects.ts'
import type { Context } from '../context.ts'
import { inTransaction } from '../database/transaction.ts'
import { acceptJson, jsonBody } from '../http/json-body.ts'
import { sendJson } from '../http/json.ts'
import { refuseOtherMethods } from '../http/methods.ts'
import { invalidRequest, invalidScope, OAuthError, unknownUserId } from '../protocol/error.ts'
import { beyond, parseScope } from '../protocol/scope.ts'
import { keepClientOf } from '../users/consents.ts'
import { findHinted } from './backchannel-authentication.ts'
import { clientByKey, describeConsent } from './consent-answer.ts'
import { requireClientToken } from './consents.ts'
import type { Endpoint } from './endpoint.ts'

// Consents that a client has collected elsewhere, on paper or at a counter. The client answers for it that the person said yes; the person
// finds it among their applications and takes it back there. The client's own name for a consent is good for one: sent again, it is the same.

const PATH = '/api/consents'
const SCOPE = 'consent.create'

const body = z.strictObject({
  /** As the client calls the person, or a name that they sign in with. */
  person: z.string().min(1).max(320),
  scope: z.string().min(1),
  external_id: z.string().regex(/^[\x21-\x7e]{1,200}$/).optional(),
})
type Body = z.output<typeof body>

function readBody(request: FastifyRequest): Body {
  const read = body.safeParse(jsonBody(request))
  if (read.success) return read.data
  const name = String(read.error.issues[0]?.path[0] ?? 'the body')
  throw invalidRequest(`${name} is missing or not valid; the members are person, scope and external_id`, { parameter: name, detail: 'consent.body' })
}

/** What is agreed to: scopes of this client, each with an end. Throws `invalid_scope`. */
async function termsOf(ctx: Context, client: Client, scope: string): Promise<ConsentTerms> {
  const scopes = parseScope(scope)
  const limited = await limitedRequest(ctx, scopes)
  if (limited === undefined || limited.scopes.length < scopes.length) throw invalidScope('Each scope must be one whose consent has an end', { parameter: 'scope' })
  if (beyond(limited.purpose, client.scopes).length > 0) throw invalidScope('The client may not have this scope', { parameter: 'scope', detail: 'scope.not_registered' })
  return limited
}

function requireSame(made: MadeConsent, userId: string, terms: ConsentTerms): void {
  if (made.isNew || (made.userId === userId && made.scopes.join(' ') === terms.scopes.join(' '))) return
  throw new OAuthError('external_id_in_use', 'Another consent has this external_id', { status: 409, parameter: 'external_id' })
}

async function answer(ctx: Context, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { clientKey } = await requireClientToken(ctx, request, SCOPE)
  const { person, scope, external_id: externalId } = readBody(request)
  const client = await clientByKey(ctx, clientKey)
  const terms = await termsOf(ctx, client, scope)
  const user = await findHinted(ctx, client, person)
  if (user?.status !== 'active') throw unknownUserId('The person is not known', { trace: { cause: 'ciba.person', compared: [{ name: 'person', sent: person, secret: true }] } })
  const { userId } = user
  const made = await inTransaction(ctx.db, async (trx) => {
    await keepClientOf(ctx, trx, userId, clientKey)
    return createConsent(ctx, trx, { userId, clientKey, terms, ...(externalId === undefined ? {} : { externalId }) })
  })
  requireSame(made, userId, terms)
  if (made.isNew) ctx.audit.record({ event: 'consent.registered', userId, clientId: client.clientId, scope: terms.scopes.join(' ') })
  void reply.header('location', `${ctx.config.issuer}${PATH}/${made.consentId}`)
  return sendJson(reply, describeConsent(ctx, client, made), made.isNew ? 201 : 200)
}

export const consentRegistration: Endpoint = {
  name: 'consent_registration',
  answers: 'machines',
  takesCertificates: true,
  register: async (app, ctx) => {
    await app.register(async (scope) => {
      acceptJson(scope)
      scope.post(PATH, (request, reply) => answer(ctx, request, reply))
      refuseOtherMethods(scope, PATH, ['POST'])
    })
  },
  metadata: () => ({}),
}

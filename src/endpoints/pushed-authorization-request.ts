import type { FastifyReply, FastifyRequest } from 'fastify'
import { checkAuthorizationRequest } from '../authorization-request/parse.ts'
import { keepPushedRequest, PUSHED_LIFETIME_SECONDS } from '../authorization-request/pushed.ts'
import { authenticateClient } from '../clients/authenticate.ts'
import type { Context } from '../context.ts'
import { anyBodyForm, refuseQuery } from '../http/forms.ts'
import { sendJson } from '../http/json.ts'
import { refuseOtherMethods } from '../http/methods.ts'
import { presentedProof } from '../http/proof.ts'
import { invalidRequest } from '../protocol/error.ts'
import type { Form } from '../protocol/form.ts'
import { newDpopNonce } from '../tokens/sender-constraint/dpop-nonce.ts'
import { proveHolder } from '../tokens/sender-constraint/prove.ts'
import type { Endpoint } from './endpoint.ts'
import { presentedCredentials } from './presented-credentials.ts'

// Pushed authorization requests (RFC 9126): the same checks as at the authorization endpoint, told to the client itself.

const PATH = '/oauth/par'

const CREDENTIALS = ['client_secret', 'client_assertion', 'client_assertion_type']

function withoutCredentials(form: Form, clientId: string): Form {
  const single = new Map([...form.single].filter(([name]) => !CREDENTIALS.includes(name)))
  return { ...form, single: single.set('client_id', clientId) }
}

/** The key that the code will be bound to: the proof's, which `dpop_jkt` may repeat but not contradict (RFC 9449 §10.1). */
function boundKey(asked: string | undefined, proven: string | undefined): string | undefined {
  if (asked !== undefined && proven !== undefined && asked !== proven) throw invalidRequest('dpop_jkt is not the key of the DPoP proof', { parameter: 'dpop_jkt' })
  return proven ?? asked
}

async function answer(ctx: Context, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  refuseQuery(request)
  const form = anyBodyForm(request)
  const client = await authenticateClient(ctx, presentedCredentials(ctx, request, form))
  const proof = presentedProof(ctx, request)
  const holder = await proveHolder(ctx, client, proof)
  if (proof.dpop.length > 0) void reply.header('dpop-nonce', newDpopNonce(ctx))
  const checked = await checkAuthorizationRequest(ctx, withoutCredentials(form, client.clientId), 'pushed')
  if (checked.kind === 'refused') throw checked.error
  const jkt = boundKey(checked.request.jkt, holder?.member === 'jkt' ? holder.value : undefined)
  const requestUri = await keepPushedRequest(ctx, client.key, checked.form, jkt)
  return sendJson(reply, { request_uri: requestUri, expires_in: PUSHED_LIFETIME_SECONDS }, 201)
}

export const pushedAuthorizationRequest: Endpoint = {
  name: 'pushed_authorization_request',
  answers: 'machines',
  takesCertificates: true,
  register: (app, ctx) => {
    app.post(PATH, (request, reply) => answer(ctx, request, reply))
    refuseOtherMethods(app, PATH, ['POST'])
  },
  metadata: (issuer) => ({ pushed_authorization_request_endpoint: `${issuer}${PATH}`, require_pushed_authorization_requests: false }),
}

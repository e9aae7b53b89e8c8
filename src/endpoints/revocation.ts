import type { FastifyReply, FastifyRequest } from 'fastify'
import { type AuthenticatedClient, authenticateClient, claimedClientId } from '../clients/authenticate.ts'
import { assertionAlgorithms } from '../clients/authentication/index.ts'
import { offeredMethods } from '../clients/authentication/offered-methods.ts'
import { browserOrigins } from '../clients/browser-origins.ts'
import { findClient } from '../clients/store.ts'
import type { Context } from '../context.ts'
import { allowRegisteredOrigin, answerPreflight } from '../http/cors.ts'
import { bodyForm, refuseQuery } from '../http/forms.ts'
import { refuseOtherMethods } from '../http/methods.ts'
import { invalidRequest } from '../protocol/error.ts'
import { revokePresented } from '../tokens/revoke.ts'
import type { Endpoint } from './endpoint.ts'
import { presentedCredentials } from './presented-credentials.ts'

const PATH = '/oauth/revocation'

async function revoke(ctx: Context, client: AuthenticatedClient, text: string): Promise<void> {
  const type = await revokePresented(ctx, client.key, text)
  if (type !== undefined) ctx.audit.record({ event: 'token.revoked', clientId: client.clientId, type })
}

async function answer(ctx: Context, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  refuseQuery(request)
  const form = bodyForm(request)
  const presented = presentedCredentials(ctx, request, form)
  if (request.headers.origin !== undefined) await allowRegisteredOrigin(ctx, request, reply, await findClient(ctx, claimedClientId(presented) ?? ''))
  const client = await authenticateClient(ctx, presented)
  const text = form.single.get('token')
  if (text === undefined) throw invalidRequest('Missing parameter: token', { parameter: 'token' })
  await revoke(ctx, client, text)
  // Known or not, ours or another client's: the same empty answer (RFC 7009 §2.2).
  return reply.code(200).header('cache-control', 'no-store').header('pragma', 'no-cache').send()
}

/** Revokes a token of the calling client; a refresh token takes its whole family with it (RFC 7009). */
export const revocation: Endpoint = {
  name: 'revocation',
  answers: 'machines',
  takesCertificates: true,
  register: (app, ctx) => {
    app.post(PATH, (request, reply) => answer(ctx, request, reply))
    answerPreflight(app, ctx, PATH, ['POST'], browserOrigins(ctx))
    refuseOtherMethods(app, PATH, ['POST'])
  },
  metadata: (issuer, config) => ({
    revocation_endpoint: `${issuer}${PATH}`,
    revocation_endpoint_auth_signing_alg_values_supported: assertionAlgorithms,
    revocation_endpoint_auth_methods_supported: offeredMethods(config),
  }),
}

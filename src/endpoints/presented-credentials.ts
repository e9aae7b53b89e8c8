import type { FastifyRequest } from 'fastify'
import type { PresentedCredentials } from '../clients/authentication/method.ts'
import type { Context } from '../context.ts'
import { clientCertificate } from '../http/client-certificate.ts'
import type { Form } from '../protocol/form.ts'

/** All that a request brought that could authenticate its client. Throws `invalid_request` for a certificate that a proxy of ours garbled. */
export function presentedCredentials(ctx: Context, request: FastifyRequest, form: Form): PresentedCredentials {
  return { authorization: request.headers.authorization, form, certificate: clientCertificate(ctx, request) }
}

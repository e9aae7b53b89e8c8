import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../context.ts'
import { newReference } from '../lib/random.ts'
import { asciiDescription, type OAuthError } from '../protocol/error.ts'
import { toOAuthError } from './failure.ts'
import { diagnosisAddress, traceRefusal } from './trace-request.ts'

/** 503 is the database's, 501 nobody's: they are logged where they arise. */
export function isPlainFailure(status: number): boolean {
  return status === 503
}

/** Logs a refusal with its private part and keeps its trace, under the reference that the caller gets. `clientId`: where more is known than the request says. */
export function logRefusal(ctx: Context, error: OAuthError, request: FastifyRequest, reference: string, clientId?: string): void {
  const level = error.status >= 500 ? 'error' : 'info'
  const { code, description, detail, parameter } = error
  ctx.log[level]({ event: 'refused', ref: reference, error: code, cause: error.trace.cause, description, detail, parameter, route: request.routeOptions.url, ...(error.cause === undefined ? {} : { err: error.cause }) }, 'refused')
  traceRefusal(ctx, error, request, reference, clientId)
}

/** The machines' presenter: the error as JSON (RFC 6749 §5.2), never cached, with a reference for the log. */
export async function presentApiError(ctx: Context, thrown: unknown, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const error = toOAuthError(thrown)
  const reference = newReference()
  logRefusal(ctx, error, request, reference)
  return reply
    .code(error.status)
    .headers({ ...error.headers, 'cache-control': 'no-store', pragma: 'no-cache', 'x-request-id': reference })
    .type('application/json; charset=utf-8')
    .send({ ...error.members, error: error.code, error_description: asciiDescription(error.description), ...(error.reason === undefined ? {} : { error_reason: error.reason }), error_uri: diagnosisAddress(ctx.config.issuer, reference) })
}

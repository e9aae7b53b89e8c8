import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../context.ts'
import { newReference } from '../lib/random.ts'
import type { OAuthError } from '../protocol/error.ts'
import { logRefusal, presentApiError } from './api-errors.ts'
import { toOAuthError } from './failure.ts'
import { diagnosisPath } from './trace-request.ts'
import { page, staticErrorPage } from './pages.ts'
import type { ErrorKind, ErrorModel } from './views.ts'

function kindOf(error: OAuthError): ErrorKind {
  if (error.reason === 'client_unknown') return 'unknown-client'
  if (error.reason === 'redirect_uri_mismatch' || error.reason === 'redirect_uri_missing') return 'redirect-uri'
  const byStatus: Readonly<Record<number, ErrorKind>> = { 403: 'stale-form', 404: 'not-found', 405: 'method-not-allowed', 413: 'too-large', 414: 'too-large', 415: 'bad-request', 429: 'too-many-requests', 503: 'unavailable', 500: 'server-error' }
  return byStatus[error.status] ?? 'bad-request'
}

/** Where a page could lead on, when the caller knows more than the error does. */
export type PageErrorFacts = Pick<ErrorModel, 'clientName' | 'homeHref' | 'supportHref' | 'restartHref' | 'retryHref'> & { readonly clientId?: string | undefined; readonly description?: string | undefined }

/** The people's presenter: a page with a reference, never a stack and never a redirect. Programs that ask for JSON get JSON. */
export async function presentPageError(ctx: Context, thrown: unknown, request: FastifyRequest, reply: FastifyReply, facts: PageErrorFacts = {}): Promise<FastifyReply> {
  if ((request.headers.accept ?? '').startsWith('application/json')) return presentApiError(ctx, thrown, request, reply)
  const error = toOAuthError(thrown)
  const reference = newReference()
  logRefusal(ctx, error, request, reference, facts.clientId)
  const { clientId, description, ...rest } = facts
  const time = new Date(ctx.clock.now())
  void reply.headers({ ...error.headers, 'x-request-id': reference })
  void reply.removeHeader('www-authenticate')
  try {
    return page(reply, request, 'error', { kind: kindOf(error), reference, time, ...rest, details: { error: error.code, description: description ?? error.description, clientId, parameter: error.parameter, diagnosisHref: clientId === undefined ? undefined : diagnosisPath(reference) } }, { status: error.status })
  } catch (failure) {
    ctx.log.error({ err: failure, ref: reference }, 'the error page failed')
    return reply.code(error.status).type('text/html; charset=utf-8').send(staticErrorPage(reference))
  }
}

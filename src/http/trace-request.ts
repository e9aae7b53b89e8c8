import type { FastifyRequest } from 'fastify'
import type { Context } from '../context.ts'
import { newReference } from '../lib/random.ts'
import type { OAuthError } from '../protocol/error.ts'
import type { Form } from '../protocol/form.ts'
import type { Trace } from '../protocol/trace.ts'
import { claimedClient } from './claimed-client.ts'
import { readableForms } from './forms.ts'

// Owns how a request at the door becomes a trace. What it brought is handed on as it is; what of it may be kept, the diagnosis says.

/** The address of a request as a trace has it: of the route, where there is one. */
export function endpointOf(request: FastifyRequest): string {
  return request.routeOptions.url ?? (request.url.split('?', 1)[0] ?? '/').slice(0, 200)
}

/** What a call to somebody's API brought is none of our parameters. */
function formsOf(ctx: Context, request: FastifyRequest): readonly Form[] {
  const forAnother = request.url.startsWith('/gk/') || request.host.toLowerCase() !== new URL(ctx.config.issuer).host
  return forAnother ? [] : readableForms(request)
}

/** Where the diagnosis of a reference is read, by those who may. */
export function diagnosisPath(reference: string): string {
  return `/dashboard/diagnosis/${reference}`
}

export function diagnosisAddress(issuer: string, reference: string): string {
  return `${issuer}${diagnosisPath(reference)}`
}

/** A body of another type is refused before anything has looked at the request: what came is said here. */
function toldType(trace: Trace, status: number, { headers }: FastifyRequest): Trace {
  return status === 415 && trace.compared === undefined ? { ...trace, compared: [{ name: 'Content-Type', sent: headers['content-type'], expected: 'application/x-www-form-urlencoded' }] } : trace
}

/** Keeps the trace of a refusal. `clientId`: whose request it is, where that is known better than the request says it. */
export function traceRefusal(ctx: Context, error: OAuthError, request: FastifyRequest, reference: string, clientId?: string): void {
  const forms = formsOf(ctx, request)
  const { code, description, status, trace } = error
  const client = clientId ?? claimedClient(request, forms)
  ctx.statistics.failure(trace.clientId ?? client, error)
  ctx.diagnosis.record({ reference, level: 'refused', endpoint: endpointOf(request), method: request.method, status, error: code, description, clientId: client, forms, trace: toldType(trace, status, request) })
}

/** Keeps a warning about something that passed. */
export function traceWarning(ctx: Context, trace: Trace, request: FastifyRequest, clientId?: string): void {
  const forms = formsOf(ctx, request)
  ctx.diagnosis.record({ reference: newReference(), level: 'warning', endpoint: endpointOf(request), method: request.method, status: 200, error: '', description: '', clientId: clientId ?? claimedClient(request, forms), forms, trace })
}

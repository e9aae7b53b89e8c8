import type { FastifyRequest } from 'fastify'
import type { AcceptedRequest } from '../authorization-request/parse.ts'
import { findResponseType } from '../authorization-request/response-types.ts'
import type { Client } from '../clients/client.ts'
import { hasSecret } from '../clients/client.ts'
import type { Context } from '../context.ts'
import { traceWarning } from '../http/trace-request.ts'
import { isInsecureRedirect, isLoopbackRedirect } from '../protocol/redirect-uri.ts'
import { beyond } from '../protocol/scope.ts'
import type { Trace } from '../protocol/trace.ts'

// Owns what is told to developers of requests that pass and could be better. Nobody else hears of it, and nothing is refused for it.

function warningsOf({ client, request, form }: AcceptedRequest): readonly Trace[] {
  const { redirectUri, responseType, codeChallenge, state, nonce, scopes } = request
  const type = findResponseType(responseType)
  const named = form.single.has('scope') ? beyond(client.scopes, scopes).filter((scope) => scope !== 'offline_access') : []
  const found: readonly (Trace | undefined)[] = [
    isInsecureRedirect(redirectUri) && !isLoopbackRedirect(redirectUri) ? { cause: 'warning.http_redirect', compared: [{ name: 'redirect_uri', sent: redirectUri, expected: redirectUri.replace(/^http:/, 'https:') }] } : undefined,
    type?.token === true || type?.idToken === true ? { cause: 'warning.implicit', compared: [{ name: 'response_type', sent: responseType, expected: 'code' }] } : undefined,
    type?.code === true && codeChallenge === undefined ? { cause: 'warning.no_pkce', compared: [{ name: 'code_challenge' }] } : undefined,
    state === undefined ? { cause: 'warning.no_state', compared: [{ name: 'state' }] } : undefined,
    nonce === undefined && scopes.includes('openid') ? { cause: 'warning.no_nonce', compared: [{ name: 'nonce' }] } : undefined,
    named.length > 0 ? { cause: 'warning.unused_scopes', compared: [{ name: 'scope', sent: scopes.join(' '), expected: client.scopes.join(' ') }] } : undefined,
  ]
  return found.filter((one) => one !== undefined)
}

/** Warns of an authorization request that was accepted. */
export function warnOfRequest(ctx: Context, request: FastifyRequest, accepted: AcceptedRequest): void {
  for (const trace of warningsOf(accepted)) traceWarning(ctx, trace, request, accepted.client.clientId)
}

/** Warns of a page in a browser that has the client's secret: who opens the page has it, too. */
export function warnOfSecret(ctx: Context, request: FastifyRequest, { clientId, metadata }: Client): void {
  if (request.headers.origin === undefined || !hasSecret(metadata)) return
  traceWarning(ctx, { cause: 'warning.secret_in_browser', compared: [{ name: 'Origin', sent: request.headers.origin }, { name: 'token_endpoint_auth_method', sent: metadata.token_endpoint_auth_method, expected: 'none' }] }, request, clientId)
}

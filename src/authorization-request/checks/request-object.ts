import { requireAllowed } from '../../clients/profile-rules.ts'
import type { Context } from '../../context.ts'
import { FetchFailure } from '../../lib/guarded-fetch.ts'
import { invalidRequest, invalidRequestUri, registrationNotSupported, requestUriNotSupported } from '../../protocol/error.ts'
import type { Form } from '../../protocol/form.ts'
import { compareAddresses } from '../../protocol/redirect-difference.ts'
import { findPushedRequest, isPushedUri, pushedFindings } from '../pushed.ts'
import { readRequestObject } from '../request-object.ts'
import { type Check, clientOf, type Draft, learn } from './check.ts'
import { outerRedirect } from './redirect-uri.ts'

// Where the parameters of a request come from: the address, a signed object, or what the client pushed before. What we do not read must not
// be ignored, and what stands beside a signed or pushed request counts no more: it would mean something else to its client than to us.

/** A refusal of the object itself can go back only to an address that stands outside of it, registered to the letter. */
export const checkOuterRedirect: Check = (draft) => {
  const { single } = draft.form
  const redirect = single.has('request') || single.has('request_uri') ? outerRedirect(draft) : undefined
  return redirect === undefined ? draft : { ...draft, redirect }
}

function replaced({ redirect: _outer, ...draft }: Draft, form: Form): Draft {
  const named = form.single.get('client_id')
  if (named !== undefined && named !== draft.request.clientId) throw invalidRequest('client_id differs from the one of the request', { parameter: 'client_id', trace: { cause: 'jar.invalid', compared: [{ name: 'client_id', sent: draft.request.clientId, expected: named }] } })
  return { ...draft, form: { ...form, single: new Map([...form.single, ['client_id', draft.request.clientId ?? '']]) } }
}

async function pushed(draft: Draft, ctx: Context, requestUri: string): Promise<Draft> {
  const found = await findPushedRequest(ctx, clientOf(draft).key, requestUri)
  if (found === undefined) throw invalidRequestUri('The request_uri is not valid any more', { parameter: 'request_uri', trace: { cause: 'par.expired', later: () => pushedFindings(ctx, requestUri) } })
  return learn(replaced(draft, found.form), { pushed: found.id, ...(found.jkt === undefined ? {} : { jkt: found.jkt }) })
}

// An address that the client registered, to the letter but for its fragment (OpenID Connect Core §6.2).
async function referenced(draft: Draft, ctx: Context, requestUri: string): Promise<Draft> {
  const client = clientOf(draft)
  const registered = client.metadata.request_uris.map((uri) => uri.split('#', 1)[0])
  if (!ctx.config.fetchRequestUris) throw requestUriNotSupported('Request objects by reference are not supported', { parameter: 'request_uri' })
  if (!registered.includes(requestUri.split('#', 1)[0])) throw invalidRequestUri('The request_uri is not registered', { parameter: 'request_uri', trace: { cause: 'jar.unreachable', ...compareAddresses('request_uri', requestUri, client.metadata.request_uris) } })
  try {
    const answer = await ctx.fetch(requestUri, { headers: { accept: 'application/oauth-authz-req+jwt, application/jwt' } })
    if (answer.status !== 200) throw invalidRequestUri('The request_uri could not be read', { parameter: 'request_uri', detail: `status ${answer.status}`, trace: { cause: 'jar.unreachable', compared: [{ name: 'HTTP', sent: String(answer.status), expected: '200' }] } })
    return replaced(draft, await readRequestObject(ctx, client, (await answer.text()).trim()))
  } catch (error) {
    if (error instanceof FetchFailure) throw invalidRequestUri('The request_uri could not be read', { parameter: 'request_uri', detail: error.reason, trace: { cause: 'jar.unreachable', hints: [{ name: 'jwt_fault', values: { fault: error.reason } }] } })
    throw error
  }
}

/** For whatever the browser brings itself. */
function requireNoPush(draft: Draft, ctx: Context): void {
  if (draft.door !== 'authorization') return
  const client = clientOf(draft)
  const missing = (): Error => invalidRequest('This client must push its requests first (RFC 9126)', { parameter: 'request_uri', trace: { cause: 'par.required', compared: [{ name: 'request_uri' }] } })
  if (client.metadata.require_pushed_authorization_requests) throw missing()
  requireAllowed(ctx, client, { rule: 'pushed_request', allows: ({ pushedRequest }) => !pushedRequest }, missing)
}

export const checkRequestObject: Check = async (draft, ctx) => {
  const { single } = draft.form
  if (single.has('registration')) throw registrationNotSupported('Registration in a request is not supported', { parameter: 'registration' })
  const [request, requestUri] = [single.get('request'), single.get('request_uri')]
  if (request !== undefined && requestUri !== undefined) throw invalidRequest('request and request_uri exclude each other', { parameter: 'request' })
  if (requestUri !== undefined && draft.door === 'pushed') throw invalidRequest('A pushed request may not refer to another', { parameter: 'request_uri' })
  if (requestUri !== undefined) {
    if (isPushedUri(requestUri)) return pushed(draft, ctx, requestUri)
    requireNoPush(draft, ctx)
    return referenced(draft, ctx, requestUri)
  }
  requireNoPush(draft, ctx)
  if (request === undefined) {
    if (clientOf(draft).metadata.require_signed_request_object) throw invalidRequest('This client must sign its requests: send a request object', { parameter: 'request', trace: { cause: 'jar.required', compared: [{ name: 'request' }] } })
    return draft
  }
  return replaced(draft, await readRequestObject(ctx, clientOf(draft), request))
}

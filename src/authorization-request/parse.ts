import type { Client } from '../clients/client.ts'
import type { Context } from '../context.ts'
import { OAuthError } from '../protocol/error.ts'
import type { Form } from '../protocol/form.ts'
import type { Door, Draft } from './checks/check.ts'
import { checks } from './checks/index.ts'
import type { AuthorizationRequest, VerifiedRedirect } from './request.ts'

/** A refusal that may go to the client, because client and redirect URI are proven. */
export interface RefusedRequest {
  readonly kind: 'refused'
  readonly error: OAuthError
  readonly redirect: VerifiedRedirect
  readonly client: Client
}

export interface AcceptedRequest {
  readonly kind: 'accepted'
  readonly request: AuthorizationRequest
  readonly client: Client
  /** The parameters that counted: those of the request object where there was one. */
  readonly form: Form
}

// Every member below is set by a check of the table; a member that is missing here is a check that was taken out.
function complete(draft: Draft): AcceptedRequest {
  const { client, request, form } = draft
  const { clientId, redirectUri, redirectUriGiven, responseType, responseMode, scopes, resources, prompt, acrValues, claims } = request
  if (client === undefined || clientId === undefined || redirectUri === undefined || redirectUriGiven === undefined || responseType === undefined || responseMode === undefined || scopes === undefined || resources === undefined || prompt === undefined || acrValues === undefined || claims === undefined) {
    throw new Error('a check of the authorization request is missing from the table')
  }
  return { kind: 'accepted', client, form, request: { ...request, clientId, redirectUri, redirectUriGiven, responseType, responseMode, scopes, resources, prompt, acrValues, claims } }
}

/**
 * Runs a request through the table of checks. Throws the OAuthError as it is while nobody is proven to whom it could be sent; after that
 * the refusal is returned with its redirect.
 */
export async function checkAuthorizationRequest(ctx: Context, form: Form, door: Door): Promise<AcceptedRequest | RefusedRequest> {
  let draft: Draft = { door, form, request: {} }
  for (const check of checks) {
    try {
      draft = await check(draft, ctx)
    } catch (error) {
      if (!(error instanceof OAuthError) || draft.redirect === undefined || draft.client === undefined) throw error
      return { kind: 'refused', error, redirect: draft.redirect, client: draft.client }
    }
  }
  return complete(draft)
}

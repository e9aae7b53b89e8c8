import type { Client } from '../../clients/client.ts'
import type { Context } from '../../context.ts'
import type { Form } from '../../protocol/form.ts'
import type { AuthorizationRequest, VerifiedRedirect } from '../request.ts'

/** Where a request came in: at the authorization endpoint, or pushed before. */
export type Door = 'authorization' | 'pushed'

/** A request on its way through the checks: what it brought, and what has been proven of it so far. */
export interface Draft {
  readonly door: Door
  readonly form: Form
  readonly client?: Client
  /** From here on an error may go to the client instead of a page. */
  readonly redirect?: VerifiedRedirect
  readonly request: Partial<AuthorizationRequest>
}

/** One rule of an authorization request: returns a new draft, or throws the one right OAuthError. */
export type Check = (draft: Draft, ctx: Context) => Draft | Promise<Draft>

/** The client of a draft whose first check has passed. */
export function clientOf(draft: Draft): Client {
  if (draft.client === undefined) throw new Error('the client check has not run')
  return draft.client
}

export function learn(draft: Draft, request: Partial<AuthorizationRequest>): Draft {
  return { ...draft, request: { ...draft.request, ...request } }
}

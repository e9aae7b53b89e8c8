import type { Cause } from './causes.ts'

// Owns the private part of a refusal: which rule failed and what it compared. A rule says so where it fails, once; nothing is evaluated a
// second time to explain it. Nobody but who reads the trace learns of it: the public part is another (error.ts).

/** Two values that a rule held against each other. */
export interface Compared {
  /** A parameter, claim, header or age; `seconds.…` is a number of seconds. */
  readonly name: string
  readonly sent?: string | undefined
  readonly expected?: string | undefined
  /** Both are secrets: they are kept as keyed hashes, so that equal ones can be told from others and none can be guessed. */
  readonly secret?: true
}

/** What the values look like: a sentence of the texts, `diagnosis.hint.<name>`. */
export interface Hint {
  readonly name: string
  readonly values?: Readonly<Record<string, string | number>>
}

export interface Findings {
  readonly compared?: readonly Compared[]
  readonly hints?: readonly Hint[]
}

export interface Trace extends Findings {
  readonly cause: Cause
  /** Whose request it was, where the request itself does not say it. */
  readonly clientId?: string | undefined
  /** More of it, asked after the answer has left: what takes time must not tell a stranger how far a request came. */
  readonly later?: () => Promise<LaterTrace>
}

/** What is found out afterwards: a finer cause, whose it was, and more values. */
export interface LaterTrace extends Findings {
  readonly cause?: Cause
  readonly clientId?: string | undefined
}

const BY_CODE: Readonly<Record<string, Cause>> = {
  invalid_scope: 'scope.malformed',
  unsupported_grant_type: 'grant.unknown',
  unsupported_response_type: 'response_type.unknown',
  unauthorized_client: 'grant.not_allowed',
  server_error: 'server.fault',
  temporarily_unavailable: 'server.unavailable',
  authorization_pending: 'device.pending',
  slow_down: 'device.too_fast',
  expired_token: 'device.expired',
  unknown_user_id: 'ciba.person',
  invalid_binding_message: 'request.parameter',
  invalid_redirect_uri: 'registration.metadata',
  invalid_client_metadata: 'registration.metadata',
  invalid_software_statement: 'registration.statement',
  unapproved_software_statement: 'registration.statement',
  invalid_dpop_proof: 'dpop.proof',
  use_dpop_nonce: 'dpop.nonce',
  invalid_authorization_details: 'details.invalid',
  invalid_target: 'resource.unknown',
  unsupported_token_type: 'request.parameter',
  invalid_grant_id: 'grant_id.unknown',
  login_required: 'login.required',
  account_selection_required: 'login.required',
  interaction_required: 'login.required',
  consent_required: 'consent.required',
  unmet_authentication_requirements: 'login.assurance',
  request_not_supported: 'jar.not_supported',
  request_uri_not_supported: 'jar.not_supported',
  registration_not_supported: 'jar.not_supported',
  invalid_request_object: 'jar.invalid',
  invalid_request_uri: 'jar.unreachable',
  invalid_token: 'token.unknown',
  insufficient_scope: 'token.scope',
  insufficient_user_authentication: 'token.step_up',
  not_found: 'path.unknown',
  upstream_unavailable: 'gatekeeper.unreachable',
  upstream_timeout: 'gatekeeper.timeout',
}

const BY_REASON: Readonly<Record<string, Cause>> = { consent_denied: 'consent.refused', login_cancelled: 'login.cancelled', client_not_allowed: 'login.provider_not_allowed' }
const BY_STATUS: Readonly<Record<number, Cause>> = { 405: 'request.get_on_token', 413: 'request.too_large', 414: 'request.too_large', 415: 'request.not_form', 429: 'limit.rate', 431: 'request.too_large' }

/** What a refusal that names no cause comes from: its code says enough, or the parameter that is at fault. */
export function usualTrace(code: string, about: { readonly status: number; readonly parameter: string | undefined; readonly reason: string | undefined }): Trace {
  const named = BY_STATUS[about.status] ?? BY_REASON[about.reason ?? ''] ?? BY_CODE[code]
  if (about.parameter === undefined) return { cause: named ?? 'request.unreadable' }
  return { cause: named ?? 'request.parameter', hints: [{ name: 'parameter', values: { parameter: about.parameter } }] }
}

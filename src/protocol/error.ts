import { type Trace, usualTrace } from './trace.ts'

// The one error value. Its public part goes to whoever asked; its private part (`detail`, `cause`, `trace`) only to the log and the trace.

export interface ErrorOptions {
  /** HTTP status for machines, and for people's pages. */
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** For the log: what was compared. Never a secret, code or token. */
  readonly detail?: string
  readonly cause?: unknown
  /** The finer reason, sent as `error_reason` beside the registered code. */
  readonly reason?: string
  /** The parameter at fault, for the developer's details. */
  readonly parameter?: string
  /** For machines, beside the error: what they need to go on. */
  readonly members?: Readonly<Record<string, string | number>>
  /** The rule that failed and what it compared, for those who may read the diagnosis. Left out: what the code usually comes from. */
  readonly trace?: Trace
}

export class OAuthError extends Error {
  readonly code: string
  readonly description: string
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly detail: string | undefined
  readonly reason: string | undefined
  readonly parameter: string | undefined
  readonly members: Readonly<Record<string, string | number>>
  readonly trace: Trace

  /** `description` is public: ASCII without quotes, backslashes and line ends (RFC 6749 §5.2). */
  constructor(code: string, description: string, options: ErrorOptions = {}) {
    super(`${code}: ${description}`, { cause: options.cause })
    this.code = code
    this.description = description
    this.status = options.status ?? 400
    this.headers = options.headers ?? {}
    this.detail = options.detail
    this.reason = options.reason
    this.parameter = options.parameter
    this.members = options.members ?? {}
    this.trace = options.trace ?? usualTrace(code, this)
  }
}

/** The same refusal with some of it changed. */
export function refine(error: OAuthError, changes: ErrorOptions): OAuthError {
  const { code, description, status, headers, detail, reason, parameter, members, trace, cause } = error
  const more = Object.entries({ detail, reason, parameter, cause }).filter(([, value]) => value !== undefined)
  return new OAuthError(code, description, { status, headers, members, trace, ...Object.fromEntries(more), ...changes })
}

type Make = (description: string, options?: ErrorOptions) => OAuthError

function code(name: string, defaults: ErrorOptions = {}): Make {
  return (description, options) => new OAuthError(name, description, { ...defaults, ...options })
}

// RFC 6749 §4.1.2.1 and §5.2
export const invalidRequest = code('invalid_request')
export const invalidGrant = code('invalid_grant')
export const invalidScope = code('invalid_scope')
export const unauthorizedClient = code('unauthorized_client')
export const unsupportedGrantType = code('unsupported_grant_type')
export const unsupportedResponseType = code('unsupported_response_type')
export const accessDenied = code('access_denied')
export const serverError = code('server_error', { status: 500 })
export const temporarilyUnavailable = code('temporarily_unavailable', { status: 503, headers: { 'retry-after': '1' } })
export const invalidClient = code('invalid_client', { status: 401, headers: { 'www-authenticate': 'Basic realm="portner", charset="UTF-8"' } })
// RFC 8628 §3.5 and CIBA Core §11
export const authorizationPending = code('authorization_pending')
export const slowDown = code('slow_down')
export const expiredToken = code('expired_token')
// CIBA Core §13
export const unknownUserId = code('unknown_user_id')
export const invalidBindingMessage = code('invalid_binding_message')
// RFC 7591 §3.2.2
export const invalidRedirectUri = code('invalid_redirect_uri')
export const invalidClientMetadata = code('invalid_client_metadata')
export const invalidSoftwareStatement = code('invalid_software_statement')
export const unapprovedSoftwareStatement = code('unapproved_software_statement')
// RFC 9449 §5 and §8
export const invalidDpopProof = code('invalid_dpop_proof')
export const useDpopNonce = code('use_dpop_nonce')
// RFC 9396 §5
export const invalidAuthorizationDetails = code('invalid_authorization_details')
// RFC 8707 §2
export const invalidTarget = code('invalid_target')
// Grant Management for OAuth 2.0 §5.3
export const invalidGrantId = code('invalid_grant_id')
// OpenID Connect Core §3.1.2.6 and Unmet Authentication Requirements
export const loginRequired = code('login_required')
export const consentRequired = code('consent_required')
export const interactionRequired = code('interaction_required')
export const accountSelectionRequired = code('account_selection_required')
export const unmetAuthenticationRequirements = code('unmet_authentication_requirements')
export const requestUriNotSupported = code('request_uri_not_supported')
export const invalidRequestObject = code('invalid_request_object')
export const invalidRequestUri = code('invalid_request_uri')
export const registrationNotSupported = code('registration_not_supported')

/** Too much of something: sizes, counts, tries. Machines get the OAuth shape with the HTTP status that names it. */
export function refusedByLimit(status: 405 | 413 | 414 | 415 | 429 | 431, description: string, headers: Record<string, string> = {}, trace?: Trace): OAuthError {
  return new OAuthError('invalid_request', description, { status, headers, ...(trace === undefined ? {} : { trace }) })
}

/** A bearer token that is absent, wrong or too weak (RFC 6750 §3.1). Without `error` the challenge is bare. */
export function bearerChallenge(status: 400 | 401 | 403, error?: string, description?: string, scope?: string, trace?: Trace): OAuthError {
  const parts = [
    ...(error === undefined ? [] : [`error="${error}"`]),
    ...(description === undefined ? [] : [`error_description="${description}"`]),
    ...(scope === undefined ? [] : [`scope="${scope}"`]),
  ]
  const challenge = parts.length === 0 ? 'Bearer' : `Bearer ${parts.join(', ')}`
  return new OAuthError(error ?? 'invalid_token', description ?? 'A bearer token is required', { status, headers: { 'www-authenticate': challenge }, trace: trace ?? (error === undefined ? { cause: 'token.missing' } : usualTrace(error, { status, parameter: undefined, reason: undefined })) })
}

/** A token whose sign-in will not do, with what would (RFC 9470 §3). `maxAge` in seconds. */
export function insufficientUserAuthentication(description: string, acrValues: readonly string[], maxAge: number | undefined, trace: Trace): OAuthError {
  const { code, headers } = bearerChallenge(401, 'insufficient_user_authentication', description)
  const more = [...(acrValues.length === 0 ? [] : [`acr_values="${acrValues.join(' ')}"`]), ...(maxAge === undefined ? [] : [`max_age="${maxAge}"`])]
  return new OAuthError(code, description, { status: 401, headers: { 'www-authenticate': [headers['www-authenticate'], ...more].join(', ') }, trace })
}

/** Makes a sentence fit for `error_description`: the characters RFC 6749 §5.2 allows, nothing else. */
export function asciiDescription(text: string): string {
  return text.replaceAll(/[^\x20-\x21\x23-\x5B\x5D-\x7E]/g, '?').slice(0, 400)
}

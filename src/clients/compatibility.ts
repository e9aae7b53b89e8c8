// Owns the names of what a client may be let off, or be told in words of its own: each for clients that were written for another server. Off
// unless registered; `portner doctor` names who has one. What each does stands where that answer is made.

export const compatibilitySwitches = [
  'plain_http_redirect',
  'no_pkce',
  'implicit',
  'password',
  /** Token requests as a flat JSON object of strings. */
  'json_token_request',
  /** `scope` beside the code. */
  'scope_in_authorization_response',
  /** Names of its own for a refusal, where the registered codes say less. */
  'specific_error_codes',
  /** `status`, and how the refresh token stands. */
  'extended_token_response',
  /** `{user, audience}` at userinfo. */
  'dataporten_userinfo',
] as const

export type Compatibility = (typeof compatibilitySwitches)[number]

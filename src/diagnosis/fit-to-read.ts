import { hmacSha256, sha256 } from '../lib/digest.ts'
import { storable } from '../lib/fit-text.ts'
import type { Form } from '../protocol/form.ts'
import type { Compared, Hint } from '../protocol/trace.ts'

// Owns what of a request may be kept in clear: the values of the parameters named here and nothing else. Everything else is a keyed hash of the
// value's digest: who holds the database can tell equal values from others, but try none out.

const CLEAR = new Set([
  'acr_values', 'audience', 'claims_locales', 'client_assertion_type', 'client_id', 'code_challenge', 'code_challenge_method', 'display', 'dpop_jkt', 'grant_management_action', 'grant_type',
  'issued_token_type', 'max_age', 'post_logout_redirect_uri', 'prompt', 'redirect_uri', 'requested_token_type', 'resource', 'response_mode', 'response_type', 'scope', 'subject_token_type',
  'actor_token_type', 'token_type_hint', 'ui_locales',
])
/** Kept as a hash under their name; the names of others may themselves be what somebody pasted there. */
const HASHED = new Set([
  'access_token', 'actor_token', 'assertion', 'authorization_details', 'auth_req_id', 'binding_message', 'claims', 'client_assertion', 'client_notification_token', 'client_secret', 'code', 'code_verifier', 'device_code',
  'grant_id', 'id_token_hint', 'login_hint', 'nonce', 'password', 'refresh_token', 'request', 'request_uri', 'state', 'subject_token', 'token', 'user_code', 'username',
])
const LONGEST = 500
// Tokens of ours, and signed ones: a person who pastes one into the wrong field must not find it here.
const TOKEN_LIKE = /ptr_[a-z]{2}_|eyJ[A-Za-z0-9_-]{10}/

/** The keyed hash of a digest. */
export function fingerprintOfDigest(key: Uint8Array, digest: Uint8Array): string {
  return `hmac:${hmacSha256(key, digest).toString('hex').slice(0, 16)}`
}

/** A value that nobody may read, told apart from others only. */
export function fingerprint(key: Uint8Array, value: string): string {
  return fingerprintOfDigest(key, sha256(value))
}

/** A value as it may be kept, and can be: one that cannot would take the traces beside it along. */
export function readable(key: Uint8Array, value: string): string {
  return TOKEN_LIKE.test(value) ? fingerprint(key, value) : storable(value.slice(0, LONGEST))
}

/** The parameters of a request, by name. */
export function readableParameters(key: Uint8Array, forms: readonly Form[]): Readonly<Record<string, string>> {
  const kept: Record<string, string> = {}
  for (const { single, repeatable } of forms) {
    for (const [name, value] of [...single, ...[...repeatable].map(([name, values]): [string, string] => [name, values.join(' ')])]) {
      if (CLEAR.has(name)) kept[name] = readable(key, value)
      else if (HASHED.has(name)) kept[name] = fingerprint(key, value)
    }
  }
  return kept
}

/** Two compared values as they may be kept. */
export function readableComparison(key: Uint8Array, { name, sent, expected, secret }: Compared): Compared {
  const keep = (value: string): string => (secret === true ? fingerprint(key, value) : readable(key, value))
  return { name: name.slice(0, 100), ...(sent === undefined ? {} : { sent: keep(sent) }), ...(expected === undefined ? {} : { expected: keep(expected) }), ...(secret === true ? { secret } : {}) }
}

/** What the values look like, as it may be kept: a hint may quote what was sent. */
export function readableHint(key: Uint8Array, { name, values }: Hint): Hint {
  if (values === undefined) return { name }
  return { name, values: Object.fromEntries(Object.entries(values).map(([member, value]) => [member, typeof value === 'string' ? readable(key, value) : value])) }
}

import { invalidScope, type OAuthError } from './error.ts'
import type { Compared } from './trace.ts'

const TOKEN = /^[\x21\x23-\x5B\x5D-\x7E]+$/
const MOST_VALUES = 100
const LONGEST = 4096

function refused(description: string, compared: Compared): OAuthError {
  return invalidScope(description, { parameter: 'scope', trace: { cause: 'scope.malformed', compared: [compared] } })
}

/** Parses a `scope` (RFC 6749 §3.3) into its values, each once, in the order given. Throws `invalid_scope`. */
export function parseScope(scope: string | undefined): readonly string[] {
  if (scope === undefined) return []
  if (scope.length > LONGEST) throw refused('The scope is too long', { name: 'scope (characters)', sent: String(scope.length), expected: `≤ ${LONGEST}` })
  const values = [...new Set(scope.split(' ').filter((value) => value !== ''))]
  if (values.length > MOST_VALUES) throw refused('The scope has too many values', { name: 'scope (values)', sent: String(values.length), expected: `≤ ${MOST_VALUES}` })
  if (!values.every((value) => TOKEN.test(value))) throw refused('The scope has characters that are not allowed', { name: 'scope', sent: values.find((value) => !TOKEN.test(value)), expected: '%x21 / %x23-5B / %x5D-7E' })
  return values
}

/** Those of `values` that are not in `allowed`. */
export function beyond(values: readonly string[], allowed: readonly string[]): readonly string[] {
  const set = new Set(allowed)
  return values.filter((value) => !set.has(value))
}

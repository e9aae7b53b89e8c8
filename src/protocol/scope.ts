import { invalidScope } from './error.ts'

const TOKEN = /^[\x21\x23-\x5B\x5D-\x7E]+$/
const MOST_VALUES = 100
const LONGEST = 4096

/** Parses a `scope` (RFC 6749 §3.3) into its values, each once, in the order given. Throws `invalid_scope`. */
export function parseScope(scope: string | undefined): readonly string[] {
  if (scope === undefined) return []
  if (scope.length > LONGEST) throw invalidScope('The scope is too long')
  const values = [...new Set(scope.split(' ').filter((value) => value !== ''))]
  if (values.length > MOST_VALUES) throw invalidScope('The scope has too many values')
  if (!values.every((value) => TOKEN.test(value))) throw invalidScope('The scope has characters that are not allowed')
  return values
}

/** Those of `values` that are not in `allowed`. */
export function beyond(values: readonly string[], allowed: readonly string[]): readonly string[] {
  const set = new Set(allowed)
  return values.filter((value) => !set.has(value))
}

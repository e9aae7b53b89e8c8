import { z } from 'zod'
import { pick, type Form } from './form.ts'
import { invalidRequest, type OAuthError } from './error.ts'

// zod at the door: field types that requests share, and the one mapping from a zod issue to an RFC code.

const LONGEST = 8192

/** A parameter as text, at most 8 KiB. */
export const text = z.string().max(LONGEST)

/** A whole number of seconds, 0 or more, as digits. */
export const seconds = z.string().regex(/^\d{1,9}$/).transform(Number)

/** A parameter that may stand several times. */
export const texts = z.array(text).max(20)

type ErrorOf = (description: string, options: { parameter: string }) => OAuthError

/**
 * Reads `form` through `schema`. A missing or malformed field throws `invalid_request`, or what `codes` names for that field.
 * What the schema does not name is ignored (RFC 6749 §3.1).
 */
export function readFields<S extends z.ZodObject>(schema: S, form: Form, codes: Readonly<Record<string, ErrorOf>> = {}): z.output<S> {
  const result = schema.safeParse(pick(form, Object.keys(schema.shape)))
  if (result.success) return result.data
  const issue = result.error.issues[0]
  const parameter = String(issue?.path[0] ?? 'request')
  const missing = !form.single.has(parameter) && !form.repeatable.has(parameter)
  const make = missing ? invalidRequest : (codes[parameter] ?? invalidRequest)
  throw make(missing ? `Missing parameter: ${parameter}` : `The parameter is not valid: ${parameter}`, { parameter })
}

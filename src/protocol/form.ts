import { isFit } from '../lib/fit-text.ts'
import { invalidRequest } from './error.ts'

// The one reader of application/x-www-form-urlencoded text, in bodies and in queries: strict where the platform's parsers are lenient
// (they take broken encoding as it stands and turn a repeated parameter into an array).

/** Parameters of one request: each name once, empty ones dropped (RFC 6749 §3.1), those that may repeat in order. */
export interface Form {
  readonly single: ReadonlyMap<string, string>
  readonly repeatable: ReadonlyMap<string, readonly string[]>
  /** Names that stood more than once and may not; they have no value. */
  readonly repeated: ReadonlySet<string>
}

// RFC 8707 §2 and RFC 8693 §2.1 let these stand several times; the last is a group of boxes on the consent page.
const REPEATABLE = new Set(['resource', 'audience', 'optional_scope'])

/** Whether a parameter may stand several times. */
export function isRepeatable(name: string): boolean {
  return REPEATABLE.has(name)
}

const MOST_PARAMETERS = 100
const TOO_MANY = { trace: { cause: 'request.too_large', compared: [{ name: 'parameters', expected: `≤ ${MOST_PARAMETERS}` }] } } as const
/** A parameter's name as names are; anything else may be what somebody pasted there. */
const NAME = /^[a-z][a-z0-9_]{0,50}$/

export const emptyForm: Form = { single: new Map(), repeatable: new Map(), repeated: new Set() }

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    throw invalidRequest('A parameter is not valid percent-encoded UTF-8', { trace: { cause: 'request.not_form' } })
  }
}

/** Names and values in the order given as a form. Throws `invalid_request` for NUL, lone surrogates, or more than 100 parameters. */
export function formOf(pairs: readonly (readonly [name: string, value: string])[]): Form {
  const single = new Map<string, string>()
  const repeatable = new Map<string, string[]>()
  const seen = new Set<string>()
  const repeated = new Set<string>()
  if (pairs.length > MOST_PARAMETERS) throw invalidRequest('The request has too many parameters', TOO_MANY)
  for (const [name, value] of pairs) {
    if (!isFit(name) || !isFit(value)) throw invalidRequest('A parameter has characters that are not allowed', { trace: { cause: 'request.not_form' } })
    if (REPEATABLE.has(name)) {
      if (value !== '') repeatable.set(name, [...(repeatable.get(name) ?? []), value])
      continue
    }
    if (seen.has(name)) repeated.add(name)
    seen.add(name)
    if (value !== '') single.set(name, value)
  }
  for (const name of repeated) single.delete(name)
  return { single, repeatable, repeated }
}

/** Parses `a=1&b=2`. Throws `invalid_request` for broken percent-encoding, NUL, or more than 100 parameters; what is repeated is told, not thrown. */
export function parseForm(text: string): Form {
  if (text.includes('\0') || text.includes('\uFFFD')) throw invalidRequest('The request has characters that are not allowed', { trace: { cause: 'request.not_form' } })
  const parts = text.split('&')
  if (parts.length > MOST_PARAMETERS) throw invalidRequest('The request has too many parameters', TOO_MANY)
  const pairs = parts.filter((part) => part !== '').map((part): [string, string] => {
    const at = part.indexOf('=')
    return [decode(at < 0 ? part : part.slice(0, at)), at < 0 ? '' : decode(part.slice(at + 1))]
  })
  return formOf(pairs)
}

/** The form, when no parameter is repeated (RFC 6749 §3.1 and §3.2). Throws `invalid_request`. */
export function requireOnce(form: Form): Form {
  const [name] = form.repeated
  if (name !== undefined) throw invalidRequest('A parameter is given more than once', { detail: name.slice(0, 100), trace: { cause: 'request.duplicate_param', compared: [{ name: NAME.test(name) ? name : '-', sent: '2', expected: '1' }], hints: NAME.test(name) ? [{ name: 'parameter', values: { parameter: name } }] : [] } })
  return form
}

/** Some parameters by name, as a plain record for a zod schema: what is absent is absent, what may repeat is a list. */
export function pick(form: Form, names: readonly string[]): Record<string, string | readonly string[]> {
  const record: Record<string, string | readonly string[]> = {}
  for (const name of names) {
    const value = form.single.get(name) ?? form.repeatable.get(name)
    if (value !== undefined) record[name] = value
  }
  return record
}

// Owns how what a person typed gets into a search filter (RFC 4515): as a value and nothing else. A declared filter has a place for it, and
// that place is inside a value; whatever is put there cannot end it.

const SPECIAL = /[\\*()\0]/g

/** A value as it stands in a filter: the five signs that mean something there are written as hexadecimal digits (RFC 4515 §3). */
export function escapeFilterValue(text: string): string {
  return text.replaceAll(SPECIAL, (sign) => `\\${sign.charCodeAt(0).toString(16).padStart(2, '0')}`)
}

// An escape above 7f would be a byte of a longer sign; the library reads each as a sign of its own.
const ITEM = /^[A-Za-z][\w-]*(?::dn)?(?::[\w.-]+:)?(?:=|>=|<=|~=)(?:[^()\\\0]|\\[0-7][0-9a-fA-F])*$/
const MOST_DEPTH = 10

function endOfFilter(text: string, start: number, depth: number): number | undefined {
  if (text[start] !== '(' || depth > MOST_DEPTH) return undefined
  const sign = text[start + 1]
  if (sign !== '&' && sign !== '|' && sign !== '!') {
    const end = text.indexOf(')', start)
    return end > 0 && ITEM.test(text.slice(start + 1, end)) ? end + 1 : undefined
  }
  let at: number | undefined = start + 2
  let parts = 0
  while (at !== undefined && text[at] === '(') {
    at = endOfFilter(text, at, depth + 1)
    parts += 1
  }
  const isWhole = at !== undefined && text[at] === ')' && parts > 0 && (sign !== '!' || parts === 1)
  return isWhole && at !== undefined ? at + 1 : undefined
}

const PLACE = /\{(\w+)\}/g
const PLACE_OUTSIDE_VALUE = /\{\w+\}[^=()]*[=:]/

/** What is wrong with a declared filter that has places for these names; nothing when it will do. At least one of them must be there. */
export function filterFault(template: string, names: readonly string[]): string | undefined {
  const found = [...template.matchAll(PLACE)].map((match) => match[1] ?? '')
  const places = names.map((name) => `{${name}}`).join(' or ')
  if (!found.some((name) => names.includes(name))) return `must have ${places} where the value goes`
  if (found.some((name) => !names.includes(name))) return `has a place that nothing goes to; there is ${places}`
  if (PLACE_OUTSIDE_VALUE.test(template)) return `must have ${places} inside a value only`
  return endOfFilter(template.replaceAll(PLACE, 'x'), 0, 0) === template.replaceAll(PLACE, 'x').length ? undefined : 'must be a search filter in parentheses (RFC 4515)'
}

/** A declared filter with its values. */
export function fillFilter(template: string, values: Readonly<Record<string, string>>): string {
  return template.replaceAll(PLACE, (place, name: string) => (Object.hasOwn(values, name) ? escapeFilterValue(values[name] ?? '') : place))
}

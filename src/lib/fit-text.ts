/** NUL, and half of a character: the database keeps neither. A form cannot bring them; JSON, which writes them as `\u0000` and `\ud800`, can. */
const UNFIT = /[\0\p{Surrogate}]/u
/** What is nested deeper says nothing, and would exhaust the stack of whoever writes it down. */
const DEEPEST = 100

/** Whether a value that was read from JSON can be kept: each text of it, names of members included. */
export function isFit(value: unknown, depth = 0): boolean {
  if (typeof value === 'string') return !UNFIT.test(value)
  return typeof value !== 'object' || value === null || (depth < DEEPEST && Object.entries(value).every(([name, inner]) => isFit(name) && isFit(inner, depth + 1)))
}

/** A text that can be kept in the place of one that may not be. */
export function storable(text: string): string {
  return Buffer.from(text).toString('utf8').replaceAll('\0', '\uFFFD')
}

declare module 'pg/lib/utils.js' {
  /** A value as pg writes it into a statement: text, bytes, or nothing. Throws for what cannot be written. */
  export function prepareValue(value: unknown): string | Buffer | null
}

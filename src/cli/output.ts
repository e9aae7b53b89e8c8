import { styleText } from 'node:util'
import type { Io } from './io.ts'

// Owns how results look: `--json` for programs (stable), `--quiet` for shells (ids only), tables and sentences for people.

export interface OutputOptions {
  readonly json?: boolean
  readonly quiet?: boolean
}

export interface Result {
  readonly json: unknown
  readonly ids: readonly string[]
  readonly text: string
}

/** Prints a result in the form that was asked for. */
export function print(io: Io, options: OutputOptions, result: Result): void {
  if (options.json === true) io.out(`${JSON.stringify(result.json, null, 2)}\n`)
  else if (options.quiet === true) io.out(result.ids.map((id) => `${id}\n`).join(''))
  else io.out(result.text === '' || result.text.endsWith('\n') ? result.text : `${result.text}\n`)
}

/** A table with a header; columns are as wide as their longest cell. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((cell, i) => Math.max(cell.length, ...rows.map((row) => row[i]?.length ?? 0)))
  const line = (row: readonly string[]): string => row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ').trimEnd()
  return `${[header, ...rows].map(line).join('\n')}\n`
}

/** Names and values, one a line. */
export function facts(pairs: readonly (readonly [string, string])[]): string {
  const width = Math.max(...pairs.map(([name]) => name.length))
  return `${pairs.map(([name, value]) => `${`${name}:`.padEnd(width + 2)}${value}`).join('\n')}\n`
}

export type Tone = 'green' | 'yellow' | 'red' | 'bold' | 'dim'

/** Colour for people at a terminal only, and not with NO_COLOR. */
export function tone(io: Io, name: Tone, text: string): string {
  return io.isTerminal && (io.env['NO_COLOR'] ?? '') === '' ? styleText(name, text) : text
}

import type { Readable } from 'node:stream'
import { createInterface } from 'node:readline'

export type Level = 'info' | 'warn' | 'error'
export type Log = (level: Level, line: string) => void

// Statements, values and details never reach the log: they carry hashes, names and addresses of people. Errors of single statements
// reach the caller through the driver, so the server's own log needs only what concerns the server.
export const LOG_SETTINGS: Readonly<Record<string, string>> = {
  log_min_messages: 'log',
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
  log_parameter_max_length_on_error: '0',
  log_checkpoints: 'off',
  log_line_prefix: '',
  lc_messages: 'C',
}

/** Level and text of one line of PostgreSQL's log (`LOG:  …`, `FATAL:  …`, `PANIC:  …`). */
export function parseLine(line: string): { readonly level: Level; readonly text: string } {
  const match = /^([A-Z]+):\s+(.*)$/.exec(line)
  if (match === null) return { level: 'info', text: line.trim() }
  const [, severity = '', text = ''] = match
  // FATAL ends one session (of a dropped connection, of too many); when it ends a start, the start throws.
  if (severity === 'PANIC') return { level: 'error', text }
  return { level: severity === 'LOG' || severity === 'INFO' ? 'info' : 'warn', text }
}

/** Gives every line of a stream to `take`; blank ones are left out. */
export function eachLine(stream: Readable, take: (line: string) => void): void {
  // A reader that left closes the pipe under a server that goes on: not an error of ours.
  stream.on('error', () => {})
  createInterface({ input: stream }).on('line', (line) => {
    if (line.trim() !== '') take(line)
  }).on('error', () => {})
}

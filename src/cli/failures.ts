import { CommanderError } from 'commander'
import { ConfigError } from '../config.ts'
import { EmbeddedPostgresError } from '../database/embedded/fault.ts'
import { isDatabaseUnavailable } from '../database/unavailable.ts'
import { DeclarationError, formatFault } from '../declarations/fault.ts'
import { SealedKeyError } from '../keys/store.ts'
import type { Io } from './io.ts'
import { tone } from './output.ts'
import { Failure, status } from './status.ts'

// Owns what a person reads when a command fails: what, where, what to do. Never a stack, unless the log level asks for it.

interface Told {
  readonly lines: readonly string[]
  readonly remedy?: string | undefined
  readonly exitStatus: number
}

function detail(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(detail).join('; ')
  return error instanceof Error ? error.message || error.name : String(error)
}

function tell(error: unknown, io: Io): Told {
  if (error instanceof Failure) return { lines: [error.message], remedy: error.remedy, exitStatus: error.exitStatus }
  if (error instanceof ConfigError) return { lines: error.faults, remedy: 'the variables are listed by: portner config print', exitStatus: status.usage }
  if (error instanceof DeclarationError) return { lines: error.faults.map(formatFault), remedy: 'nothing was applied', exitStatus: status.usage }
  if (error instanceof SealedKeyError) return { lines: [error.message], remedy: 'set PORTNER_SECRET_KEY to the key this database was made with (several, comma separated, while one replaces another)', exitStatus: status.failed }
  if (error instanceof EmbeddedPostgresError) return { lines: [error.message], exitStatus: status.failed }
  if (isDatabaseUnavailable(error)) return { lines: [`The database cannot be asked: ${detail(error)}`], remedy: 'check DATABASE_URL and that PostgreSQL runs; portner doctor says more', exitStatus: status.failed }
  const stack = io.env['LOG_LEVEL'] === 'debug' || io.env['LOG_LEVEL'] === 'trace'
  return { lines: [stack && error instanceof Error ? (error.stack ?? error.message) : detail(error)], remedy: stack ? undefined : 'LOG_LEVEL=debug shows where this came from', exitStatus: status.failed }
}

/** Tells a failure on standard error and gives the exit status. What commander refuses it has already told. */
export function reportFailure(error: unknown, io: Io): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? status.ok : status.usage
  const { lines, remedy, exitStatus } = tell(error, io)
  for (const line of lines) io.err(`${tone(io, 'red', 'error:')} ${line}\n`)
  if (remedy !== undefined) io.err(`${tone(io, 'dim', '→')} ${remedy}\n`)
  return exitStatus
}

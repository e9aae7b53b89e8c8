import type { Kysely } from 'kysely'
import type { Config } from '../../config.ts'
import type { Database } from '../../database/schema.ts'

// Owns what a finding is. The checks beside it are what `portner doctor` and the operators' pages ask; they change nothing.

/** What a check found: good, odd or broken, and what to do about it. */
export interface Finding {
  readonly check: string
  readonly result: 'ok' | 'warn' | 'fail'
  readonly message: string
  readonly fix?: string
}

/** A check that needs the configuration only. */
export type ConfigCheck = (config: Config) => readonly Finding[]

/** A check that asks the database. It is not run while migrations are pending. */
export type DatabaseCheck = (config: Config, db: Kysely<Database>) => Promise<readonly Finding[]>

export function ok(check: string, message: string): Finding {
  return { check, result: 'ok', message }
}

export function warn(check: string, message: string, fix: string): Finding {
  return { check, result: 'warn', message, fix }
}

export function fail(check: string, message: string, fix: string): Finding {
  return { check, result: 'fail', message, fix }
}

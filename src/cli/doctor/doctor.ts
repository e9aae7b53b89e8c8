import type { Command as Commander } from 'commander'
import { type Config, ConfigError, readConfig } from '../../config.ts'
import type { Connection } from '../../database/connect.ts'
import { pendingMigrations } from '../../database/migrate.ts'
import { type Command, withExamples, withOutputOptions } from '../command.ts'
import { reachDatabase, toolLog, withPlainDatabase } from '../connect.ts'
import type { Io } from '../io.ts'
import { type OutputOptions, print, tone } from '../output.ts'
import { status } from '../status.ts'
import { fail, type Finding, ok } from '../../system/findings/check.ts'
import { configurationChecks } from '../../system/findings/configuration.ts'
import { databaseChecks, serverFindings } from '../../system/findings/database.ts'
import { runningFindings } from './running.ts'

// Owns the examination: every check, one line each, with what to do. It changes nothing.

async function examineDatabase(config: Config, connection: Connection): Promise<readonly Finding[]> {
  return withPlainDatabase(connection, async (db) => {
    const found = [...(await serverFindings(db))]
    const pending = await pendingMigrations(db)
    if (pending.length > 0) return [...found, fail('migrations', `${pending.length} are pending, from ${pending[0]} on`, 'portner migrate up')]
    found.push(ok('migrations', 'up to date'))
    for (const check of databaseChecks) found.push(...(await check(config, db)))
    return found
  })
}

async function databaseFindings(config: Config, io: Io): Promise<readonly Finding[]> {
  try {
    const reached = await reachDatabase(config, toolLog(config, io))
    try {
      return await examineDatabase(config, reached.connection)
    } finally {
      await reached.release()
    }
  } catch (error) {
    return [fail('database', `It cannot be asked: ${error instanceof Error ? error.message || String(error) : String(error)}`, 'check DATABASE_URL, that PostgreSQL runs and that this user may connect')]
  }
}

async function examine(io: Io): Promise<readonly Finding[]> {
  let config: Config
  try {
    config = readConfig(io.env, { demo: false })
  } catch (error) {
    if (error instanceof ConfigError) return error.faults.map((fault) => fail('configuration', fault, 'portner config print shows every setting'))
    throw error
  }
  return [ok('configuration', 'can be read'), ...configurationChecks.flatMap((check) => check(config)), ...(await databaseFindings(config, io)), ...(await runningFindings(config))]
}

const TONES = { ok: 'green', warn: 'yellow', fail: 'red' } as const

async function doctor(io: Io, options: OutputOptions): Promise<number> {
  const findings = await examine(io)
  const lines = findings.map(({ check, result, message, fix }) => `${tone(io, TONES[result], result.padEnd(4))}  ${check}: ${message}${fix === undefined ? '' : `\n      → ${fix}`}\n`)
  const broken = findings.some((finding) => finding.result === 'fail')
  print(io, options, { json: { healthy: !broken, findings }, ids: findings.filter((finding) => finding.result !== 'ok').map((finding) => finding.check), text: lines.join('') })
  return broken ? status.failed : status.ok
}

function register(parent: Commander, io: Io, finish: (status: number) => void): void {
  const command = withOutputOptions(parent.command('doctor'))
    .description('look for what is wrong: ok, warn or fail, and what to do; status 1 when something fails')
    .action(async (options: OutputOptions) => finish(await doctor(io, options)))
  withExamples(command, ['portner doctor', 'portner doctor --json'])
}

export const doctorCommand: Command = { name: 'doctor', register }

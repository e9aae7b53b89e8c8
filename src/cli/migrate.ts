import type { Command as Commander } from 'commander'
import { readConfig } from '../config.ts'
import { migrateToLatest, pendingMigrations } from '../database/migrate.ts'
import { type Command, withExamples, withOutputOptions } from './command.ts'
import { reachDatabase, toolLog, withPlainDatabase } from './connect.ts'
import type { Io } from './io.ts'
import { type OutputOptions, print } from './output.ts'
import { status } from './status.ts'

async function up(io: Io, options: OutputOptions): Promise<number> {
  const config = readConfig(io.env, { demo: false })
  const reached = await reachDatabase(config, toolLog(config, io))
  try {
    const { applied } = await withPlainDatabase(reached.connection, migrateToLatest)
    print(io, options, { json: { applied }, ids: applied, text: applied.length === 0 ? 'nothing to do: the database is up to date' : applied.map((name) => `applied ${name}`).join('\n') })
    return status.ok
  } finally {
    await reached.release()
  }
}

async function showPending(io: Io, options: OutputOptions): Promise<number> {
  const config = readConfig(io.env, { demo: false })
  const reached = await reachDatabase(config, toolLog(config, io))
  try {
    const pending = await withPlainDatabase(reached.connection, pendingMigrations)
    print(io, options, { json: { pending }, ids: pending, text: pending.length === 0 ? 'up to date' : `${pending.map((name) => `pending ${name}`).join('\n')}\nrun: portner migrate up` })
    return pending.length === 0 ? status.ok : status.notReady
  } finally {
    await reached.release()
  }
}

function register(parent: Commander, io: Io, finish: (status: number) => void): void {
  const group = parent.command('migrate').description('bring the database up to date, or say whether it is')
  withExamples(
    withOutputOptions(group.command('up', { isDefault: true }).description('apply what is pending; safe when several run at once')).action(async (options: OutputOptions) => finish(await up(io, options))),
    ['portner migrate', 'portner migrate up --json'],
  )
  withExamples(
    withOutputOptions(group.command('status').description('list what is pending; status 4 when there is something')).action(async (options: OutputOptions) => finish(await showPending(io, options))),
    ['portner migrate status'],
  )
}

export const migrateCommand: Command = { name: 'migrate', register }

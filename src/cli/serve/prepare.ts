import type { Log } from '../../audit/log.ts'
import type { Config } from '../../config.ts'
import type { Context } from '../../context.ts'
import type { Connection } from '../../database/connect.ts'
import { migrateToLatest } from '../../database/migrate.ts'
import { applyDeclarations } from '../../declarations/apply.ts'
import { DeclarationError, type Fault, formatFault } from '../../declarations/fault.ts'
import { readSourceFiles } from '../../declarations/source-files.ts'
import { demoDocuments } from '../../demo/demo-data.ts'
import { giveDemoFactor } from '../../demo/demo-factor.ts'
import { giveDemoRoles } from '../../demo/demo-roles.ts'
import { withPlainDatabase } from '../connect.ts'
import type { Io } from '../io.ts'
import { offered } from '../../endpoints/offered.ts'
import { drawnText } from '../print-changes.ts'

// Owns what is done to a database before it is served: once, by one process, and harmless when two do it.

/** Applies pending migrations. */
export async function migrateAtStart(connection: Connection, log: Log): Promise<void> {
  const { applied } = await withPlainDatabase(connection, migrateToLatest)
  if (applied.length > 0) log.info({ applied }, 'migrated the database')
}

/** Applies the files of PORTNER_CONFIG and, in the demo, its documents. Throws DeclarationError: a server with half a configuration does not start. */
export async function applyAtStart(ctx: Context, config: Config, io: Io): Promise<void> {
  const faults: Fault[] = []
  const files = [...readSourceFiles(config.configFiles, faults), ...(config.demo ? [{ name: '<demo>', text: demoDocuments(config.issuer), directory: process.cwd() }] : [])]
  if (faults.length > 0) throw new DeclarationError(faults)
  if (files.length === 0) return
  const applied = await applyDeclarations(ctx, files, { offered, env: io.env, demo: config.demo, prune: false })
  if (config.demo) await Promise.all([giveDemoFactor(ctx), giveDemoRoles(ctx)])
  for (const warning of applied.warnings) ctx.log.warn(formatFault(warning))
  if (applied.changes.length > 0) ctx.log.info({ changes: applied.changes.length }, 'applied the configuration')
  // On standard error, once, and not in the log, which is kept.
  io.err(drawnText(applied))
}

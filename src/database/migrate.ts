import { type Kysely, Migrator } from 'kysely'
import { migrations } from '../../migrations/index.ts'

export interface MigrationReport {
  readonly applied: readonly string[]
}

function migrator<DB>(db: Kysely<DB>): Migrator {
  return new Migrator({
    db,
    provider: { getMigrations: async () => migrations },
    // Without it the Migrator takes a bookkeeping table of any other schema for ours and then cannot find it.
    migrationTableSchema: 'public',
  })
}

/** Applies every pending migration. Safe when several processes start at once (Kysely holds a lock). Throws what the failed migration threw. */
export async function migrateToLatest<DB>(db: Kysely<DB>): Promise<MigrationReport> {
  const { error, results } = await migrator(db).migrateToLatest()
  if (error !== undefined) throw error
  return { applied: (results ?? []).filter((result) => result.status === 'Success').map((result) => result.migrationName) }
}

/** Names of migrations that the code has and the database has not. */
export async function pendingMigrations<DB>(db: Kysely<DB>): Promise<readonly string[]> {
  const known = await migrator(db).getMigrations()
  return known.filter((migration) => migration.executedAt === undefined).map((migration) => migration.name)
}

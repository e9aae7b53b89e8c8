import { type Kysely, sql } from 'kysely'
import { hasSecret } from '../../clients/client.ts'
import { profileOf } from '../../clients/profile-rules.ts'
import { listClients } from '../../clients/store.ts'
import type { Config } from '../../config.ts'
import type { Database } from '../../database/schema.ts'
import { createSealing } from '../../keys/sealing.ts'
import { loadSecretKeys } from '../../keys/secret-key.ts'
import { listKeys, SealedKeyError } from '../../keys/store.ts'
import { listProviders } from '../../upstream/store.ts'
import { type DatabaseCheck, fail, type Finding, ok, warn } from './check.ts'
import { federations } from './federations.ts'

// What only the database can tell, once its tables are there.

const MOST_SKEW_SECONDS = 5

/** Version and clock: these need no tables. */
export async function serverFindings(db: Kysely<Database>): Promise<readonly Finding[]> {
  const before = Date.now()
  const { rows } = await sql<{ version: string; number: string; now: Date }>`select current_setting('server_version') as version, current_setting('server_version_num') as number, clock_timestamp() as now`.execute(db)
  const [row] = rows
  if (row === undefined) return [fail('database', 'it answers nothing', 'check DATABASE_URL')]
  const version = Number(row.number) >= 150_000 ? ok('database', `PostgreSQL ${row.version}`) : fail('database', `PostgreSQL ${row.version} is too old`, 'use PostgreSQL 15 or newer')
  const skew = Math.abs(row.now.getTime() - (before + Date.now()) / 2) / 1000
  const clock = skew > MOST_SKEW_SECONDS ? fail('clock', `This machine and the database differ by ${skew.toFixed(1)} s: tokens are dated by one and expire by the other`, 'run NTP on both') : ok('clock', `differs from the database's by ${skew.toFixed(1)} s`)
  return [version, clock]
}

const keys: DatabaseCheck = async (config: Config, db) => {
  try {
    const list = await listKeys(db, createSealing(loadSecretKeys(config)))
    if (list.length === 0) return [warn('keys', 'There is no signing key yet', 'the first start of the server makes them')]
    return [ok('keys', `${list.length} signing keys open with the secret key`)]
  } catch (error) {
    if (error instanceof SealedKeyError) return [fail('keys', error.message, 'set PORTNER_SECRET_KEY to the key that this database was made with')]
    throw error
  }
}

const clients: DatabaseCheck = async (_config, db) => {
  const list = await listClients(db)
  if (list.length === 0) return [warn('clients', 'There is no client: nobody can sign in to anything', 'portner client create, or portner apply')]
  const loose = list.filter((client) => client.metadata.compatibility.length > 0 || profileOf(client).outdated)
  return [
    ok('clients', `${list.length} clients`),
    ...loose.map((client) =>
      warn('compatibility', `client ${client.clientId} uses ${[...client.metadata.compatibility, ...(profileOf(client).outdated ? [`profile: ${client.metadata.profile}`] : [])].join(', ')}`, 'bring the client up to date and take the switch away'),
    ),
    ...list.filter((client) => hasSecret(client.metadata) && client.secretHashes.length === 0).map((client) => warn('clients', `client ${client.clientId} has no secret and cannot authenticate`, `portner client rotate-secret ${client.clientId}`)),
  ]
}

const directories: DatabaseCheck = async (_config, db) => {
  const list = await listProviders(db)
  const open = list.filter(({ document }) => typeof document === 'object' && document !== null && 'allow_unencrypted' in document && document.allow_unencrypted === true)
  return open.map(({ id }) => warn('directories', `provider ${id} sends passwords unencrypted (allow_unencrypted)`, 'give the directory a certificate, then use ldaps:// or start_tls: true and take the switch away'))
}

export const databaseChecks: readonly DatabaseCheck[] = [keys, clients, directories, federations]

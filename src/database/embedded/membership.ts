import { Client } from 'pg'
import { codeOf, EmbeddedPostgresError } from './fault.ts'
import { type Cluster, SUPERUSER } from './initialise.ts'
import type { Place } from './place.ts'
import type { Postmaster } from './postmaster.ts'

// Owns who uses the server: every process holds a shared advisory lock on a connection of its own, so that it vanishes with the process
// however that dies. Who leaves last, and so gets the lock alone, stops the server: a command beside a running server does not pull the
// database from under it, and a server left by a killed process is stopped by the next one.

export const DATABASE = 'portner'
const LOCK = 7_308_893_246_501_377n

export interface Membership {
  /** Resolves when the connection is lost. */
  readonly lost: Promise<void>
  /** True when no other process uses the server; from then on none can join. */
  leave: () => Promise<boolean>
  close: () => Promise<void>
}

export interface Address {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password?: string
}

/** Where a running server is reached. */
export function addressOf(found: Pick<Postmaster, 'port' | 'socketDir'>, cluster: Cluster): Address {
  const base = { port: found.port, user: SUPERUSER }
  return cluster.password === undefined ? { ...base, host: found.socketDir } : { ...base, host: '127.0.0.1', password: cluster.password }
}

// The answer on the socket is the last proof that this is our cluster and not another server in its place.
async function prove(client: Client, place: Place, cluster: Cluster): Promise<void> {
  const { rows } = await client.query<{ mark: string; directory: string }>(
    `SELECT current_setting('cluster_name') AS mark, current_setting('data_directory') AS directory`,
  )
  const [row] = rows
  const samePlace = process.platform === 'win32' || row?.directory === place.cluster
  if (row?.mark !== cluster.mark || !samePlace) {
    throw new EmbeddedPostgresError(`Another PostgreSQL (of ${row?.directory ?? 'an unknown directory'}) answers in the place of the one in ${place.cluster}. Stop it first.`)
  }
}

async function ensureDatabase(client: Client): Promise<void> {
  const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [DATABASE])
  if (rowCount !== 0) return
  try {
    await client.query(`CREATE DATABASE ${DATABASE}`)
  } catch (error) {
    // Two processes made it at once.
    if (codeOf(error) !== '42P04' && codeOf(error) !== '23505') throw error
  }
}

async function leaveLock(client: Client): Promise<boolean> {
  await client.query('SELECT pg_advisory_unlock_shared($1)', [LOCK])
  const { rows } = await client.query<{ alone: boolean }>('SELECT pg_try_advisory_lock($1) AS alone', [LOCK])
  return rows[0]?.alone === true
}

/** Proves the server, makes the database `portner` when it is missing and takes part. Throws what the driver throws when the server is going. */
export async function join(address: Address, place: Place, cluster: Cluster): Promise<Membership> {
  const client = new Client({ ...address, database: 'postgres', ssl: false, application_name: 'portner-member', connectionTimeoutMillis: 10_000 })
  const lost = new Promise<void>((resolve) => {
    client.on('error', () => resolve())
    client.on('end', () => resolve())
  })
  try {
    await client.connect()
    await prove(client, place, cluster)
    await client.query('SELECT pg_advisory_lock_shared($1)', [LOCK])
    await ensureDatabase(client)
  } catch (error) {
    await client.end().catch(() => {})
    throw error
  }
  return { lost, leave: () => leaveLock(client), close: () => client.end().catch(() => {}) }
}

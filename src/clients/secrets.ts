import { type Kysely, sql, type Transaction } from 'kysely'
import type { Context } from '../context.ts'
import type { Database } from '../database/schema.ts'
import { sha256 } from '../lib/digest.ts'
import { newRowId } from '../lib/random.ts'

// Owns client_secrets. A secret is drawn by us or has 128 bits or more, so its SHA-256 is enough; the last three characters are kept so
// that its owner can tell two secrets apart. Several may be live: that is how one is replaced without a gap.

/** The live secrets of some clients, as hashes. */
export async function listSecretHashes(db: Kysely<Database>, clientKeys: readonly string[]): Promise<ReadonlyMap<string, readonly Buffer[]>> {
  const rows = await db
    .selectFrom('client_secrets')
    .select(['client_key', 'secret_hash'])
    .where('client_key', '=', sql<string>`any(${[...clientKeys]}::bigint[])`)
    .where((eb) => eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', sql<Date>`clock_now()`)]))
    .execute()
  return group(rows)
}

function group(rows: readonly { client_key: string; secret_hash: Buffer }[]): ReadonlyMap<string, readonly Buffer[]> {
  const hashes = new Map<string, Buffer[]>()
  for (const row of rows) hashes.set(row.client_key, [...(hashes.get(row.client_key) ?? []), row.secret_hash])
  return hashes
}

export interface SecretRow {
  readonly hint: string
  readonly createdAt: Date
  readonly expiresAt: Date | undefined
}

export async function listSecrets(db: Kysely<Database>, clientKey: string): Promise<readonly SecretRow[]> {
  const rows = await db.selectFrom('client_secrets').select(['hint', 'created_at', 'expires_at']).where('client_key', '=', clientKey).orderBy('created_at').execute()
  return rows.map((row) => ({ hint: row.hint, createdAt: row.created_at, expiresAt: row.expires_at ?? undefined }))
}

/** A secret as the database keeps it. `sealed` is there for `client_secret_jwt` alone, where the secret itself makes the signature. */
export interface KeptSecret {
  readonly hash: Buffer
  readonly hint: string
  readonly sealed: Buffer | null
}

/** How a secret of a client with that authentication method is kept. */
export function keptSecret(ctx: Context, clientKey: string, method: string, secret: string): KeptSecret {
  return { hash: sha256(secret), hint: secret.slice(-3), sealed: method === 'client_secret_jwt' ? ctx.sealing.seal('client-secret', Buffer.from(secret), clientKey) : null }
}

/** Every secret that a client has had and that is still known, ended ones too. */
export async function listAllSecrets(db: Kysely<Database>, clientKey: string): Promise<readonly { readonly hash: Buffer; readonly createdAt: Date; readonly endedAt: Date | undefined }[]> {
  const rows = await db.selectFrom('client_secrets').select(['secret_hash', 'created_at', 'expires_at']).where('client_key', '=', clientKey).orderBy('created_at').execute()
  return rows.map((row) => ({ hash: row.secret_hash, createdAt: row.created_at, endedAt: row.expires_at ?? undefined }))
}

/** The live secrets of a client that are kept sealed. */
export async function readSealedSecrets(ctx: Context, clientKey: string): Promise<readonly Buffer[]> {
  const { rows } = await sql<{ sealed: Buffer }>`select sealed from client_secrets where client_key = ${clientKey} and sealed is not null and (expires_at is null or expires_at > clock_now())`.execute(ctx.db)
  return rows.flatMap(({ sealed }) => ctx.sealing.unseal('client-secret', sealed, clientKey) ?? [])
}

/** Adds a secret; the ones there are expire after `overlapSeconds` (0: at once). */
export async function addSecret(trx: Transaction<Database>, clientKey: string, secret: KeptSecret, overlapSeconds: number, nowMilliseconds: number): Promise<void> {
  await trx
    .updateTable('client_secrets')
    .set({ expires_at: sql`least(expires_at, clock_now() + make_interval(secs => ${overlapSeconds}))` })
    .where('client_key', '=', clientKey)
    .execute()
  await insertSecret(trx, clientKey, secret, false, nowMilliseconds)
}

async function insertSecret(trx: Transaction<Database>, clientKey: string, { hash, hint, sealed }: KeptSecret, declared: boolean, nowMilliseconds: number): Promise<void> {
  await trx.insertInto('client_secrets').values({ secret_id: newRowId(nowMilliseconds), client_key: clientKey, secret_hash: hash, hint, sealed, declared }).execute()
}

/** The hash of the declared secret of each client that has one, by client key. */
export async function listDeclaredSecrets(db: Kysely<Database>): Promise<ReadonlyMap<string, Buffer>> {
  const rows = await db.selectFrom('client_secrets').select(['client_key', 'secret_hash']).where('declared', '=', true).where('expires_at', 'is', null).execute()
  return new Map(rows.map((row) => [row.client_key, row.secret_hash]))
}

/** Makes `secret` the one declared secret of a client; those added by hand stay. Returns whether that changed anything. */
export async function declareSecret(trx: Transaction<Database>, clientKey: string, secret: KeptSecret, nowMilliseconds: number): Promise<boolean> {
  const live = await trx.selectFrom('client_secrets').select(['secret_hash', 'sealed']).where('client_key', '=', clientKey).where('declared', '=', true).where('expires_at', 'is', null).execute()
  const [only, another] = live
  if (another === undefined && only?.secret_hash.equals(secret.hash) === true && (only.sealed === null) === (secret.sealed === null)) return false
  await trx.deleteFrom('client_secrets').where('client_key', '=', clientKey).where('declared', '=', true).execute()
  await insertSecret(trx, clientKey, secret, true, nowMilliseconds)
  return true
}

import { type Kysely, sql, type Transaction } from 'kysely'
import { LRUCache } from 'lru-cache'
import { perContext, type Context } from '../context.ts'
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

/** As many may be live at once: the old one until everything uses the new one. */
export const MOST_SECRETS = 2

/** A live secret, as its owner tells it from the other. */
export interface LiveSecret {
  readonly secretId: string
  readonly hint: string
  readonly createdAt: Date
  readonly expiresAt: Date | undefined
  /** To the hour. */
  readonly usedAt: Date | undefined
}

export async function listLiveSecrets(db: Kysely<Database>, clientKey: string): Promise<readonly LiveSecret[]> {
  const { rows } = await sql<{ secret_id: string; hint: string; created_at: Date; expires_at: Date | null; used_at: Date | null }>`select secret_id, hint, created_at, expires_at, used_at from client_secrets
    where client_key = ${clientKey} and (expires_at is null or expires_at > clock_now()) order by created_at, secret_id`.execute(db)
  return rows.map((row) => ({ secretId: row.secret_id, hint: row.hint, createdAt: row.created_at, expiresAt: row.expires_at ?? undefined, usedAt: row.used_at ?? undefined }))
}

// Whoever changes the secrets of one client waits for whoever else does: the count below is of what they left.
async function holdSecrets(trx: Transaction<Database>, clientKey: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended('client_secrets', ${clientKey}::bigint))`.execute(trx)
}

/** Adds a secret beside the ones there are, which go on. False when there are two already. */
export async function addAnotherSecret(trx: Transaction<Database>, clientKey: string, secret: KeptSecret, nowMilliseconds: number): Promise<boolean> {
  await holdSecrets(trx, clientKey)
  if ((await listLiveSecrets(trx, clientKey)).length >= MOST_SECRETS) return false
  await insertSecret(trx, clientKey, secret, false, nowMilliseconds)
  return true
}

/** Ends a secret at once, but never the only one that goes on, and once: whoever waited began before the other one ended, hence the minutes. Returns whether it did. */
export async function retireSecret(trx: Transaction<Database>, clientKey: string, secretId: string): Promise<boolean> {
  await holdSecrets(trx, clientKey)
  const result = await sql`update client_secrets s set expires_at = clock_now() where s.client_key = ${clientKey} and s.secret_id::text = ${secretId} and (s.expires_at is null or s.expires_at > clock_now() + interval '1 minute')
    and exists (select from client_secrets o where o.client_key = s.client_key and o.secret_id <> s.secret_id and (o.expires_at is null or o.expires_at > clock_now() + interval '1 minute'))`.execute(trx)
  return (result.numAffectedRows ?? 0n) > 0n
}

const NOTED_EVERY_MS = 3_600_000
const lastNoted = perContext(() => new LRUCache<string, number>({ max: 10_000 }))

/** Notes that a secret was used, off the request's way: to the hour, which is enough to see which one is still in use. */
export function noteSecretUse(ctx: Context, clientKey: string, hash: Buffer): void {
  const [key, now] = [`${clientKey}/${hash.toString('base64')}`, ctx.clock.now()]
  if (now - (lastNoted(ctx).get(key) ?? -NOTED_EVERY_MS) < NOTED_EVERY_MS) return
  lastNoted(ctx).set(key, now)
  void sql`update client_secrets set used_at = clock_now() where client_key = ${clientKey} and secret_hash = ${hash}`.execute(ctx.db).catch((error: unknown) => ctx.log.warn({ err: error }, 'the use of a secret could not be noted'))
}

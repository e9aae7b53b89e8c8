import { type Kysely, sql, type Transaction } from 'kysely'
import { perContext, type Context } from '../context.ts'
import { createCache, raiseCacheVersion } from '../database/cache-versions.ts'
import type { Database } from '../database/schema.ts'
import { isClientIdUrl } from '../protocol/client-id-url.ts'
import type { Client } from './client.ts'
import { type ClientMetadata, isClientId } from './metadata.ts'
import { ownClients } from './own-clients.ts'
import { listSecretHashes } from './secrets.ts'
import { keepUses } from './uses.ts'

// Owns clients. What a running server uses comes through findClient, from memory and at most STALENESS_MS old; tools read the rows.

const CACHED_CLIENTS = 10_000

interface Row {
  readonly client_key: string
  readonly client_id: string
  readonly status: string
  readonly document: unknown
  readonly declared: boolean
  readonly owner_user_id: string | null
}

function toClient(row: Row, secretHashes: readonly Buffer[]): Client {
  // The document was written through clientMetadataSchema; it is not parsed again on hot paths.
  const metadata = row.document as ClientMetadata
  return { key: row.client_key, clientId: row.client_id, status: row.status as Client['status'], metadata, scopes: metadata.scope === '' ? [] : metadata.scope.split(' '), secretHashes, declared: row.declared, ownerUserId: row.owner_user_id ?? undefined }
}

async function withSecrets(db: Kysely<Database>, rows: readonly Row[]): Promise<readonly Client[]> {
  const hashes = await listSecretHashes(db, rows.map((row) => row.client_key))
  return rows.map((row) => toClient(row, hashes.get(row.client_key) ?? []))
}

/** A client as the database has it now, disabled ones too. */
export async function readClient(db: Kysely<Database>, clientId: string): Promise<Client | undefined> {
  const rows = await db.selectFrom('clients').selectAll().where('client_id', '=', clientId).execute()
  return (await withSecrets(db, rows))[0]
}

const byId = perContext((ctx: Context) => createCache<string, Client>({ name: 'clients', versions: ctx.versions, max: CACHED_CLIENTS, load: (id) => readClient(ctx.db, id) }))
const byKey = perContext((ctx: Context) =>
  createCache<string, Client>({
    name: 'clients',
    versions: ctx.versions,
    max: CACHED_CLIENTS,
    load: async (key) => (await withSecrets(ctx.db, await ctx.db.selectFrom('clients').selectAll().where('client_key', '=', key).execute()))[0],
  }),
)
const origins = perContext((ctx: Context) =>
  createCache<string, { readonly allowed: true }>({
    name: 'clients',
    versions: ctx.versions,
    max: CACHED_CLIENTS,
    load: async (origin) => {
      const row = await ctx.db.selectFrom('clients').select('client_key').where('status', '<>', 'disabled').where(sql<boolean>`origins @> ${[origin]}::text[]`).limit(1).executeTakeFirst()
      return row === undefined ? undefined : { allowed: true }
    },
  }),
)

/** A client by its identifier, from memory. Disabled ones are found too: the caller says what that means. */
export async function findClient(ctx: Context, clientId: string): Promise<Client | undefined> {
  return isClientId(clientId) || isClientIdUrl(clientId, ctx.config.testFetch) ? byId(ctx).get(clientId) : undefined
}

/** A client by the key that rows refer to, from memory. */
export function findClientByKey(ctx: Context, key: string): Promise<Client | undefined> {
  return byKey(ctx).get(key)
}

/** Whether any enabled client registered this browser origin. */
export async function isRegisteredOrigin(ctx: Context, origin: string): Promise<boolean> {
  return (await origins(ctx).get(origin)) !== undefined
}

/**
 * The enabled clients that people return to at an origin, those first that were changed last. No index speaks of it: for what happens rarely.
 * Not those that are parts of this server.
 */
export async function listReturning(db: Kysely<Database>, origin: string, limit: number): Promise<readonly Client[]> {
  const rows = await db
    .selectFrom('clients')
    .selectAll()
    .where('status', '<>', 'disabled')
    .where('client_id', 'not in', ownClients)
    .where(sql<boolean>`exists (select from jsonb_array_elements_text(coalesce(document->'redirect_uris', '[]')) uri where uri = ${origin} or starts_with(uri, ${origin} || '/'))`)
    .orderBy('updated_at', 'desc')
    .limit(limit)
    .execute()
  return withSecrets(db, rows)
}

/** Every client but those that are parts of this server (nobody registers, exports or removes them) and those that describe themselves elsewhere. */
export async function listClients(db: Kysely<Database>): Promise<readonly Client[]> {
  const rows = await db.selectFrom('clients').selectAll().where('client_id', 'not in', ownClients).where(sql<boolean>`position('/' in client_id) = 0`).orderBy('client_id').execute()
  return withSecrets(db, rows)
}

export interface OwnedBy {
  readonly organizations: readonly string[]
  readonly userId?: string | undefined
}

/** The clients of some organizations and of a person, or all; in the order of their ids, from the one after `after` on. Not those that are parts of this server or describe themselves elsewhere. */
export async function listOwnedClients(db: Kysely<Database>, of: OwnedBy | 'all', { after = '', limit }: { readonly after?: string | undefined; readonly limit: number }): Promise<readonly Client[]> {
  const theirs = of === 'all' ? sql<boolean>`true` : sql<boolean>`(document->>'organization' = any(${[...of.organizations]}::text[]) or (document->>'organization' is null and owner_user_id = ${of.userId ?? null}::uuid))`
  const rows = await db.selectFrom('clients').selectAll().where('client_id', 'not in', ownClients).where(sql<boolean>`position('/' in client_id) = 0`).where('client_id', '>', after).where(theirs).orderBy('client_id').limit(limit).execute()
  return withSecrets(db, rows)
}

/** Makes a client a person's own, or nobody's. An organization in its registration goes before. */
export async function setClientOwner(trx: Transaction<Database>, clientId: string, userId: string | undefined): Promise<void> {
  await trx.updateTable('clients').set({ owner_user_id: userId ?? null, updated_at: sql`clock_now()` }).where('client_id', '=', clientId).execute()
  await raiseCacheVersion(trx, 'clients')
}

/** Of two people who become one, the one that stays has the clients of both. */
export async function moveOwnedClients(trx: Transaction<Database>, from: string, to: string): Promise<void> {
  const result = await trx.updateTable('clients').set({ owner_user_id: to }).where('owner_user_id', '=', from).executeTakeFirst()
  if (result.numUpdatedRows > 0n) await raiseCacheVersion(trx, 'clients')
}

/** A person's own clients: not those of an organization, whoever made them. */
export async function listClientsOf(db: Kysely<Database>, userId: string): Promise<readonly Client[]> {
  return withSecrets(db, await db.selectFrom('clients').selectAll().where('owner_user_id', '=', userId).where(sql<boolean>`document->>'organization' is null`).execute())
}

/** Creates a client or replaces its registration. Returns its key. */
export async function saveClient(trx: Transaction<Database>, clientId: string, metadata: ClientMetadata, declared: boolean): Promise<string> {
  const document = JSON.stringify(metadata)
  const values = { status: metadata.status, origins: [...metadata.allowed_origins], document, declared }
  const row = await trx
    .insertInto('clients')
    .values({ client_id: clientId, ...values })
    .onConflict((conflict) => conflict.column('client_id').doUpdateSet({ ...values, updated_at: sql`clock_now()` }))
    .returning('client_key')
    .executeTakeFirstOrThrow()
  await keepUses(trx, row.client_key, metadata)
  await raiseCacheVersion(trx, 'clients')
  return row.client_key
}

/** Creates the client of a document, or notes what the document says now. Whether it may be used stays the operator's word. */
export async function saveDocumentClient(trx: Transaction<Database>, clientId: string, metadata: ClientMetadata): Promise<{ readonly key: string; readonly isNew: boolean }> {
  const [status, origins, document] = [metadata.status, [...metadata.allowed_origins], JSON.stringify(metadata)]
  const { rows } = await sql<{ client_key: string; is_new: boolean; changed: boolean }>`
    with before as (select document from clients where client_id = ${clientId})
    insert into clients (client_id, status, origins, document) values (${clientId}, ${status}, ${origins}::text[], ${document}::jsonb)
    on conflict (client_id) do update set origins = excluded.origins, document = excluded.document, updated_at = clock_now()
    returning client_key, not exists (select from before) as is_new, not exists (select from before where before.document = clients.document) as changed`.execute(trx)
  const row = rows[0]
  if (row === undefined) throw new Error('the client of a document was not written')
  if (row.changed) await raiseCacheVersion(trx, 'clients')
  return { key: row.client_key, isNew: row.is_new }
}

/** Deletes clients by their keys. Returns how many. */
export async function deleteClientsByKey(trx: Transaction<Database>, keys: readonly string[]): Promise<number> {
  if (keys.length === 0) return 0
  const result = await sql`delete from clients where client_key = any(${[...keys]}::bigint[])`.execute(trx)
  await raiseCacheVersion(trx, 'clients')
  return Number(result.numAffectedRows ?? 0n)
}

/** Changes only whether a client may be used. Returns whether there is such a client. */
export async function setClientStatus(trx: Transaction<Database>, clientId: string, status: Client['status']): Promise<boolean> {
  const result = await trx
    .updateTable('clients')
    .set({ status, document: sql`jsonb_set(document, '{status}', to_jsonb(${status}::text))`, updated_at: sql`clock_now()` })
    .where('client_id', '=', clientId)
    .executeTakeFirst()
  await raiseCacheVersion(trx, 'clients')
  return result.numUpdatedRows > 0n
}

/** To be called after a client's secrets were changed. */
export async function clientChanged(trx: Transaction<Database>): Promise<void> {
  await raiseCacheVersion(trx, 'clients')
}

export async function deleteClient(trx: Transaction<Database>, clientId: string): Promise<void> {
  await trx.deleteFrom('clients').where('client_id', '=', clientId).execute()
  await raiseCacheVersion(trx, 'clients')
}

/** The part of a hot statement that asks whether the client of a row may act: a disabled one may not. */
export function clientIsLive(column: string): string {
  return `exists (select from clients where clients.client_key = ${column} and clients.status <> 'disabled')`
}

/** The part of a hot statement that joins the live client of a row: `c` has its columns, and no row means that it may do nothing. */
export function joinLiveClient(keyColumn: string): string {
  return `join clients c on c.client_key = ${keyColumn} and c.status <> 'disabled'`
}

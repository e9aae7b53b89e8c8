import { type Kysely, sql, type Transaction } from 'kysely'
import { perContext, type Context } from '../context.ts'
import { createCache, raiseCacheVersion } from '../database/cache-versions.ts'
import type { DeclaredDocument } from '../database/declared.ts'
import type { Database } from '../database/schema.ts'
import type { Organization } from '../organizations/organization.ts'
import { findOrganization, readOrganization } from '../organizations/store.ts'
import { type DisabledReason, isAccepted, type Provider, type ProviderFacts } from './provider.ts'
import { indexProviders } from './search-index.ts'

// Owns providers. Whoever saves one writes in the same transaction what the search knows of it (search-index.ts).

interface Row {
  readonly document: unknown
}

const cache = perContext((ctx: Context) =>
  createCache<string, Provider>({
    name: 'providers',
    versions: ctx.versions,
    max: 5000,
    load: async (id) => {
      const row = await ctx.db.selectFrom('providers').select('document').where('provider_id', '=', id).executeTakeFirst()
      return row?.document as Provider | undefined
    },
  }),
)

function factsOf(provider: Provider, organization: Organization | undefined): ProviderFacts {
  return { provider, realms: [...new Set([...(provider.realms ?? []), ...(organization?.realms ?? [])])], country: provider.country ?? organization?.country }
}

async function withFacts(ctx: Context, provider: Provider): Promise<ProviderFacts> {
  return factsOf(provider, await findOrganization(ctx, provider.organization))
}

/** A provider with what its organization adds, from memory. */
export async function findProvider(ctx: Context, providerId: string): Promise<ProviderFacts | undefined> {
  const provider = await cache(ctx).get(providerId)
  return provider === undefined ? undefined : withFacts(ctx, provider)
}

/** These providers, in this order; those that are gone are left out. Read at once and not kept: a search meets a new ten each time. */
export async function readProviders(ctx: Context, ids: readonly string[]): Promise<readonly ProviderFacts[]> {
  if (ids.length === 0) return []
  const { rows } = await sql<Row & { provider_id: string }>`select provider_id, document from providers where provider_id = any(${[...ids]}::text[])`.execute(ctx.db)
  const documents = new Map(rows.map((row) => [row.provider_id, row.document as Provider]))
  const found = ids.map((id) => documents.get(id)).filter((provider) => provider !== undefined)
  return Promise.all(found.map((provider) => withFacts(ctx, provider)))
}

/** A provider that a client with these `login_providers` accepts, or nothing. */
export async function findAcceptedProvider(ctx: Context, rules: readonly string[], providerId: string): Promise<ProviderFacts | undefined> {
  const facts = await findProvider(ctx, providerId)
  return facts !== undefined && isAccepted(rules, facts) ? facts : undefined
}

/** Of one client. */
const MOST_LOCAL = 50

async function acceptedOf(ctx: Context, rules: readonly string[], rows: readonly Row[]): Promise<readonly ProviderFacts[]> {
  const facts = await Promise.all(rows.map((row) => withFacts(ctx, row.document as Provider)))
  return facts.filter((one) => isAccepted(rules, one)).slice(0, MOST_LOCAL)
}

/** The providers that a client accepts where people may make accounts by themselves. */
export async function listSignUpProviders(ctx: Context, rules: readonly string[]): Promise<readonly ProviderFacts[]> {
  const { rows } = await sql<Row>`select document from providers where protocol = 'local' and document->>'sign_up' = 'open' order by provider_id`.execute(ctx.db)
  return acceptedOf(ctx, rules, rows)
}

/** The providers that a client accepts whose people have passwords here. */
export async function listAcceptedLocalProviders(ctx: Context, rules: readonly string[]): Promise<readonly ProviderFacts[]> {
  const { rows } = await sql<Row>`select document from providers where protocol = 'local' order by provider_id`.execute(ctx.db)
  return acceptedOf(ctx, rules, rows)
}

/** The providers of a protocol that files declare. */
export async function listDeclaredProviders(db: Kysely<Database>, protocol: string): Promise<readonly Provider[]> {
  const rows = await db.selectFrom('providers').select('document').where('protocol', '=', protocol).where('declared', '=', true).orderBy('provider_id').execute()
  return rows.map((row) => row.document as unknown as Provider)
}

/** The ids of an organization's providers. At most `limit`. */
export async function listProvidersOf(ctx: Context, organizationId: string, limit: number): Promise<readonly string[]> {
  const { rows } = await sql<{ provider_id: string }>`select provider_id from providers where document->>'organization' = ${organizationId} order by provider_id limit ${limit}`.execute(ctx.db)
  return rows.map((row) => row.provider_id)
}

/** The providers as they were declared, without those of federations; `secret` is sealed. */
export async function listProviders(db: Kysely<Database>): Promise<readonly (DeclaredDocument & { readonly secret: string | undefined })[]> {
  const rows = await db.selectFrom('providers').selectAll().where('federation', 'is', null).orderBy('provider_id').execute()
  return rows.map((row) => ({ id: row.provider_id, document: row.document, declared: row.declared, secret: row.sealed_secret?.toString('base64') }))
}

/** A provider as operators see it. */
export interface KnownProvider {
  readonly provider: Provider
  readonly declared: boolean
  readonly federation: string | undefined
}

export interface ProviderFilter {
  /** Part of the id or of a name. */
  readonly query?: string | undefined
  readonly disabled?: boolean | undefined
  readonly protocol?: string | undefined
}

interface KnownRow extends Row {
  readonly declared: boolean
  readonly federation: string | null
}

function toKnown({ document, declared, federation }: KnownRow): KnownProvider {
  return { provider: document as Provider, declared, federation: federation ?? undefined }
}

/** The providers that fit, switched off or not, of files and of federations; in the order of their ids, from the one after `after` on. */
export async function listKnownProviders(db: Kysely<Database>, { query, disabled, protocol }: ProviderFilter, { after = '', limit }: { readonly after?: string | undefined; readonly limit: number }): Promise<readonly KnownProvider[]> {
  const part = query === undefined ? undefined : `%${query.replaceAll(/[\\%_]/g, (special) => `\\${special}`)}%`
  const conditions = [
    sql`provider_id > ${after}`,
    ...(part === undefined ? [] : [sql`(provider_id ilike ${part} or (document->'name')::text ilike ${part})`]),
    ...(disabled === undefined ? [] : [sql`coalesce((document->>'disabled')::boolean, false) = ${disabled}`]),
    ...(protocol === undefined ? [] : [sql`protocol = ${protocol}`]),
  ]
  const { rows } = await sql<KnownRow>`select document, declared, federation from providers where ${sql.join(conditions, sql` and `)} order by provider_id limit ${limit}`.execute(db)
  return rows.map(toKnown)
}

/** A provider as the database has it now. */
export async function readProvider(db: Kysely<Database>, id: string): Promise<KnownProvider | undefined> {
  const { rows } = await sql<KnownRow>`select document, declared, federation from providers where provider_id = ${id}`.execute(db)
  return rows[0] && toKnown(rows[0])
}

/** Switches a provider off or on again, by an operator's word: no import of a federation undoes it. Returns whether that changed anything. */
export async function switchProvider(trx: Transaction<Database>, id: string, on: boolean): Promise<boolean> {
  const change = JSON.stringify(on ? { disabled: false } : { disabled: true, disabled_reason: 'operator' })
  const { rows } = await sql<{ document: Provider }>`update providers set document = (document - 'disabled_reason') || ${change}::jsonb, updated_at = clock_now()
    where provider_id = ${id} and coalesce((document->>'disabled')::boolean, false) = ${on} returning document`.execute(trx)
  const [row] = rows
  if (row === undefined) return false
  await indexProviders(trx, [factsOf(row.document, row.document.organization === undefined ? undefined : await readOrganization(trx, row.document.organization))])
  await raiseCacheVersion(trx, 'providers')
  return true
}

/** What we prove ourselves with to a provider, sealed. Read when it is needed and kept nowhere else. */
export async function findSealedSecret(ctx: Context, id: string): Promise<Buffer | undefined> {
  const row = await ctx.db.selectFrom('providers').select('sealed_secret').where('provider_id', '=', id).executeTakeFirst()
  return row?.sealed_secret ?? undefined
}

/**
 * Creates or replaces a provider. `organization` adds its realms and country to what the search finds. `sealedSecret` null forgets the
 * secret there is; left out, it stays.
 */
export async function saveProvider(trx: Transaction<Database>, provider: Provider, organization: Organization | undefined, declared: boolean, sealedSecret?: Buffer | null): Promise<void> {
  const facts = factsOf(provider, organization)
  const values = {
    protocol: provider.protocol,
    country: facts.country ?? null,
    document: JSON.stringify(provider),
    declared,
    federation: null,
    source_hash: null,
    ...(sealedSecret === undefined ? {} : { sealed_secret: sealedSecret }),
  }
  await trx
    .insertInto('providers')
    .values({ provider_id: provider.provider_id, ...values })
    .onConflict((conflict) => conflict.column('provider_id').doUpdateSet({ ...values, updated_at: sql`clock_now()` }))
    .execute()
  await indexProviders(trx, [facts])
  await raiseCacheVersion(trx, 'providers')
}

// No statement of thousands of rows: each has its time-out.
const CHUNK = 500

export async function deleteProvider(trx: Transaction<Database>, providerId: string): Promise<void> {
  await trx.deleteFrom('providers').where('provider_id', '=', providerId).execute()
  await raiseCacheVersion(trx, 'providers')
}

// What an operator switched off stays off, whatever a federation says of it; it is as the federation has it once more when it is switched on.
const BY_OPERATOR: DisabledReason = 'operator'

/** What a federation's import wrote before: the hash of each of its providers, nothing for those that are switched off. */
export async function listFederatedHashes(db: Kysely<Database>, federation: string): Promise<ReadonlyMap<string, string | undefined>> {
  const { rows } = await sql<{ provider_id: string; hash: string | null }>`
    select provider_id, case when (document->>'disabled')::boolean and document->>'disabled_reason' is distinct from ${BY_OPERATOR} then null else encode(source_hash, 'hex') end as hash from providers where federation = ${federation}`.execute(db)
  return new Map(rows.map((row) => [row.provider_id, row.hash ?? undefined]))
}

/** Which of these ids are providers of federations. */
export async function findFederatedIds(db: Kysely<Database>, ids: readonly string[]): Promise<readonly string[]> {
  const { rows } = await sql<{ provider_id: string }>`select provider_id from providers where provider_id = any(${[...ids]}::text[]) and federation is not null`.execute(db)
  return rows.map((row) => row.provider_id)
}

/** A provider as a federation has it, and the hash of what it was made of. */
export interface FederatedProvider {
  readonly provider: Provider
  readonly hash: Buffer
}

/**
 * Creates or replaces some providers of a federation. One that a file declares or another federation brought keeps what it has. Returns the
 * ids of those that were written. Raises no cache version: the import does, once.
 */
export async function saveFederatedProviders(trx: Kysely<Database>, federation: string, providers: readonly FederatedProvider[]): Promise<ReadonlySet<string>> {
  if (providers.length === 0) return new Set()
  const given = JSON.stringify(providers.map(({ provider, hash }) => ({ document: provider, hash: hash.toString('hex') })))
  const { rows } = await sql<{ provider_id: string }>`
    insert into providers (provider_id, protocol, country, document, federation, source_hash)
    select document->>'provider_id', document->>'protocol', document->>'country', document, ${federation}, decode(hash, 'hex') from jsonb_to_recordset(${given}::jsonb) as r (document jsonb, hash text) order by 1
    on conflict (provider_id) do update set protocol = excluded.protocol, country = excluded.country, document = excluded.document, source_hash = excluded.source_hash, updated_at = clock_now()
      where providers.federation = excluded.federation and providers.document->>'disabled_reason' is distinct from ${BY_OPERATOR}
    returning provider_id`.execute(trx)
  const saved = new Set(rows.map((row) => row.provider_id))
  await indexProviders(trx, providers.filter(({ provider }) => saved.has(provider.provider_id)).map(({ provider }) => factsOf(provider, undefined)))
  return saved
}

/**
 * Switches providers of a federation off, all of them or these, and says why. Who signed in there stays known. Returns how many. Raises no
 * cache version.
 */
export async function disableFederatedProviders(trx: Kysely<Database>, federation: string, reason: DisabledReason, only?: readonly string[]): Promise<number> {
  const change = JSON.stringify({ disabled: true, disabled_reason: reason })
  const which = only === undefined ? sql`true` : sql`provider_id = any(${[...only]}::text[])`
  for (let count = 0; ; ) {
    const { rows } = await sql<{ document: Provider }>`
      update providers set document = document || ${change}::jsonb, updated_at = clock_now()
      where provider_id in (select provider_id from providers where federation = ${federation} and ${which} and not (document->>'disabled')::boolean limit ${CHUNK})
      returning document`.execute(trx)
    if (rows.length > 0) await indexProviders(trx, rows.map(({ document }) => factsOf(document, undefined)))
    count += rows.length
    if (rows.length < CHUNK) return count
  }
}

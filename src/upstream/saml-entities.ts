import { type Kysely, sql } from 'kysely'
import type { Database } from '../database/schema.ts'

// Owns saml_entities: what is known of the entity behind a provider, read out of metadata when that came (a declaration, its refresh, or
// the import of a federation) and never on the way of a sign-in. It does not own how metadata is read (saml-metadata.ts).

/** Where a browser is sent with a request. Addresses are https (loopback http with the test switch); that is checked when they are read. */
export interface SamlSignOn {
  readonly binding: 'redirect' | 'post'
  readonly location: string
}

/** What a sign-in needs to know of an identity provider. Plain JSON: it is a column. */
export interface SamlEntityFacts {
  readonly entity_id: string
  /** In the order of the metadata; at least one. */
  readonly sign_on: readonly SamlSignOn[]
  /** X.509 certificates of its signing keys: base64 of DER, without line breaks or PEM frame. At least one. */
  readonly certificates: readonly string[]
  readonly name_id_formats: readonly string[]
  readonly want_authn_requests_signed: boolean
  /** Domains that it may speak for in scoped attributes (shibmd:Scope, no regular expressions); empty when it names none. */
  readonly scopes: readonly string[]
  /** REFEDS errorURL, with its placeholders as they stand in the metadata. */
  readonly error_url?: string | undefined
  /** Where its people get help: an https address or a mailto address. */
  readonly support_url?: string | undefined
}

export interface SamlEntity {
  readonly providerId: string
  readonly facts: SamlEntityFacts
  readonly etag: string | undefined
  readonly fetchedAt: Date
  /** From then on the facts must not be believed (SAML 2.0 Metadata §2.3.2). */
  readonly validUntil: Date | undefined
  /** When the refresh is due; nothing where a federation's import keeps the row. */
  readonly refreshAt: Date | undefined
}

export interface NewSamlEntity {
  readonly providerId: string
  readonly facts: SamlEntityFacts
  readonly etag?: string | undefined
  readonly validUntil?: Date | undefined
  /** Seconds from now; left out where an import keeps the row. */
  readonly refreshSeconds?: number | undefined
}

interface Row {
  readonly provider_id: string
  readonly facts: SamlEntityFacts
  readonly etag: string | null
  readonly fetched_at: Date
  readonly valid_until: Date | null
  readonly refresh_at: Date | null
}

function toEntity(row: Row): SamlEntity {
  return { providerId: row.provider_id, facts: row.facts, etag: row.etag ?? undefined, fetchedAt: row.fetched_at, validUntil: row.valid_until ?? undefined, refreshAt: row.refresh_at ?? undefined }
}

/** Creates or replaces what is known of these providers' entities, in one statement. Each provider has its row already. */
export async function saveSamlEntities(db: Kysely<Database>, entities: readonly NewSamlEntity[]): Promise<void> {
  if (entities.length === 0) return
  const rows = entities.map(({ providerId, facts, etag, validUntil, refreshSeconds }) => ({ provider_id: providerId, entity_id: facts.entity_id, facts, etag, valid_until: validUntil?.toISOString(), refresh_seconds: refreshSeconds }))
  await sql`
    insert into saml_entities (provider_id, entity_id, facts, etag, fetched_at, valid_until, refresh_at)
    select provider_id, entity_id, facts, etag, clock_now(), valid_until, clock_now() + make_interval(secs => refresh_seconds)
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as given (provider_id text, entity_id text, facts jsonb, etag text, valid_until timestamptz, refresh_seconds double precision)
    on conflict (provider_id) do update set entity_id = excluded.entity_id, facts = excluded.facts, etag = excluded.etag, fetched_at = excluded.fetched_at,
      valid_until = excluded.valid_until, refresh_at = excluded.refresh_at`.execute(db)
}

/** What is known of a provider's entity, or nothing. */
export async function findSamlEntity(db: Kysely<Database>, providerId: string): Promise<SamlEntity | undefined> {
  const { rows } = await sql<Row>`select provider_id, facts, etag, fetched_at, valid_until, refresh_at from saml_entities where provider_id = ${providerId}`.execute(db)
  return rows[0] === undefined ? undefined : toEntity(rows[0])
}

/** When each provider's refresh is due; those that an import keeps are left out. */
export async function listSamlRefreshes(db: Kysely<Database>): Promise<ReadonlyMap<string, Date>> {
  const { rows } = await sql<{ provider_id: string; refresh_at: Date }>`select provider_id, refresh_at from saml_entities where refresh_at is not null`.execute(db)
  return new Map(rows.map((row) => [row.provider_id, row.refresh_at]))
}

/** The ids of the providers with this entity id: a federation and a declaration may both have it. */
export async function findProvidersOfEntity(db: Kysely<Database>, entityId: string): Promise<readonly string[]> {
  const { rows } = await sql<{ provider_id: string }>`select provider_id from saml_entities where entity_id = ${entityId} order by provider_id limit 25`.execute(db)
  return rows.map((row) => row.provider_id)
}

/** The next refresh of a provider that has just failed, or had nothing new: in so many seconds. */
export async function postponeSamlRefresh(db: Kysely<Database>, providerId: string, seconds: number): Promise<void> {
  await sql`update saml_entities set refresh_at = clock_now() + make_interval(secs => ${seconds}) where provider_id = ${providerId}`.execute(db)
}

/** Forgets what is known of a provider's entity: its declaration names another one now. */
export async function deleteSamlEntity(db: Kysely<Database>, providerId: string): Promise<void> {
  await sql`delete from saml_entities where provider_id = ${providerId}`.execute(db)
}

/** The providers of these entities, by entity id: several where two declarations name the same one. */
export async function providersOfEntities(db: Kysely<Database>, entityIds: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
  const { rows } = await sql<{ entity_id: string; ids: string[] }>`select entity_id, array_agg(provider_id) as ids from saml_entities where entity_id = any(${[...entityIds]}::text[]) group by entity_id`.execute(db)
  return new Map(rows.map((row) => [row.entity_id, row.ids]))
}

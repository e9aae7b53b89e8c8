import { type Kysely, sql } from 'kysely'

// What signing in at SAML providers needs. saml_entities: what is known of a provider's entity, read out of its metadata once, so that the
// sign-in reads no XML metadata; refresh_at is empty where a federation's import keeps the row. saml_keys: what we prove ourselves with
// and what assertions are encrypted for. seen_ids: what counts once, for every protocol that has such a thing. posted_answers: what a
// provider's page posted, until the request that follows has shown whose browser that was.
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table saml_entities (
    provider_id text primary key references providers on delete cascade,
    entity_id text not null,
    facts jsonb not null,
    etag text,
    fetched_at timestamptz not null default clock_now(),
    valid_until timestamptz,
    refresh_at timestamptz
  )`.execute(db)
  await sql`create index saml_entities_entity on saml_entities (entity_id)`.execute(db)
  await sql`create table saml_keys (
    key_id uuid primary key,
    purpose text not null,
    certificate text not null,
    sealed_private bytea not null,
    created_at timestamptz not null default clock_now(),
    retires_at timestamptz
  )`.execute(db)
  // One key at a time is the newest of its purpose: two servers that start at once make one.
  await sql`create unique index saml_keys_current on saml_keys (purpose) where retires_at is null`.execute(db)
  await sql`create table seen_ids (
    kind text not null,
    id_hash bytea not null,
    until timestamptz not null,
    primary key (kind, id_hash)
  )`.execute(db)
  await sql`create index seen_ids_expiry on seen_ids (until)`.execute(db)
  await sql`create table posted_answers (
    departure text primary key,
    token_hash bytea not null,
    sealed_fields bytea not null,
    until timestamptz not null
  )`.execute(db)
  await sql`create index posted_answers_expiry on posted_answers (until)`.execute(db)
}

import { type Kysely, sql } from 'kysely'

// Federations: declared like providers, imported by a job. A provider that came from one names it; source_hash is what the import made it
// of, so that an entity that has not changed costs no write. provider_logos: what a provider's metadata names, and the small image that we
// made of it, found by its own hash.
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table federations (
    federation_id text primary key,
    document jsonb not null,
    declared boolean not null default false,
    created_at timestamptz not null default clock_now(),
    updated_at timestamptz not null default clock_now(),
    refresh_at timestamptz not null default clock_now(),
    refresh_seconds integer not null default 21600,
    checked_at timestamptz,
    imported_at timestamptz,
    published_at timestamptz,
    valid_until timestamptz,
    etag text,
    last_modified text,
    providers integer not null default 0,
    failure text,
    failures integer not null default 0
  )`.execute(db)
  await sql`alter table providers add column federation text, add column source_hash bytea`.execute(db)
  await sql`create index providers_federation on providers (federation) where federation is not null`.execute(db)
  await sql`create table provider_logos (
    provider_id text primary key references providers on delete cascade,
    source text not null,
    image bytea,
    image_hash text,
    fetch_at timestamptz default clock_now()
  )`.execute(db)
  await sql`create index provider_logos_image on provider_logos (image_hash) where image_hash is not null`.execute(db)
  await sql`create index provider_logos_due on provider_logos (fetch_at) where fetch_at is not null`.execute(db)
}

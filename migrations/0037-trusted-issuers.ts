import { type Kysely, sql } from 'kysely'

// trusted_issuers: whose signed word counts here, for tokens (RFC 7523) and for registrations (RFC 7591 §2.3).
// client_documents: clients that are described at an address of their own, with how long we believe what was there.
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table trusted_issuers (
    issuer text primary key,
    document jsonb not null,
    declared boolean not null default false,
    created_at timestamptz not null default clock_now(),
    updated_at timestamptz not null default clock_now()
  )`.execute(db)
  await sql`create table client_documents (
    client_key bigint primary key references clients on delete cascade,
    fetched_at timestamptz not null default clock_now(),
    fresh_until timestamptz not null,
    used_at timestamptz
  )`.execute(db)
  await sql`create index client_documents_use on client_documents (coalesce(used_at, fetched_at))`.execute(db)
  await sql`insert into cache_versions (name) values ('trusted_issuers')`.execute(db)
}

import { type Kysely, sql } from 'kysely'

// client_key is what other tables refer to: eight bytes in every token row instead of a client identifier of any length.
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table clients (
    client_key bigint primary key generated always as identity,
    client_id text not null unique,
    status text not null check (status in ('development', 'production', 'disabled')),
    origins text[] not null default '{}',
    document jsonb not null,
    declared boolean not null default false,
    created_at timestamptz not null default clock_now(),
    updated_at timestamptz not null default clock_now()
  )`.execute(db)
  await sql`create index clients_origins on clients using gin (origins)`.execute(db)
  await sql`create table client_secrets (
    secret_id uuid primary key,
    client_key bigint not null references clients on delete cascade,
    secret_hash bytea not null,
    hint text not null,
    declared boolean not null default false,
    created_at timestamptz not null default clock_now(),
    expires_at timestamptz
  )`.execute(db)
  await sql`create index client_secrets_client on client_secrets (client_key)`.execute(db)
}

import { type Kysely, sql } from 'kysely'

// One row a code, one row a grant (the refresh family), one row an opaque access token. The key of each row carries its time (UUID
// version 7), so a table of millions of rows is written at its right edge. No foreign keys: these rows are written in batches and
// leave by themselves.
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table authorization_codes (
    code_id uuid primary key,
    secret_hash bytea not null,
    grant_id uuid not null,
    client_key bigint not null,
    user_id uuid not null,
    session_id uuid,
    redirect_uri text not null,
    redirect_uri_given boolean not null,
    code_challenge text,
    scope text not null,
    audience text,
    details jsonb not null,
    auth_time timestamptz not null,
    offline boolean not null,
    expires_at timestamptz not null,
    used_at timestamptz
  )`.execute(db)
  await sql`create table grants (
    grant_id uuid primary key,
    client_key bigint not null,
    user_id uuid not null,
    session_id uuid,
    scope text not null,
    audience text,
    details jsonb not null,
    auth_time timestamptz not null,
    offline boolean not null,
    expires_at timestamptz not null,
    revoked_at timestamptz,
    refresh_hash bytea,
    refresh_expires_at timestamptz,
    refreshed_at timestamptz,
    refresh_count int not null default 0,
    previous_hash bytea,
    sealed_answer bytea
  ) with (fillfactor = 70)`.execute(db)
  await sql`create index grants_user on grants (user_id)`.execute(db)
  await sql`create index grants_expiry on grants (expires_at)`.execute(db)
  await sql`create table access_tokens (
    token_id uuid primary key,
    expires_at timestamptz not null,
    client_key bigint not null,
    grant_id uuid,
    secret_hash bytea not null,
    scope text not null,
    audience text,
    revoked_at timestamptz
  )`.execute(db)
}

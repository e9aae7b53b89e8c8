import { type Kysely, sql } from 'kysely'

// browsers: one row a session cookie, with as many signed-in accounts as the person likes (sessions).
// devices: one row a persistent cookie, with what the account chooser remembers.
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table browsers (
    browser_id uuid primary key,
    secret_hash bytea not null,
    previous_hash bytea,
    previous_until timestamptz,
    created_at timestamptz not null default clock_now(),
    expires_at timestamptz not null
  )`.execute(db)
  await sql`create index browsers_expiry on browsers (expires_at)`.execute(db)
  await sql`create table sessions (
    session_id uuid primary key,
    browser_id uuid not null,
    user_id uuid not null references users on delete cascade,
    provider_id text not null,
    auth_time timestamptz not null,
    acr text,
    amr text[] not null,
    remembered boolean not null,
    created_at timestamptz not null default clock_now(),
    seen_at timestamptz not null default clock_now(),
    expires_at timestamptz not null,
    ended_at timestamptz
  )`.execute(db)
  await sql`create unique index sessions_account on sessions (browser_id, user_id) where ended_at is null`.execute(db)
  await sql`create index sessions_user on sessions (user_id)`.execute(db)
  await sql`create index sessions_expiry on sessions (expires_at)`.execute(db)
  await sql`create table devices (
    device_id uuid primary key,
    secret_hash bytea not null,
    created_at timestamptz not null default clock_now(),
    expires_at timestamptz not null
  )`.execute(db)
  await sql`create index devices_expiry on devices (expires_at)`.execute(db)
  await sql`create table remembered_accounts (
    device_id uuid not null references devices on delete cascade,
    user_id uuid not null references users on delete cascade,
    provider_id text not null,
    used_at timestamptz not null default clock_now(),
    primary key (device_id, user_id)
  )`.execute(db)
  await sql`create index remembered_accounts_user on remembered_accounts (user_id)`.execute(db)
}

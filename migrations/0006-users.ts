import { type Kysely, sql } from 'kysely'

// A user is an opaque id that survives everything else; how one signs in stands in identities (provider, subject) and passwords.
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table users (
    user_id uuid primary key,
    status text not null default 'active' check (status in ('active', 'locked')),
    organization_id text,
    username text,
    claims jsonb not null default '{}',
    groups text[] not null default '{}',
    declared boolean not null default false,
    created_at timestamptz not null default clock_now(),
    updated_at timestamptz not null default clock_now()
  )`.execute(db)
  await sql`create unique index users_username on users (coalesce(organization_id, ''), username)`.execute(db)
  await sql`create index users_email on users (coalesce(organization_id, ''), lower(claims->>'email'))`.execute(db)
  await sql`create table passwords (
    user_id uuid primary key references users on delete cascade,
    phc text not null,
    declared_digest bytea,
    changed_at timestamptz not null default clock_now()
  )`.execute(db)
  await sql`create table consents (
    consent_id uuid primary key,
    user_id uuid not null references users on delete cascade,
    client_key bigint not null references clients on delete cascade,
    granted text[] not null,
    declined text[] not null,
    created_at timestamptz not null default clock_now(),
    updated_at timestamptz not null default clock_now(),
    unique (user_id, client_key)
  )`.execute(db)
  await sql`create index consents_client on consents (client_key)`.execute(db)
}

import { type Kysely, sql } from 'kysely'

// Consents with an end: one row for each yes, what has happened to it, and the feed in which its client reads that. Events are written in
// the transaction of what happened and numbered afterwards, one client at a time (consents/events.ts): a sequence of the database's would
// leave holes, and show numbers in another order than they were committed in.
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table consent_objects (
    consent_id uuid primary key,
    request_id uuid,
    user_id uuid not null references users on delete cascade,
    client_key bigint not null references clients on delete cascade,
    scope text not null,
    purpose text[] not null,
    days int,
    single_use boolean not null,
    status text not null default 'active' check (status in ('active', 'used', 'expired', 'withdrawn')),
    withdrawn_by text check (withdrawn_by in ('person', 'client', 'operator')),
    external_id text,
    created_at timestamptz not null default clock_now(),
    expires_at timestamptz not null,
    ended_at timestamptz,
    use_count int not null default 0,
    used_at timestamptz,
    unique (request_id, user_id),
    unique (client_key, external_id)
  )`.execute(db)
  await sql`create index consent_objects_user on consent_objects (user_id)`.execute(db)
  await sql`create index consent_objects_expiry on consent_objects (expires_at) where status = 'active'`.execute(db)
  await sql`create table consent_events (
    position bigint primary key generated always as identity,
    event_id uuid not null,
    client_key bigint not null references clients on delete cascade,
    consent_id uuid not null,
    type text not null,
    scope text not null,
    external_id text,
    happened_at timestamptz not null default clock_now(),
    sequence bigint,
    unique (client_key, sequence)
  )`.execute(db)
  await sql`create index consent_events_unnumbered on consent_events (client_key, position) where sequence is null`.execute(db)
  await sql`create table consent_feeds (
    client_key bigint primary key references clients on delete cascade,
    last_sequence bigint not null default 0
  )`.execute(db)
  await sql`alter table grants add column consent_id uuid`.execute(db)
}

import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table interactions (
    interaction_id uuid primary key,
    browser_id uuid not null,
    client_key bigint not null references clients on delete cascade,
    request jsonb not null,
    progress jsonb not null default '{}',
    created_at timestamptz not null default clock_now(),
    expires_at timestamptz not null,
    answered_at timestamptz,
    sealed_answer bytea
  )`.execute(db)
  await sql`create index interactions_expiry on interactions (expires_at)`.execute(db)
  await sql`create index interactions_client on interactions (client_key)`.execute(db)
}

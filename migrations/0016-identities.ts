import { type Kysely, sql } from 'kysely'

// An identity is (provider, subject), by the provider's word; it belongs to one user. It does not refer to the provider's row: a provider
// that is taken away and declared again finds its people. Beside it, what a provider lets us know ourselves by: sealed, never exported.
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table identities (
    provider_id text not null,
    subject text not null,
    user_id uuid not null references users on delete cascade,
    created_at timestamptz not null default clock_now(),
    seen_at timestamptz not null default clock_now(),
    primary key (provider_id, subject)
  )`.execute(db)
  await sql`create index identities_user on identities (user_id)`.execute(db)
  await sql`alter table providers add column sealed_secret bytea`.execute(db)
}

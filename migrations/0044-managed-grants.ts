import { type Kysely, sql } from 'kysely'

// One row a grant that a client manages by its id (Grant Management for OAuth 2.0): what a person let it do, over all that was asked in it.
// It is written when a code is redeemed that names it, so seldom; the tokens that rest on it are rows of grants and access_tokens.
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table managed_grants (
    grant_id text primary key,
    client_key bigint not null,
    user_id uuid not null references users on delete cascade,
    scopes text[] not null,
    resources text[] not null,
    claims jsonb not null,
    authorization_details jsonb not null,
    created_at timestamptz not null default clock_now(),
    updated_at timestamptz not null default clock_now(),
    ended_at timestamptz
  )`.execute(db)
  await sql`create index managed_grants_user on managed_grants (user_id)`.execute(db)
  await sql`create index managed_grants_ended on managed_grants (ended_at) where ended_at is not null`.execute(db)
}

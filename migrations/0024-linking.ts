import { type Kysely, sql } from 'kysely'

// merged_into: two people turned out to be one; the older id stays, the other one leads to it and is nobody else's ever. secondary_ids: what
// several providers call a person alike, by the word of those whose operator is trusted with it; keyed hashes, never the numbers. Without a
// user for as long as the first sign-in that brings one lasts: the row is what two such sign-ins at once wait for.
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table users add column merged_into uuid references users on delete cascade, add constraint users_merged_elsewhere check (merged_into <> user_id)`.execute(db)
  await sql`create index users_merged on users (merged_into) where merged_into is not null`.execute(db)
  await sql`create table secondary_ids (
    kind text not null,
    id_hash bytea not null,
    user_id uuid references users on delete cascade,
    provider_id text not null,
    created_at timestamptz not null default clock_now(),
    seen_at timestamptz not null default clock_now(),
    primary key (kind, id_hash)
  )`.execute(db)
  await sql`create index secondary_ids_user on secondary_ids (user_id)`.execute(db)
}

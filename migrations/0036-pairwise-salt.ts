import { type Kysely, sql } from 'kysely'

// The one secret that identifiers of people towards single sectors are made with (OpenID Connect Core §8.1). Every client that knows somebody
// by such an identifier would lose them with it: one row, made once, sealed.
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table pairwise_salt (
    is_the_one boolean primary key default true check (is_the_one),
    sealed bytea not null,
    created_at timestamptz not null default clock_now()
  )`.execute(db)
}

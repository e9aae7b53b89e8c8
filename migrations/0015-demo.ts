import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table demo_walks (
    walk_hash bytea primary key,
    sealed bytea not null,
    busy_until timestamptz not null default '-infinity',
    expires_at timestamptz not null
  )`.execute(db)
  await sql`create index demo_walks_expiry on demo_walks (expires_at)`.execute(db)
}

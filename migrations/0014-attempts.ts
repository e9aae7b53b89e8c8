import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table attempts (
    attempt_key bytea primary key,
    count int not null,
    until timestamptz not null
  )`.execute(db)
}

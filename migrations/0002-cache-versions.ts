import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table cache_versions (name text primary key, version bigint not null default 0)`.execute(db)
  await sql`insert into cache_versions (name) values ('clients'), ('apis'), ('scopes'), ('providers'), ('organizations'), ('signing_keys')`.execute(db)
}

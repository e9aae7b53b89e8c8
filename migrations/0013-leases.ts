import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table leases (name text primary key, holder text not null, until timestamptz not null)`.execute(db)
}

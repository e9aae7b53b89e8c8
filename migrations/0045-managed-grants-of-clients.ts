import { type Kysely, sql } from 'kysely'

// Grants that a client manages leave with the client.
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`delete from managed_grants where client_key not in (select client_key from clients)`.execute(db)
  await sql`alter table managed_grants add foreign key (client_key) references clients on delete cascade`.execute(db)
  await sql`create index managed_grants_client on managed_grants (client_key)`.execute(db)
}

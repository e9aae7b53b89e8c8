import { type Kysely, sql } from 'kysely'

// What the gatekeeper and an API prove to each other, sealed.
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table apis add column sealed_secret bytea`.execute(db)
}

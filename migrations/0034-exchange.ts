import { type Kysely, sql } from 'kysely'

// Who acts for the person with a token that was made out of another (RFC 8693 §4.1).
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table access_tokens add column actor jsonb`.execute(db)
}

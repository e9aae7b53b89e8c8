import { type Kysely, sql } from 'kysely'

// The API that a token was exchanged by, where its scopes are what that API receives.
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table access_tokens add column via text`.execute(db)
}

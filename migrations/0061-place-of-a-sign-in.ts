import { type Kysely, sql } from 'kysely'

// From where somebody signed in, as a proxy in front says it: a person knows "Firefox on Windows, Oslo" from what is not theirs.
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table sessions add column place text`.execute(db)
}

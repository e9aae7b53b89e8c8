import { type Kysely, sql } from 'kysely'

// Every time column is decided by the database's clock, through this one function: two processes with different clocks then agree on
// what has expired. A test clock replaces the function; in production PostgreSQL inlines it to now().
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create function clock_now() returns timestamptz language sql stable as 'select now()'`.execute(db)
}

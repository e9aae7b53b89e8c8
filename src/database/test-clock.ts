import { type Kysely, sql } from 'kysely'
import type { Database } from './schema.ts'

// Owns test_clock, which exists only where PORTNER_TEST_CLOCK allowed it: it replaces clock_now(), so that every expiry in the database
// follows the clock that a test moves.

export async function installTestClock(db: Kysely<Database>): Promise<void> {
  await sql`create table if not exists test_clock (offset_seconds double precision not null)`.execute(db)
  await sql`insert into test_clock select 0 where not exists (select from test_clock)`.execute(db)
  await sql`create or replace function clock_now() returns timestamptz language sql stable as 'select now() + make_interval(secs => (select offset_seconds from test_clock))'`.execute(db)
}

/** How far ahead the database's clock is set, in seconds. */
export async function readTestClock(db: Kysely<Database>): Promise<number> {
  const { rows } = await sql<{ offset_seconds: number }>`select offset_seconds from test_clock`.execute(db)
  return rows[0]?.offset_seconds ?? 0
}

/** Moves it by some seconds and returns the new offset. */
export async function moveTestClock(db: Kysely<Database>, seconds: number): Promise<number> {
  const { rows } = await sql<{ offset_seconds: number }>`update test_clock set offset_seconds = offset_seconds + ${seconds} returning offset_seconds`.execute(db)
  return rows[0]?.offset_seconds ?? 0
}

import { type Kysely, sql } from 'kysely'
import { expect } from 'vitest'
import type { Database } from '../../src/database/schema.ts'

/** Returns when somebody waits for a lock that another has: in stories of two of whom one comes second. */
export async function untilSomebodyWaits(db: Kysely<Database>): Promise<void> {
  const waiting = async (): Promise<number> => (await sql`select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`.execute(db)).rows.length
  await expect.poll(waiting, { timeout: 15_000, interval: 20 }).toBeGreaterThan(0)
}

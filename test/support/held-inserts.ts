import pg from 'pg'
import { expect } from 'vitest'

/** Statements that have seen the database as it was, and wait at the row they are about to write. */
export interface HeldInserts {
  /** Waits until so many of them stand there. */
  readonly arrived: (count: number) => Promise<void>
  /** Waits until other work is over, or stands behind what they hold. */
  readonly behind: (work: Promise<unknown>) => Promise<void>
  /** Lets all of them go on. */
  readonly letGo: () => Promise<void>
}

const KEY = 4711

/** Makes every insert into a table wait while the story runs, so that what happens in the very moment of a statement can be told step by step. */
export async function withHeldInserts(databaseUrl: string, table: string, story: (held: HeldInserts) => Promise<void>): Promise<void> {
  const holder = new pg.Client({ connectionString: databaseUrl })
  await holder.connect()
  const waiting = async (kind: string): Promise<number> => Number((await holder.query<{ n: string }>(`select count(*) as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and wait_event ${kind}`)).rows[0]?.n)
  const letGo = async (): Promise<void> => void (await holder.query('select pg_advisory_unlock_all()'))
  try {
    await holder.query(`create function held_insert() returns trigger language plpgsql as 'begin perform pg_advisory_xact_lock_shared(${KEY}); return new; end'`)
    await holder.query(`create trigger held_insert before insert on ${table} for each row execute function held_insert()`)
    await holder.query(`select pg_advisory_lock(${KEY})`)
    await story({
      arrived: (count) => expect.poll(() => waiting("= 'advisory'")).toBe(count),
      behind: async (work) => {
        let isOver = false
        const over = (): void => void (isOver = true)
        work.then(over, over)
        await expect.poll(async () => isOver || (await waiting("<> 'advisory'")) > 0).toBe(true)
      },
      letGo,
    })
  } finally {
    await letGo()
    await holder.query('drop function if exists held_insert() cascade')
    await holder.end()
  }
}

import { type Kysely, sql } from 'kysely'
import type { Database } from '../database/schema.ts'
import { newRowId, timeOfId } from '../lib/random.ts'

// Owns mails: what waits to leave. Whoever takes a row has it for two minutes; a process that dies meanwhile leaves it to the next one, and
// a mail may then arrive twice. Nobody waits for anybody: rows that another process holds are passed by.

export interface Waiting {
  readonly id: string
  readonly sealed: Buffer
  /** This one included. */
  readonly tries: number
  readonly isOver: boolean
}

const HELD_SECONDS = 120

export async function putDown(db: Kysely<Database>, nowMilliseconds: number, seal: (id: string) => Buffer, expiresInSeconds: number): Promise<void> {
  const id = newRowId(nowMilliseconds)
  await sql`insert into mails (mail_id, sealed, expires_at) values (${id}, ${seal(id)}, clock_now() + make_interval(secs => ${expiresInSeconds}))`.execute(db)
}

/** Takes at most `limit` mails that are due. */
export async function takeDue(db: Kysely<Database>, limit: number): Promise<readonly Waiting[]> {
  const { rows } = await sql<Waiting>`
    with due as (select mail_id from mails where due_at <= clock_now() order by due_at limit ${limit} for update skip locked)
    update mails m set tries = m.tries + 1, due_at = clock_now() + make_interval(secs => ${HELD_SECONDS}) from due where m.mail_id = due.mail_id
    returning m.mail_id as id, m.sealed, m.tries, m.expires_at <= clock_now() as "isOver"`.execute(db)
  return rows
}

/** Puts a mail off for some seconds. */
export async function putOff(db: Kysely<Database>, id: string, seconds: number): Promise<void> {
  await sql`update mails set due_at = clock_now() + make_interval(secs => ${seconds}) where mail_id = ${id}`.execute(db)
}

export async function takeOut(db: Kysely<Database>, id: string): Promise<void> {
  await sql`delete from mails where mail_id = ${id}`.execute(db)
}

/** How many mails wait, how many of them a mail server has put off, and since when the oldest waits. */
export async function outboxState(db: Kysely<Database>): Promise<{ readonly waiting: number; readonly putOff: number; readonly oldest: Date | undefined }> {
  const { rows } = await sql<{ waiting: number; put_off: number; oldest: string | null }>`select count(*)::int as waiting, count(*) filter (where tries > 0)::int as put_off, min(mail_id::text) as oldest from mails`.execute(db)
  const { waiting = 0, put_off: putOff = 0, oldest = null } = rows[0] ?? {}
  return { waiting, putOff, oldest: oldest === null ? undefined : new Date(timeOfId(oldest)) }
}

import { type Kysely, sql } from 'kysely'
import type { Database } from '../database/schema.ts'

// Owns leases: who does what until when. One row a name, taken or renewed in one statement by the database's clock, so that processes
// with different clocks agree, and that a process that died lets go by itself. No advisory locks: they do not survive a pooler.

/** Takes a lease that is free, past its time or one's own already. Returns whether it is one's own now, for `seconds`. */
export async function takeLease(db: Kysely<Database>, name: string, holder: string, seconds: number): Promise<boolean> {
  const result = await sql`
    insert into leases (name, holder, until) values (${name}, ${holder}, clock_now() + make_interval(secs => ${seconds}))
    on conflict (name) do update set holder = excluded.holder, until = excluded.until
    where leases.holder = excluded.holder or leases.until < clock_now()`.execute(db)
  return (result.numAffectedRows ?? 0n) > 0n
}

/** Keeps the lease for `seconds` more without letting go: until then nobody else takes it. Returns whether it was still one's own. */
export async function keepLease(db: Kysely<Database>, name: string, holder: string, seconds: number): Promise<boolean> {
  const result = await sql`update leases set until = clock_now() + make_interval(secs => ${seconds}) where name = ${name} and holder = ${holder}`.execute(db)
  return (result.numAffectedRows ?? 0n) > 0n
}

/** Lets go at once. */
export async function releaseLease(db: Kysely<Database>, name: string, holder: string): Promise<void> {
  await sql`update leases set until = clock_now() - interval '1 second' where name = ${name} and holder = ${holder}`.execute(db)
}

/** Notes that what a lease stands for was done just now: a lease of its own, that is over already. */
export async function noteDone(db: Kysely<Database>, name: string, holder: string): Promise<void> {
  await sql`insert into leases (name, holder, until) values (${`done ${name}`}, ${holder}, clock_now()) on conflict (name) do update set holder = excluded.holder, until = excluded.until`.execute(db)
}

/** Until when each lease is held, and when what it stands for was done last. */
export async function listLeases(db: Kysely<Database>): Promise<ReadonlyMap<string, { readonly until: Date; readonly doneAt: Date | undefined }>> {
  const { rows } = await sql<{ name: string; until: Date; done_at: Date | null }>`select l.name, l.until, d.until as done_at from leases l left join leases d on d.name = 'done ' || l.name where l.name not like 'done %'`.execute(db)
  return new Map(rows.map((row) => [row.name, { until: row.until, doneAt: row.done_at ?? undefined }]))
}

import { type Kysely, sql } from 'kysely'
import type { Database } from '../database/schema.ts'

// Owns operators: the people who run this server and may do everything that can.ts lets them. The first one is made at the command line.

export async function isOperator(db: Kysely<Database>, userId: string): Promise<boolean> {
  return (await sql`select 1 from operators where user_id = ${userId}`.execute(db)).rows.length > 0
}

export interface Operator {
  readonly userId: string
  readonly since: Date
}

export async function listOperators(db: Kysely<Database>): Promise<readonly Operator[]> {
  const { rows } = await sql<{ user_id: string; created_at: Date }>`select user_id, created_at from operators order by created_at, user_id`.execute(db)
  return rows.map((row) => ({ userId: row.user_id, since: row.created_at }))
}

/** Returns whether the person was none before. */
export async function addOperator(db: Kysely<Database>, userId: string): Promise<boolean> {
  return ((await sql`insert into operators (user_id) values (${userId}) on conflict do nothing`.execute(db)).numAffectedRows ?? 0n) > 0n
}

/** Returns whether the person was one. */
export async function removeOperator(db: Kysely<Database>, userId: string): Promise<boolean> {
  return ((await sql`delete from operators where user_id = ${userId}`.execute(db)).numAffectedRows ?? 0n) > 0n
}

/** Of two people who become one, the one that stays is an operator when either was. */
export async function moveOperator(trx: Kysely<Database>, from: string, to: string): Promise<void> {
  await sql`insert into operators (user_id) select ${to}::uuid from operators where user_id = ${from} on conflict do nothing`.execute(trx)
  await sql`delete from operators where user_id = ${from}`.execute(trx)
}

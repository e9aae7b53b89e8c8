import { type Kysely, sql } from 'kysely'
import type { Database } from '../database/schema.ts'

// Owns operators: the people who run this server and may do everything that can.ts lets them. The first one is made at the command line.

export async function isOperator(db: Kysely<Database>, userId: string): Promise<boolean> {
  return (await sql`select 1 from operators where user_id = ${userId}`.execute(db)).rows.length > 0
}

export interface Operator {
  readonly userId: string
  readonly since: Date
  /** Another one when the person was none in between. */
  readonly version: string
}

interface Row {
  readonly user_id: string
  readonly created_at: Date
  readonly version: string
}

const OPERATOR = sql`user_id, created_at, (extract(epoch from created_at) * 1000000)::bigint::text as version`

function toOperator({ user_id, created_at, version }: Row): Operator {
  return { userId: user_id, since: created_at, version }
}

export async function listOperators(db: Kysely<Database>): Promise<readonly Operator[]> {
  const { rows } = await sql<Row>`select ${OPERATOR} from operators order by created_at, user_id`.execute(db)
  return rows.map(toOperator)
}

/** Operators in the order of their ids, from the one after `after` on. */
export async function pageOfOperators(db: Kysely<Database>, { after, limit }: { readonly after: string | undefined; readonly limit: number }): Promise<readonly Operator[]> {
  const { rows } = await sql<Row>`select ${OPERATOR} from operators where ${after ?? null}::uuid is null or user_id > ${after ?? null}::uuid order by user_id limit ${limit}`.execute(db)
  return rows.map(toOperator)
}

export async function findOperator(db: Kysely<Database>, userId: string): Promise<Operator | undefined> {
  const { rows } = await sql<Row>`select ${OPERATOR} from operators where user_id = ${userId}`.execute(db)
  return rows[0] && toOperator(rows[0])
}

/** Returns whether the person was none before. */
export async function addOperator(db: Kysely<Database>, userId: string): Promise<boolean> {
  return ((await sql`insert into operators (user_id) values (${userId}) on conflict do nothing`.execute(db)).numAffectedRows ?? 0n) > 0n
}

/** Returns whether the person was one. */
export async function removeOperator(db: Kysely<Database>, userId: string): Promise<boolean> {
  return ((await sql`delete from operators where user_id = ${userId}`.execute(db)).numAffectedRows ?? 0n) > 0n
}

// Whoever takes this from an operator waits for whoever else does: else two could take each other's, and leave nobody.
async function holdOperators(trx: Kysely<Database>): Promise<void> {
  await sql`select user_id from operators order by user_id for update`.execute(trx)
}

/** Takes it from a person who is still the operator that was seen, but never from the last one. In a transaction. */
export async function removeOperatorKeepingOne(trx: Kysely<Database>, userId: string, version: string): Promise<'removed' | 'last' | 'other'> {
  await holdOperators(trx)
  if ((await findOperator(trx, userId))?.version !== version) return 'other'
  const result = await sql`delete from operators where user_id = ${userId} and exists (select from operators o where o.user_id <> ${userId})`.execute(trx)
  return (result.numAffectedRows ?? 0n) > 0n ? 'removed' : 'last'
}

/** Of two people who become one, the one that stays is an operator when either was. */
export async function moveOperator(trx: Kysely<Database>, from: string, to: string): Promise<void> {
  await sql`insert into operators (user_id) select ${to}::uuid from operators where user_id = ${from} on conflict do nothing`.execute(trx)
  await sql`delete from operators where user_id = ${from}`.execute(trx)
}

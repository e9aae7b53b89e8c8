import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { Context } from '../context.ts'
import type { Database } from '../database/schema.ts'
import { inTransaction } from '../database/transaction.ts'
import { sha256 } from '../lib/digest.ts'
import { randomBytes } from '../lib/random.ts'

// Owns recovery_codes: ten, each works once, kept as hashes. 80 random bits each, so that a plain hash will do.

const COUNT = 10
const GROUPS = 4
const GROUP_LENGTH = 4
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const LENGTH = GROUPS * GROUP_LENGTH

function hashOf(userId: string, plain: string): Buffer {
  return sha256(`recovery-code/${userId}/${plain}`)
}

function drawCode(): string {
  return [...randomBytes(LENGTH)].map((byte) => ALPHABET.charAt(byte & 31)).join('')
}

/** What a person typed as it is kept: no spaces or hyphens, capitals, and the letters that look like digits as digits (Crockford). */
export function plainRecoveryCode(typed: string): string {
  return typed.normalize('NFKC').replaceAll(/[\s\p{Pd}]/gu, '').toUpperCase().replaceAll('O', '0').replaceAll(/[IL]/g, '1')
}

/** As it is shown: `7F3K-92QD-…`. */
function shown(plain: string): string {
  return (plain.match(/.{4}/g) ?? []).join('-')
}

/** Draws ten new codes; those before work no longer. This is the only time that they are known. */
export async function replaceRecoveryCodes(ctx: Context, userId: string): Promise<readonly string[]> {
  const codes = Array.from({ length: COUNT }, drawCode)
  const hashes = codes.map((code) => hashOf(userId, code))
  await inTransaction(ctx.db, async (trx) => {
    await deleteRecoveryCodes(trx, userId)
    await sql`insert into recovery_codes (user_id, code_hash) select ${userId}, unnest(${hashes}::bytea[])`.execute(trx)
  })
  return codes.map(shown)
}

/** Takes a code, once. `used` when it was taken before. */
export async function takeRecoveryCode(ctx: Context, userId: string, typed: string): Promise<'good' | 'wrong' | 'used'> {
  const hash = hashOf(userId, plainRecoveryCode(typed))
  const { rows } = await sql<{ taken: boolean }>`
    with taken as (update recovery_codes set used_at = clock_now() where user_id = ${userId} and code_hash = ${hash} and used_at is null returning 1)
    select exists (select from taken) as taken from recovery_codes where user_id = ${userId} and code_hash = ${hash}`.execute(ctx.db)
  return rows[0] === undefined ? 'wrong' : rows[0].taken ? 'good' : 'used'
}

/** In a statement: whether any are left. */
export function recoveryCodeExists(userId: string): RawBuilder<boolean> {
  return sql`exists (select from recovery_codes where user_id = ${userId} and used_at is null)`
}

/** How many are left. */
export async function countRecoveryCodes(ctx: Context, userId: string): Promise<number> {
  const { rows } = await sql<{ left: number }>`select count(*)::int as left from recovery_codes where user_id = ${userId} and used_at is null`.execute(ctx.db)
  return rows[0]?.left ?? 0
}

export async function deleteRecoveryCodes(db: Kysely<Database>, userId: string): Promise<void> {
  await sql`delete from recovery_codes where user_id = ${userId}`.execute(db)
}

import { sql } from 'kysely'
import type { Context } from '../context.ts'
import { sha256 } from '../lib/digest.ts'
import { refusedByLimit } from '../protocol/error.ts'

// Owns attempts: counters by a hashed key, each with the time at which it starts anew. Counted in one statement, before anything is tried,
// so that a hundred at once are a hundred.

export interface Attempts {
  readonly count: number
  readonly until: Date
}

/** Counts one attempt for each of some keys, and says for each how many there were in this window. In the order of the keys, so that two cannot wait for each other. */
export async function countAttempts<const Keys extends readonly string[]>(ctx: Context, keys: Keys, windowSeconds: number): Promise<{ readonly [I in keyof Keys]: Attempts }> {
  const hashes = keys.map(sha256)
  const { rows } = await sql<Attempts & { attempt_key: Buffer }>`
    insert into attempts (attempt_key, count, until) select key, 1, clock_now() + make_interval(secs => ${windowSeconds}) from unnest(${hashes}::bytea[]) key order by key
    on conflict (attempt_key) do update set
      count = case when attempts.until < clock_now() then 1 else attempts.count + 1 end,
      until = case when attempts.until < clock_now() then excluded.until else attempts.until end
    returning attempt_key, count, until`.execute(ctx.db)
  const counted = hashes.map((hash) => rows.find(({ attempt_key: key }) => key.equals(hash)) ?? { count: 1, until: new Date(ctx.clock.now()) })
  return counted as unknown as { readonly [I in keyof Keys]: Attempts }
}

/** Counts one attempt and says how many there were in this window. */
export async function countAttempt(ctx: Context, key: string, windowSeconds: number): Promise<Attempts> {
  const [counted] = await countAttempts(ctx, [key], windowSeconds)
  return counted
}

/** Counts one attempt. Throws 429 with `Retry-After` when there were more than `most` in this window. */
export async function requireMeasure(ctx: Context, key: string, { most, seconds }: { readonly most: number; readonly seconds: number }, description: string): Promise<void> {
  const { count, until } = await countAttempt(ctx, key, seconds)
  if (count > most) throw refusedByLimit(429, description, { 'retry-after': String(Math.max(1, Math.ceil((until.getTime() - ctx.clock.now()) / 1000))) }, { cause: 'limit.rate', compared: [{ name: `requests in ${seconds} s`, sent: String(count), expected: `≤ ${most}` }] })
}

/** Starts a key anew. */
export async function clearAttempts(ctx: Context, key: string): Promise<void> {
  await sql`delete from attempts where attempt_key = ${sha256(key)}`.execute(ctx.db)
}

/** Uncounts one attempt for each of some keys: it turned out to be none of those that are counted. `cleared`: keys that start anew meanwhile. */
export async function takeBackAttempts(ctx: Context, keys: readonly string[], cleared: readonly string[] = []): Promise<void> {
  const [back, gone] = [keys.map(sha256), cleared.map(sha256)]
  await sql`with held as materialized (select attempt_key from attempts where attempt_key = any(${[...back, ...gone]}::bytea[]) order by attempt_key for update),
    anew as (delete from attempts where attempt_key in (select attempt_key from held) and attempt_key = any(${gone}::bytea[]))
    update attempts set count = count - 1 where attempt_key in (select attempt_key from held) and attempt_key = any(${back}::bytea[]) and count > 0 and until >= clock_now()`.execute(ctx.db)
}

/** Deletes at most `limit` counters whose window is over. Returns how many. */
export async function deleteExpiredAttempts(ctx: Context, limit: number): Promise<number> {
  const result = await sql`delete from attempts where attempt_key in (select attempt_key from attempts where until < clock_now() limit ${limit} for update skip locked)`.execute(ctx.db)
  return Number(result.numAffectedRows ?? 0n)
}

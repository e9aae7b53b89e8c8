import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { deleteExpiredJob } from '../../src/jobs/delete-expired.ts'
import type { Job } from '../../src/jobs/job.ts'
import { keepLease, releaseLease, takeLease } from '../../src/jobs/lease.ts'
import { rotateKeysJob } from '../../src/jobs/rotate-keys.ts'
import { runJob, startJobs } from '../../src/jobs/runner.ts'
import { firstIdAt } from '../../src/lib/random.ts'
import { open, type Opened } from '../declarations/open.ts'

let opened: Opened
beforeAll(async () => {
  opened = await open()
})
afterEach(() => sql`truncate leases`.execute(opened.ctx.db))
afterAll(() => opened.close())

const never = (): boolean => false

describe('a lease', () => {
  test('a hundred ask at once and one gets it', async () => {
    const answers = await Promise.all(Array.from({ length: 100 }, () => takeLease(opened.ctx.db, 'x', randomUUID(), 60)))
    expect(answers.filter(Boolean)).toHaveLength(1)
  })

  test('is renewed by its holder, taken by another once it is over or let go', async () => {
    const { db } = opened.ctx
    expect(await takeLease(db, 'x', 'a', 60)).toBe(true)
    expect(await takeLease(db, 'x', 'a', 60)).toBe(true)
    expect(await takeLease(db, 'x', 'b', 60)).toBe(false)
    expect(await keepLease(db, 'x', 'b', 60)).toBe(false)
    await releaseLease(db, 'x', 'b')
    expect(await takeLease(db, 'x', 'b', 60)).toBe(false)
    await releaseLease(db, 'x', 'a')
    expect(await takeLease(db, 'x', 'b', 0.05)).toBe(true)
    await sleep(100)
    expect(await takeLease(db, 'x', 'c', 60)).toBe(true)
  })
})

describe('a job', () => {
  test('is run by one of many processes, once a period', async () => {
    let runs = 0
    const job: Job = { name: 'count', everySeconds: 60, run: async () => ++runs }
    const answers = await Promise.all(Array.from({ length: 20 }, () => runJob(opened.ctx, job, randomUUID(), never)))
    expect(answers.filter((answer) => answer !== undefined)).toEqual([1])
  })

  test('that fails lets go, so that the next turn tries again', async () => {
    const failing: Job = { name: 'fails', everySeconds: 60, run: () => Promise.reject(new Error('no')) }
    await expect(runJob(opened.ctx, failing, 'a', never)).rejects.toThrow('no')
    await expect(runJob(opened.ctx, failing, 'b', never)).rejects.toThrow('no')
  })

  test('stops when the process does', async () => {
    let sawStop = false
    let began: () => void = () => {}
    const started = new Promise<void>((resolve) => {
      began = resolve
    })
    const long: Job = {
      name: 'long',
      everySeconds: 1,
      run: async (_ctx, stopping) => {
        began()
        while (!stopping()) await sleep(10)
        sawStop = true
        return 0
      },
    }
    const running = startJobs(opened.ctx, [long])
    await started
    await running.stop(2000)
    expect(sawStop).toBe(true)
  })
})

async function count(table: string): Promise<number> {
  const { rows } = await sql<{ n: string }>`select count(*) as n from ${sql.table(table)}`.execute(opened.ctx.db)
  return Number(rows[0]?.n)
}

describe('expired rows', () => {
  test('leave by the ten thousand, in batches; living ones stay', { timeout: 60_000 }, async () => {
    const { ctx } = opened
    const old = firstIdAt(Date.now() - 40 * 86_400_000).slice(0, 23)
    const now = firstIdAt(Date.now()).slice(0, 23)
    const id = (prefix: string) => sql`(${prefix} || lpad(to_hex(i), 12, '0'))::uuid`
    await sql`insert into access_tokens (token_id, expires_at, client_key, secret_hash, scope) select ${id(old)}, now() - interval '30 days', 1, '\\x00', '' from generate_series(1, 12000) i`.execute(ctx.db)
    await sql`insert into access_tokens (token_id, expires_at, client_key, secret_hash, scope) select ${id(now)}, now() + interval '1 hour', 1, '\\x00', '' from generate_series(1, 100) i`.execute(ctx.db)
    await sql`insert into authorization_codes (code_id, secret_hash, grant_id, client_key, user_id, redirect_uri, redirect_uri_given, scope, details, auth_time, offline, expires_at)
      select ${id(old)}, '\\x00', gen_random_uuid(), 1, gen_random_uuid(), '', true, '', '{}', now(), false, now() - interval '30 days' from generate_series(1, 6000) i`.execute(ctx.db)
    await sql`insert into grants (grant_id, client_key, user_id, scope, details, auth_time, offline, expires_at)
      select gen_random_uuid(), 1, gen_random_uuid(), '', '{}', now(), false, now() + (case when i <= 6000 then -1 else 1 end) * interval '1 day' - i * interval '1 millisecond' from generate_series(1, 6050) i`.execute(ctx.db)
    await sql`insert into browsers (browser_id, secret_hash, expires_at) select gen_random_uuid(), '\\x00', now() + (case when i <= 6000 then -1 else 1 end) * interval '1 day' from generate_series(1, 6010) i`.execute(ctx.db)
    await sql`insert into devices (device_id, secret_hash, expires_at) select gen_random_uuid(), '\\x00', now() - interval '1 day' from generate_series(1, 10) i`.execute(ctx.db)
    expect(await deleteExpiredJob.run(ctx, never)).toBe(12_000 + 6000 + 6000 + 6000 + 10)
    expect(await Promise.all(['access_tokens', 'authorization_codes', 'grants', 'browsers', 'devices'].map(count))).toEqual([100, 0, 50, 10, 0])
    expect(await deleteExpiredJob.run(ctx, never)).toBe(0)
  })

  test('that somebody holds are passed by, not waited for', async () => {
    const { ctx } = opened
    await sql`insert into browsers (browser_id, secret_hash, expires_at) select gen_random_uuid(), '\\x00', now() - interval '1 day' from generate_series(1, 20) i`.execute(ctx.db)
    await ctx.db.transaction().execute(async (trx) => {
      await sql`select from browsers where expires_at < now() limit 5 for update`.execute(trx)
      expect(await deleteExpiredJob.run(ctx, never)).toBe(15)
    })
    expect(await deleteExpiredJob.run(ctx, never)).toBe(5)
  })
})

describe('keys', () => {
  test('older than ninety days get successors, once; departed ones go', async () => {
    const { ctx } = opened
    expect(await rotateKeysJob.run(ctx, never)).toBe(0)
    await sql`update signing_keys set created_at = now() - interval '91 days'`.execute(ctx.db)
    expect(await rotateKeysJob.run(ctx, never)).toBe(3)
    expect(await rotateKeysJob.run(ctx, never)).toBe(0)
    await sql`update signing_keys set leaves_at = now() - interval '1 second' where leaves_at is not null`.execute(ctx.db)
    expect(await rotateKeysJob.run(ctx, never)).toBe(3)
  })
})

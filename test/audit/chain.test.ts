import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createLog } from '../../src/audit/log.ts'
import { createMetrics } from '../../src/audit/metrics.ts'
import { type Audit, createAudit } from '../../src/audit/record.ts'
import { sealOf } from '../../src/audit/chain.ts'
import { readChainKey, readEnds } from '../../src/audit/chain-store.ts'
import { numberBeforeOldest } from '../../src/audit/store.ts'
import { type DatabaseHandle, openDatabase } from '../../src/database/connect.ts'
import { createSealing } from '../../src/keys/sealing.ts'
import { SealedKeyError } from '../../src/keys/store.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

// What happened stays what was written: whoever can write to the database, but has not the secret key, changes, takes and adds nothing unseen.

const SECRET = 'a secret of this installation, 32+ characters'
const DAY = 86_400_000

let database: TestDatabase
let handle: DatabaseHandle
let key: Buffer
const logged: string[] = []

const chainKey = (secret = SECRET) => readChainKey(handle.db, createSealing([secret]), () => numberBeforeOldest(handle.db))
const writer = (now = () => systemClock.now(), db = handle.db): Audit => createAudit({ db, clock: { now }, log: createLog('warn', { write: (line) => void logged.push(line) }), metrics: createMetrics('test', false), key })

beforeAll(async () => {
  database = await createTestDatabase()
  handle = openDatabase({ connection: { ...database.connection, ssl: false }, pool: 10, prepare: true, onError: () => {} })
})
afterAll(async () => {
  await handle.close()
  await database.drop()
})

/** The statements of somebody who owns the database: no trigger stands in the way. */
async function asOwner(...statements: readonly string[]): Promise<void> {
  await handle.db.transaction().execute(async (trx) => {
    await sql`set local session_replication_role = replica`.execute(trx)
    for (const statement of statements) await sql.raw(statement).execute(trx)
  })
}

async function idAt(seq: number): Promise<string> {
  const { rows } = await sql<{ event_id: string }>`select event_id from audit_events where seq = ${seq}`.execute(handle.db)
  return rows[0]?.event_id ?? ''
}

beforeEach(async () => {
  await asOwner('delete from audit_events', 'delete from audit_chain')
  key = await chainKey()
})

/** A chain of ten events in two batches. */
async function tenEvents(): Promise<Audit> {
  const audit = writer()
  for (let i = 1; i <= 10; i++) {
    audit.record({ event: 'client.changed', clientId: `client-${i}`, change: 'secret rotated', actor: 'operator' }, '7F3K-92QD')
    if (i === 5) await audit.flush()
  }
  await audit.flush()
  return audit
}

describe('the chain', () => {
  test('is gapless, unbroken, and goes on after a start with a new secret in front', async () => {
    const audit = await tenEvents()
    expect(await audit.verify()).toMatchObject({ events: 10, unproven: 0, head: { seq: 10 }, faults: [] })
    const both = createSealing(['another secret of this installation, in front', SECRET])
    expect(await readChainKey(handle.db, both, async () => 0)).toEqual(key)
    expect(await chainKey('another secret of this installation, in front')).toEqual(key)
    await expect(chainKey()).rejects.toThrow(SealedKeyError)
  })

  test('eight writers at once: every event once, no gap, unbroken', async () => {
    logged.length = 0
    const writers = Array.from({ length: 8 }, () => writer())
    await Promise.all(
      writers.map(async (audit, who) => {
        for (let i = 0; i < 12; i++) {
          audit.record({ event: 'user.changed', userId: '019c0000-0000-7000-8000-000000000000', change: `${who}/${i}` })
          await audit.flush()
        }
        while ((await countOf(who)) < 12) await audit.flush()
        await audit.close()
      }),
    )
    const { rows } = await sql<{ n: number; first: number; last: number }>`select count(*)::int as n, min(seq)::int as first, max(seq)::int as last from audit_events`.execute(handle.db)
    expect(rows).toEqual([{ n: 96, first: 1, last: 96 }])
    expect(await writer().verify()).toMatchObject({ events: 96, faults: [] })
    // Who comes second looks again: nobody runs into the number of another.
    expect(logged).toEqual([])
  })

  async function countOf(who: number): Promise<number> {
    const { rows } = await sql<{ n: number }>`select count(*)::int as n from audit_events where details->>'change' like ${`${who}/%`}`.execute(handle.db)
    return rows[0]?.n ?? 0
  }

  test('many processes that start at once draw one key', async () => {
    await asOwner('delete from audit_chain')
    const keys = await Promise.all(Array.from({ length: 20 }, () => chainKey()))
    expect(new Set(keys.map((one) => one.toString('hex'))).size).toBe(1)
  })

  test('an event whose text the database cannot keep is written all the same, and nothing waits behind it', async () => {
    const audit = writer()
    audit.record({ event: 'login.failed', providerId: 'nul\0 and half a pair \ud83d', reason: 'wrong password' })
    audit.record({ event: 'logout', userId: '019c0000-0000-7000-8000-000000000000' })
    await audit.flush()
    expect(await audit.verify()).toMatchObject({ events: 2, faults: [] })
  })

  test('a batch whose answer was lost is not written twice', async () => {
    // What was asked is done, and then the connection is lost: the writer is told of a failure.
    let lost = 0
    const losing = handle.db.withPlugin({
      transformQuery: ({ node }) => node,
      transformResult: async ({ result }) => {
        if ((result.numAffectedRows ?? 0n) > 0n && lost++ === 0) throw new Error('Connection terminated unexpectedly')
        return result
      },
    })
    const audit = writer(undefined, losing)
    audit.record({ event: 'logout', userId: '019c0000-0000-7000-8000-000000000000' })
    await audit.flush()
    expect(logged.at(-1)).toContain('audit events wait for the database')
    audit.record({ event: 'logout', userId: '019c0000-0000-7000-8000-000000000001' })
    await audit.flush()
    expect(await writer().verify()).toMatchObject({ events: 2, faults: [] })
  })
})

describe('the database refuses', () => {
  test.each(["update audit_events set event = 'login'", 'delete from audit_events where seq = 3', 'truncate audit_events', 'delete from audit_chain', 'truncate audit_chain', 'update audit_chain set head_seq = 3', 'update audit_chain set anchor_seq = -1'])('%s', async (statement) => {
    const audit = await tenEvents()
    await expect(sql.raw(statement).execute(handle.db)).rejects.toThrow(/appended to, never changed|only move forward/)
    expect((await audit.verify()).faults).toEqual([])
  })
})

describe('what was done behind the server’s back is named', () => {
  const copy = (seq: number, as: number): string => `insert into audit_events (seq, digest, event_id, at, event, details) select ${as}, digest, gen_random_uuid(), at, event, details from audit_events where seq = ${seq}`

  test.each([
    ['another client', `update audit_events set client_id = 'other' where seq = 4`],
    ['another event', `update audit_events set event = 'logout' where seq = 4`],
    ['another time', `update audit_events set at = at - interval '1 hour' where seq = 4`],
    ['another person', `update audit_events set user_id = gen_random_uuid() where seq = 4`],
    ['another actor', `update audit_events set actor = 'somebody else' where seq = 4`],
    ['no actor', `update audit_events set actor = null where seq = 4`],
    ['another reference', `update audit_events set reference = null where seq = 4`],
    ['other details', `update audit_events set details = details || '{"change":"deleted"}' where seq = 4`],
    ['another digest', `update audit_events set digest = sha256('4') where seq = 4`],
  ])('an edited event: %s', async (_what, statement) => {
    const audit = await tenEvents()
    const id = await idAt(4)
    await asOwner(statement)
    expect((await audit.verify()).faults[0]).toMatchObject({ kind: 'changed', seq: 4, id })
  })

  test('only the edited one, however many follow', async () => {
    const audit = await tenEvents()
    await asOwner(`update audit_events set client_id = 'other' where seq = 4`)
    expect((await audit.verify()).faults).toHaveLength(1)
  })

  test.each([
    ['the first one', 'delete from audit_events where seq = 1', { kind: 'missing', seq: 1, to: 1 }],
    ['some from the middle', 'delete from audit_events where seq in (4, 5, 6)', { kind: 'missing', seq: 4, to: 6 }],
    ['the last ones', 'delete from audit_events where seq > 7', { kind: 'missing', seq: 8, to: 10 }],
    ['all', 'delete from audit_events', { kind: 'missing', seq: 1, to: 10 }],
  ])('deleted events: %s', async (_what, statement, fault) => {
    const audit = await tenEvents()
    await asOwner(statement)
    expect((await audit.verify()).faults).toEqual([fault])
  })

  test('a tail that was cut, with the end set back to what then is the last event', async () => {
    const audit = await tenEvents()
    await asOwner('delete from audit_events where seq > 7', 'update audit_chain set head_seq = 7, head_digest = (select digest from audit_events where seq = 7)')
    expect((await audit.verify()).faults).toEqual([{ kind: 'end', end: 'head', seq: 7 }])
  })

  test('the oldest ones taken, with the anchor set behind them', async () => {
    const audit = await tenEvents()
    await asOwner('update audit_chain set anchor_seq = 3, anchor_digest = (select digest from audit_events where seq = 3)', 'delete from audit_events where seq <= 3')
    expect((await audit.verify()).faults).toEqual([{ kind: 'end', end: 'anchor', seq: 3 }])
  })

  test('two swapped events', async () => {
    const audit = await tenEvents()
    const id = await idAt(6)
    await asOwner('update audit_events set seq = 1000 where seq = 3', 'update audit_events set seq = 3 where seq = 6', 'update audit_events set seq = 6 where seq = 1000')
    expect((await audit.verify()).faults[0]).toMatchObject({ kind: 'changed', seq: 3, id })
  })

  test('a forged event at the end, and one for which room was made in the middle', async () => {
    const audit = await tenEvents()
    await asOwner(copy(10, 11))
    expect((await audit.verify()).faults).toEqual([expect.objectContaining({ kind: 'added', seq: 11, id: await idAt(11) })])
    await asOwner('update audit_chain set head_seq = 11, head_digest = (select digest from audit_events where seq = 11)')
    expect((await audit.verify()).faults).toEqual([{ kind: 'end', end: 'head', seq: 11 }, expect.objectContaining({ kind: 'changed', seq: 11 })])
    await asOwner('delete from audit_events where seq = 11', 'update audit_events set seq = seq + 100 where seq > 4', 'update audit_events set seq = seq - 99 where seq > 100', copy(4, 5))
    expect((await audit.verify()).faults).toContainEqual(expect.objectContaining({ kind: 'changed', seq: 5, id: await idAt(5) }))
  })

  test('an event that a server of ours did write in that very place, before the database was put back', async () => {
    const first = await tenEvents()
    await asOwner('create table kept as select * from audit_events where seq = 5', 'delete from audit_events where seq > 4', 'update audit_chain set head_seq = 4, head_digest = (select digest from audit_events where seq = 4)')
    await sealHead()
    await first.close()
    const second = writer()
    for (let i = 0; i < 6; i++) second.record({ event: 'logout', userId: '019c0000-0000-7000-8000-000000000000' })
    await second.flush()
    expect((await second.verify()).faults).toEqual([])
    await asOwner('delete from audit_events where seq = 5', 'insert into audit_events select * from kept', 'drop table kept')
    expect((await second.verify()).faults).toMatchObject([{ kind: 'changed', seq: 6 }])
  })

  /** As the backup had it: what the server itself had sealed then. */
  async function sealHead(): Promise<void> {
    const head = (await readEnds(handle.db))?.head
    if (head !== undefined) await asOwner(`update audit_chain set head_seal = '\\x${sealOf(key, 'head', head).toString('hex')}'`)
  }

  test('a database that was put back to an older state, by a head that was kept', async () => {
    const audit = await tenEvents()
    const { head } = await audit.verify()
    const kept = { seq: head.seq, digest: head.digest.toString('hex') }
    expect((await audit.verify({ kept })).faults).toEqual([])
    await asOwner('delete from audit_events', 'delete from audit_chain')
    key = await chainKey()
    const other = await tenEvents()
    expect((await other.verify({ kept })).faults).toEqual([{ kind: 'other', seq: 10 }])
    expect((await other.verify({ kept: { ...kept, seq: 11 } })).faults).toEqual([{ kind: 'other', seq: 11 }])
  })
})

test('a chain is walked along in parts, which say what the whole says', async () => {
  const audit = await tenEvents()
  await asOwner(`update audit_events set client_id = 'other' where seq = 6`, 'delete from audit_events where seq = 10')
  const parts = [await audit.verify({ most: 4 })]
  for (let from = parts[0]?.rest; from !== undefined; from = parts.at(-1)?.rest) parts.push(await audit.verify({ most: 4, from }))
  expect(parts.map(({ events }) => events)).toEqual([4, 4, 1])
  expect(parts.flatMap(({ faults }) => faults)).toEqual((await audit.verify()).faults)
  expect(parts.flatMap(({ faults }) => faults)).toMatchObject([{ kind: 'changed', seq: 6 }, { kind: 'missing', seq: 10, to: 10 }])
})

describe('events that are old', () => {
  test('are forgotten from the old end, and what is left verifies', async () => {
    let now = Date.now() - 100 * DAY
    const audit = writer(() => now)
    for (let i = 0; i < 10; i++) {
      audit.record({ event: 'client.changed', clientId: `client-${i}`, change: 'x' })
      now += 10 * DAY
    }
    await audit.flush()
    const before = new Date(now - 45 * DAY)
    expect([await audit.forget(before, 4), await audit.forget(before, 4), await audit.forget(before, 4)]).toEqual([4, 2, 0])
    expect(await audit.verify()).toMatchObject({ events: 4, anchor: { seq: 6 }, head: { seq: 10 }, faults: [] })
    await asOwner(`update audit_events set event = 'login' where seq = 7`)
    expect((await audit.verify()).faults).toMatchObject([{ kind: 'changed', seq: 7 }])
  })

  test('two processes that forget at once forget the same ones', async () => {
    let now = Date.now() - 100 * DAY
    const audit = writer(() => now)
    for (let i = 0; i < 10; i++) audit.record({ event: 'client.changed', clientId: `client-${i}`, change: 'x' })
    await audit.flush()
    now += 100 * DAY
    const counts = await Promise.all(Array.from({ length: 6 }, () => audit.forget(new Date(now), 5)))
    const { events, anchor, faults } = await audit.verify()
    expect([counts.reduce((a, b) => a + b, 0), events, faults]).toEqual([anchor.seq, 10 - anchor.seq, []])
  })

  test('of all, the chain goes on from the anchor', async () => {
    const audit = await tenEvents()
    expect(await audit.forget(new Date(Date.now() + DAY), 100)).toBe(10)
    audit.record({ event: 'client.changed', clientId: 'eleven', change: 'x' })
    await audit.flush()
    expect(await audit.verify()).toMatchObject({ events: 1, anchor: { seq: 10 }, head: { seq: 11 }, faults: [] })
  })
})

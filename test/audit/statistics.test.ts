import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { clientStatistics, FEWER_THAN_FIVE, providerStatistics } from '../../src/audit/read-statistics.ts'
import { createStatistics, dayOf, type Statistics, weekOf } from '../../src/audit/statistics.ts'
import { closeStatisticsJob } from '../../src/jobs/close-statistics.ts'
import { firstSignIn } from '../journeys/person.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { newBrowser } from '../support/browser.ts'
import { basic, obtainCode, post, redeem } from '../support/relying-party.ts'

// How much applications and places to sign in are used, and that nobody can be found in it.

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

const now = (): number => server.ctx.clock.now()
const today = () => ({ from: dayOf(now()), to: dayOf(now()) })
const never = (): boolean => false

/** Everything that the tables of statistics hold, as text. */
async function everything(): Promise<string> {
  const tables = await Promise.all(['daily_counts', 'people_keys', 'week_people', 'weekly_people'].map((table) => sql`select t::text as text from ${sql.table(table)} t`.execute(server.ctx.db)))
  return JSON.stringify(tables.map(({ rows }) => rows))
}

test('sign-ins, tokens and failures of a client are counted by day, those of a place to sign in too', async () => {
  for (let i = 0; i < 5; i++) await redeem(server.issuer, await obtainCode(server.issuer, newBrowser(server.issuer)))
  await post(server.issuer, '/oauth/token', { grant_type: 'authorization_code', code: 'ptr_ac_nonsense', redirect_uri: 'https://planner.example.org/callback' }, { authorization: basic('planner') })
  await fetch(`${server.issuer}/oauth/authorization?${new URLSearchParams({ client_id: 'planner', response_type: 'code', redirect_uri: 'https://planner.example.org/callback', scope: 'openid nonsense' })}`, { redirect: 'manual' })
  await server.ctx.statistics.flush()
  const { days } = await clientStatistics(server.ctx, 'planner', today())
  expect(days).toMatchObject([{ day: dayOf(now()), logins: 5, tokens: { authorization_code: 5 } }])
  const reasons = Object.keys(days[0]?.failures ?? {})
  expect(reasons.map((reason) => reason.split(' ')[0]).toSorted()).toEqual(['invalid_grant', 'invalid_request'])
  expect((await clientStatistics(server.ctx, 'planner', { ...today(), provider: 'ntu' })).days).toMatchObject([{ logins: 5 }])
  expect((await clientStatistics(server.ctx, 'planner', { ...today(), provider: 'lunmal' })).days).toEqual([])
  expect((await providerStatistics(server.ctx, 'ntu', today())).days).toMatchObject([{ logins: 5 }])
})

test('people are counted once a week however often they come; fewer than five are not told', async () => {
  const { weeks } = await clientStatistics(server.ctx, 'planner', today())
  expect(weeks).toEqual([{ week: weekOf(now()), people: FEWER_THAN_FIVE }])
  for (let i = 0; i < 5; i++) for (let times = 0; times < 3; times++) server.ctx.statistics.login('second', 'ntu', `00000000-0000-4000-8000-00000000000${i}`)
  await server.ctx.statistics.flush()
  expect(await clientStatistics(server.ctx, 'second', today())).toMatchObject({ days: [{ logins: 15 }], weeks: [{ people: 5 }] })
})

test('a failed sign-in counts for the place, with its reason', async () => {
  await expect(firstSignIn(newBrowser(server.issuer), server.issuer, 'ada', {}, { password: 'not hers' })).rejects.toThrow()
  await server.ctx.statistics.flush()
  const [day] = (await providerStatistics(server.ctx, 'ntu', today())).days
  expect(Object.values(day?.failures ?? {})).toEqual([1])
})

test('a request in the name of a client that there is not leaves no row', async () => {
  await fetch(`${server.issuer}/oauth/authorization?${new URLSearchParams({ client_id: 'made-up', response_type: 'code' })}`)
  await post(server.issuer, '/oauth/token', { grant_type: 'client_credentials' }, { authorization: basic('made-up-too') })
  await server.ctx.statistics.flush()
  expect(await everything()).not.toContain('made-up')
})

describe('nobody can be found in it', () => {
  test('no table has a person’s id, name, address or login name', async () => {
    await server.ctx.statistics.flush()
    const { rows } = await sql<{ user_id: string }>`select user_id from users`.execute(server.ctx.db)
    const text = await everything()
    for (const { user_id: id } of rows) expect([text.includes(id), text.includes(id.replaceAll('-', ''))], id).toEqual([false, false])
    for (const word of ['ada', 'Ada', 'ntu.example', '127.0.0.1', '::1']) expect(text, word).not.toContain(word)
  })

  test('the same person at two clients is two marks', async () => {
    const { rows } = await sql<{ subjects: number; people: number }>`select count(distinct subject)::int as subjects, count(distinct person)::int as people from week_people`.execute(server.ctx.db)
    const { rows: all } = await sql<{ rows: number }>`select count(*)::int as rows from week_people`.execute(server.ctx.db)
    expect(rows[0]?.subjects).toBeGreaterThan(2)
    expect(rows[0]?.people).toBe(all[0]?.rows)
  })

  test('when the week is over the marks and their key are gone, and the number stays', async () => {
    const week = { from: weekOf(now()), to: dayOf(now()) }
    const before = await clientStatistics(server.ctx, 'second', week)
    await server.advance(8 * 86_400)
    server.ctx.statistics.login('second', 'ntu', '00000000-0000-4000-8000-000000000001')
    await server.ctx.statistics.flush()
    expect(await closeStatisticsJob.run(server.ctx, never)).toBeGreaterThan(4)
    expect((await clientStatistics(server.ctx, 'second', week)).weeks).toEqual(before.weeks)
    const { rows } = await sql<{ week: string }>`select to_char(week, 'YYYY-MM-DD') as week from people_keys union select to_char(week, 'YYYY-MM-DD') from week_people`.execute(server.ctx.db)
    expect(rows).toEqual([{ week: weekOf(now()) }])
  })

  test('sums go after 400 days', async () => {
    await server.advance(402 * 86_400)
    await closeStatisticsJob.run(server.ctx, never)
    const { rows } = await sql`select 1 from daily_counts union all select 1 from weekly_people where week < ${dayOf(now() - 400 * 86_400_000)}::date`.execute(server.ctx.db)
    expect(rows).toEqual([])
  })
})

test('many processes that count at once lose nothing, and count a person once', async () => {
  const { db, clock, log, sealing } = server.ctx
  const processes: readonly Statistics[] = Array.from({ length: 10 }, () => createStatistics({ db, clock, log, sealing, isRegistered: async () => true }))
  for (let i = 0; i < 100; i++) for (const one of processes) one.login('planner', 'ntu', `00000000-0000-4000-8000-${String(i % 20).padStart(12, '0')}`)
  await Promise.all(processes.map((one) => one.close()))
  expect(await clientStatistics(server.ctx, 'planner', today())).toMatchObject({ days: [{ logins: 1000 }], weeks: [{ people: 20 }] })
})

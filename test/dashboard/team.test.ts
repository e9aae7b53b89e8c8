import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { searchEvents } from '../../src/audit/store.ts'
import { findMember, listMembers } from '../../src/organizations/members.ts'
import { textById, viewName } from '../support/account.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import type { Browser, Page } from '../support/browser.ts'
import { atDesk, giveRole, takeRole, userIdOf } from './developer.ts'

// Who works for an organization: added, changed and removed by its administrators, of whom one always stays.

const TEAM = '/dashboard/team?owner=org%3Antu'

let server: TestServer
let ada: Browser
beforeAll(async () => {
  server = await startTestServer()
  await giveRole(server, 'ada', 'ntu', 'admin')
  ada = await atDesk(server)
})
afterAll(() => server.close())

async function send(browser: Browser, fields: Readonly<Record<string, string>>): Promise<Page> {
  const csrf = /name="csrf" value="([^"]+)"/.exec((await browser.open(TEAM)).html)?.[1] ?? ''
  return browser.open(TEAM, { method: 'POST', body: new URLSearchParams({ csrf, ...fields }), headers: { 'content-type': 'application/x-www-form-urlencoded' } })
}

async function roleOf(username: string): Promise<string | undefined> {
  return (await findMember(server.ctx.db, 'ntu', await userIdOf(server, username)))?.role
}

describe('an administrator', () => {
  test('adds somebody by name, gives another role, and takes it', async () => {
    const added = await ada.submit(await ada.open(TEAM), 'login', { login: 'lin', role: 'developer', act: 'add' })
    expect([viewName(added), textById(added, 'status'), await roleOf('lin')]).toEqual(['dashboard-team', 'Added.', 'developer'])
    const lin = await userIdOf(server, 'lin')
    expect(textById(await send(ada, { act: 'change', user: lin, role: 'member' }), 'status')).toContain('The role is changed')
    expect(await roleOf('lin')).toBe('member')
    expect(textById(await send(ada, { act: 'remove', user: lin }), 'status')).toContain('Removed')
    expect(await roleOf('lin')).toBeUndefined()
    await server.ctx.audit.flush()
    const done = await searchEvents(server.ctx.db, { actor: await userIdOf(server, 'ada'), target: lin }, { limit: 10 })
    expect(done.map(({ details }) => details['change'])).toEqual(['removed in the dashboard', 'member in the dashboard', 'developer in the dashboard'])
  })

  test('sees a large team page by page', async () => {
    const { db } = server.ctx
    await sql`with made as (insert into users (user_id, username, claims) select gen_random_uuid(), 'many-' || n, '{}' from generate_series(1, 120) n returning user_id)
      insert into organization_members (organization_id, user_id, role) select 'ntu', user_id, 'member' from made`.execute(db)
    const idsOn = (page: Page): readonly string[] => [...page.html.matchAll(/data-member="([^"]+)"/g)].map((match) => match[1] ?? '')
    const first = await ada.open(TEAM)
    const second = await ada.open(/id="next" href="([^"]+)"/.exec(first.html)?.[1]?.replaceAll('&amp;', '&') ?? '')
    expect([idsOn(first).length, second.html.includes('id="next"')]).toEqual([100, false])
    expect([...idsOn(first), ...idsOn(second)].toSorted()).toEqual((await listMembers(db, 'ntu')).map(({ userId }) => userId))
    await sql`delete from users where username like 'many-%'`.execute(db)
  })

  test('is told when nobody is known by a name, and when they are there', async () => {
    const unknown = await send(ada, { act: 'add', login: 'nobody.at.all', role: 'member' })
    expect([unknown.status, textById(unknown, 'status')]).toEqual([400, expect.stringContaining('Nobody here is known')])
    expect(textById(await send(ada, { act: 'add', login: 'ada', role: 'member' }), 'status')).toContain('already')
    expect(await roleOf('ada')).toBe('admin')
  })

  test('who is the last one stays, and of two who take each other’s role at once one stays', async () => {
    const me = await userIdOf(server, 'ada')
    expect(textById(await send(ada, { act: 'remove', user: me }), 'status')).toContain('last administrator')
    expect(textById(await send(ada, { act: 'change', user: me, role: 'member' }), 'status')).toContain('last administrator')
    await giveRole(server, 'lin', 'ntu', 'admin')
    const lin = await userIdOf(server, 'lin')
    const csrf = /name="csrf" value="([^"]+)"/.exec((await ada.open(TEAM)).html)?.[1] ?? ''
    const take = (user: string) => ada.open(TEAM, { method: 'POST', body: new URLSearchParams({ csrf, act: 'remove', user }), headers: { 'content-type': 'application/x-www-form-urlencoded' } })
    expect((await take('019c0000-0000-7000-8000-000000000000')).status).toBe(404)
    expect((await take("' or true --")).status).toBe(404)
    expect([(await send(ada, { act: 'change', user: lin, role: 'king' })).status, await roleOf('lin')]).toEqual([400, 'admin'])
    await Promise.all(Array.from({ length: 50 }, (_, i) => take(i % 2 === 0 ? me : lin)))
    expect((await listMembers(server.ctx.db, 'ntu')).filter(({ role }) => role === 'admin')).toHaveLength(1)
    await giveRole(server, 'ada', 'ntu', 'admin')
    await takeRole(server, 'lin', 'ntu')
  })

  test('signs in again when the last time was long ago', async () => {
    await server.advance(700)
    // The page asks before anything is typed that a sign-in would lose.
    const shown = await ada.open(TEAM)
    expect([viewName(shown), shown.html.includes('name="login"')]).toEqual(['dashboard-team', false])
    const href = /id="change" href="([^"]+)"/.exec(shown.html)?.[1]?.replaceAll('&amp;', '&') ?? ''
    expect(viewName(await ada.open(href))).toBe('account-again')
    const page = await send(ada, { act: 'add', login: 'lin', role: 'admin' })
    expect([page.status, viewName(page), await roleOf('lin')]).toEqual([401, 'account-again', undefined])
    ada = await atDesk(server)
    expect((await ada.open(href)).html).toContain('name="login"')
  })
})

describe('everybody else', () => {
  test.each(['developer', 'member'] as const)('who is a %s sees the team and changes nothing', async (role) => {
    await giveRole(server, 'lin', 'ntu', role)
    const lin = await atDesk(server, 'lin')
    const page = await lin.open(TEAM)
    expect([page.status, page.html.includes('Ada Example'), page.html.includes('team-form')]).toEqual([200, true, false])
    const forged = await lin.open(TEAM, { method: 'POST', body: new URLSearchParams({ csrf: 'x', act: 'add', login: 'kai', role: 'admin' }), headers: { 'content-type': 'application/x-www-form-urlencoded' } })
    expect([forged.status, await roleOf('kai')]).toEqual([403, undefined])
    await takeRole(server, 'lin', 'ntu')
  })

  test('of another organization finds nothing', async () => {
    expect((await (await atDesk(server, 'kai')).open(TEAM)).status).toBe(404)
  })

  test('who acts for themselves is told so', async () => {
    expect(textById(await ada.open('/dashboard/team?owner=me'), 'empty')).toContain('You act for yourself')
  })
})

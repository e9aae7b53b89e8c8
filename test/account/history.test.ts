import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openAccount, viewName } from '../support/account.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { type Browser, newBrowser, type Page, pageName } from '../support/browser.ts'
import { obtainCode, redeem } from '../support/relying-party.ts'
import { chooseProvider, linkOf } from '../journeys/person.ts'

// What happened in a person's name, in words and to take along; and nothing of anybody else.

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

function events(page: Page): readonly string[] {
  return [...page.html.matchAll(/<li class="entry" data-event="[^"]+">\n<p>([\s\S]*?)<\/p>/g)].map((match) => (match[1] ?? '').replaceAll(/<[^>]*>/g, ''))
}

async function fileOf(browser: Browser, path: string): Promise<{ readonly headers: Headers; readonly body: Record<string, unknown>; readonly text: string }> {
  const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const response = await fetch(server.issuer + path, { headers: { cookie, accept: 'text/html' } })
  const text = await response.text()
  return { headers: response.headers, body: JSON.parse(text) as Record<string, unknown>, text }
}

describe('the history', () => {
  test('says in words what the person did, newest first, and what others tried', async () => {
    const browser = newBrowser(server.issuer)
    const stranger = newBrowser(server.issuer)
    const login = await stranger.open('/account')
    const form = await chooseProvider(stranger, login, 'ntu')
    await stranger.submit(form, 'username', { username: 'ada', password: 'a guess' })
    await redeem(server.issuer, await obtainCode(server.issuer, browser))
    const page = await openAccount(browser, '/account/history')
    expect(viewName(page)).toBe('account-history')
    expect(events(page)).toEqual(['You allowed Course Planner to have something.', 'You signed in through Norges testuniversitet.', 'Somebody tried to sign in as you through Norges testuniversitet, and it failed.'])
  })

  test('is turned over by what was shown last, and ends after 90 days', async () => {
    const browser = newBrowser(server.issuer)
    await openAccount(browser, '/account/history', 'kai')
    const { rows } = await sql<{ user_id: string }>`select user_id from users where username = 'kai'`.execute(server.ctx.db)
    for (let i = 0; i < 30; i++) server.ctx.audit.record({ event: 'consent.denied', userId: rows[0]?.user_id ?? '', clientId: `app-${i}` })
    const first = await browser.open('/account/history')
    expect(events(first)).toHaveLength(25)
    const older = await browser.open(linkOf(first, 'older'))
    expect(events(older)).toHaveLength(6)
    expect(new Set([...events(first), ...events(older)]).size).toBe(31)
    expect(older.html).not.toContain('id="older"')
    for (const odd of ['before=x', 'before=', 'before=%27', `before=${'0'.repeat(500)}`]) expect([odd, (await browser.open(`/account/history?${odd}`)).status]).toEqual([odd, 200])
    await server.advance(91 * 86_400)
    const later = await openAccount(browser, '/account/history', 'kai')
    expect(events(later)).toEqual(['You signed in through Lunmal University College.'])
  })

  test('has nothing of anybody else, on the page and in the files', async () => {
    const [ada, lin] = [newBrowser(server.issuer), newBrowser(server.issuer)]
    await redeem(server.issuer, await obtainCode(server.issuer, ada))
    const page = await openAccount(lin, '/account/history', 'lin')
    expect(events(page)).toEqual(['You signed in through Norges testuniversitet.'])
    const all = await fileOf(lin, '/account/data.json')
    expect(all.text).not.toMatch(/ada|Course Planner|planner/i)
    // An id of somebody else's event says only "before this moment".
    const { rows } = await sql<{ event_id: string }>`select event_id from audit_events order by event_id desc limit 1`.execute(server.ctx.db)
    expect(events(await lin.open(`/account/history?before=${rows[0]?.event_id ?? ''}`)).every((text) => text.includes('You signed in'))).toBe(true)
  })
})

describe('the files to take along', () => {
  test('have profile, applications, sign-ins and history, and nothing that opens anything', async () => {
    const browser = newBrowser(server.issuer)
    const { body: tokens } = await redeem(server.issuer, await obtainCode(server.issuer, browser, { scope: 'openid profile offline_access' }))
    const { headers, body, text } = await fileOf(browser, '/account/data.json')
    expect(headers.get('content-type')).toBe('application/json; charset=utf-8')
    expect(headers.get('content-disposition')).toBe('attachment; filename="my-data.json"')
    expect(headers.get('cache-control')).toBe('no-store')
    expect(body['profile']).toMatchObject({ username: 'ada', organization: 'ntu', groups: ['staff', 'planners'], claims: { email: 'ada@ntu.example' } })
    expect(body['applications']).toEqual([expect.objectContaining({ client_id: 'planner', name: 'Course Planner', granted: expect.arrayContaining(['openid', 'profile', 'offline_access']) })])
    expect(body['sessions']).toEqual(expect.arrayContaining([expect.objectContaining({ provider_id: 'ntu', amr: ['pwd'] })]))
    expect(body['history']).toEqual(expect.arrayContaining([expect.objectContaining({ event: 'consent.granted', client_id: 'planner' })]))
    for (const secret of [tokens['access_token'], tokens['refresh_token'], ...browser.cookies.values()]) expect(text).not.toContain(String(secret))
    expect(text).not.toMatch(/ptr_|argon2|\$2|hash/)
    const { body: past } = await fileOf(browser, '/account/history.json')
    expect(past['history']).toEqual(body['history'])
  })

  test.each(['/account/history', '/account/history.json', '/account/data.json', '/account', '/account/applications', '/account/sessions'])('%s is for whoever signed in', async (path) => {
    const page = await newBrowser(server.issuer).open(path)
    expect(pageName(page)).toBe('discovery')
    expect(page.html).not.toContain('Ada')
  })
})

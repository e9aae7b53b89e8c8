import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { acceptInvitation, createInvitation } from '../../src/groups/invitations.ts'
import { findGroupOf } from '../../src/groups/ad-hoc.ts'
import { findLocalUser } from '../../src/users/store.ts'
import { openAccount } from '../support/account.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { type Browser, newBrowser, type Page } from '../support/browser.ts'

// Groups that people make on their own pages: made, entered by links, left and ended, without a script.

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

async function idOf(username: string, organization = 'ntu'): Promise<string> {
  return (await findLocalUser(server.ctx.db, organization, username))?.userId ?? ''
}

interface Person {
  readonly browser: Browser
  readonly open: (path: string) => Promise<Page>
}

async function signedIn(username: string): Promise<Person> {
  const browser = newBrowser(server.issuer)
  await openAccount(browser, '/account/groups', username)
  return { browser, open: (path) => browser.open(`${server.issuer}${path}`) }
}

/** Makes a group and gives its page. */
async function make({ browser, open }: Person, name = 'Fjord project'): Promise<{ readonly path: string; readonly id: string; readonly page: Page }> {
  const page = await browser.submit(await open('/account/groups'), 'name', { name, description: 'Those who measure' })
  const path = new URL(page.url).pathname
  return { path, id: path.split('/').at(-1) ?? '', page }
}

/** Sends the form of a page that has a text in it, with what is hidden there and more. */
function send({ browser }: Person, page: Page, marker: string, more: Readonly<Record<string, string>>): Promise<Page> {
  const form = [...page.html.matchAll(/<form[^>]*action="([^"]+)"[^>]*>[\s\S]*?<\/form>/g)].find(([whole]) => whole.includes(marker))
  const hidden = [...(form?.[0] ?? '').matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)].map(([, name = '', value = '']): [string, string] => [name, value])
  return browser.open(form?.[1] ?? '', { method: 'POST', body: new URLSearchParams({ ...Object.fromEntries(hidden), ...more }) })
}

const INVITE = 'id="invite-form"'

/** A link as the page shows it. */
async function linkOf(person: Person, path: string, role = 'member'): Promise<string> {
  const page = await send(person, await person.open(path), INVITE, { role })
  return /id="link" dir="ltr">([^<]+)</.exec(page.html)?.[1] ?? ''
}

async function enter(person: Person, link: string): Promise<Page> {
  return person.browser.submit(await person.browser.open(link), 'csrf', {})
}

const membersOn = (page: Page): readonly string[] => [...page.html.matchAll(/data-member="[^"]+">\s*<h3><bdi>([^<]*)<\/bdi>/g)].map((match) => match[1] ?? '')

describe('a group', () => {
  test('is made, entered by a link, seen by those who are in it, and left', async () => {
    const [ada, kai, lin] = [await signedIn('ada'), await signedIn('kai'), await signedIn('lin')]
    const { path, page } = await make(ada)
    expect(page.html).toContain('The group is there.')
    expect(membersOn(page)).toEqual(['Ada Example'])
    const link = await linkOf(ada, path)
    expect(link).toMatch(new RegExp(`^${server.issuer}/account/groups/join/ptr_gi_`))
    expect((await ada.open(path)).html).not.toContain(link)
    const question = await kai.browser.open(link)
    expect(question.html).toContain('Ada Example</bdi> lets you in')
    expect((await kai.open(path)).status).toBe(404)
    const inside = await enter(kai, link)
    expect(membersOn(inside)).toEqual(['Ada Example', 'Kai Example'])
    expect(inside.html).not.toMatch(/id="invite-form"|id="delete"|role-form/)
    // The form sent a second time, or the link opened again, leads where it led.
    const twice = await kai.browser.submit(question, 'csrf', {})
    expect([twice.status, new URL(twice.url).pathname, (await kai.browser.open(link)).status]).toEqual([200, path, 200])
    // For one person.
    const late = await lin.browser.open(link)
    expect([late.status, late.html]).toEqual([410, expect.stringContaining('This link does not work')])
    expect((await lin.open(path)).status).toBe(404)
    expect((await lin.open('/account/groups')).html).not.toContain('Fjord project')
    expect((await kai.open('/account/groups')).html).toContain('Fjord project')
    const gone = await kai.browser.submit(await kai.open(`${path}/leave`), 'csrf', {})
    expect(gone.html).toContain('You left the group.')
    expect((await kai.open(path)).status).toBe(404)
    expect(server.logged()).not.toContain(link.slice(link.indexOf('ptr_gi_')))
  })

  test('shows its people page by page, each once', async () => {
    const ada = await signedIn('ada')
    const { path, id } = await make(ada, 'Crowded')
    await sql`with made as (insert into users (user_id, username, claims) select gen_random_uuid(), 'crowd-' || n, jsonb_build_object('name', 'Crowd ' || lpad(n::text, 3, '0')) from generate_series(1, 150) n returning user_id)
      insert into ad_hoc_members (group_id, user_id, role, since) select ${id}::uuid, user_id, 'member', clock_now() + interval '1 minute' from made`.execute(server.ctx.db)
    const first = await ada.open(path)
    const next = /id="next" href="([^"]+)"/.exec(first.html)?.[1]?.replaceAll('&amp;', '&') ?? ''
    const second = await ada.open(next)
    expect([membersOn(first).length, membersOn(second).length, second.html.includes('id="next"'), membersOn(first)[0]]).toEqual([100, 51, false, 'Ada Example'])
    expect(new Set([...membersOn(first), ...membersOn(second)]).size).toBe(151)
    expect(membersOn(await ada.open(`${path}?after=x`))).toHaveLength(100)
  })

  test('has an owner always: the last one neither leaves nor becomes less', async () => {
    const [ada, kai] = [await signedIn('ada'), await signedIn('kai')]
    const { path, id } = await make(ada, 'Owned')
    expect((await ada.open(path)).html).toContain('id="last-owner"')
    const refused = await ada.browser.submit(await ada.open(`${path}/leave`), 'csrf', {})
    expect([refused.status, refused.html]).toEqual([409, expect.stringContaining('a group always has an owner')])
    await enter(kai, await linkOf(ada, path))
    const kaiId = await idOf('kai', 'lunmal')
    await send(ada, await ada.open(path), `name="member" value="${kaiId}"`, { role: 'owner' })
    // Of two owners who leave at once, one stays.
    const pages = await Promise.all([ada, kai].map(async (person) => person.browser.submit(await person.open(`${path}/leave`), 'csrf', {})))
    expect(pages.map(({ status }) => status).sort()).toEqual([200, 409])
    const { rows } = await sql<{ n: number }>`select count(*)::int as n from ad_hoc_members where group_id = ${id} and role = 'owner'`.execute(server.ctx.db)
    expect(rows[0]?.n).toBe(1)
  })

  test('lets admins let members in and out, and nothing more; owners everything', async () => {
    const [ada, kai, lin] = [await signedIn('ada'), await signedIn('kai'), await signedIn('lin')]
    const { path, id } = await make(ada, 'Run by admins')
    await enter(kai, await linkOf(ada, path, 'admin'))
    const page = await kai.open(path)
    expect(page.html).toContain('id="invite-form"')
    expect(page.html).not.toMatch(/<option value="admin">|id="delete"|role-form/)
    // What the page does not offer is refused all the same.
    const tried = await send(kai, page, INVITE, { role: 'admin' })
    expect(tried.status).toBe(409)
    const promoted = await send(kai, page, INVITE, { do: 'role', role: 'owner', member: await idOf('kai', 'lunmal') })
    expect(promoted.status).toBe(409)
    const ended = await kai.browser.submit(await kai.open(`${path}/delete`), 'csrf', {})
    expect(ended.status).toBe(409)
    const ousted = await kai.browser.submit(await kai.open(`${path}/remove/${await idOf('ada')}`), 'csrf', {})
    expect(ousted.status).toBe(409)
    await enter(lin, await linkOf(kai, path))
    const out = await kai.browser.submit(await kai.open(`${path}/remove/${await idOf('lin')}`), 'csrf', {})
    expect([out.status, membersOn(out)]).toEqual([200, ['Ada Example', 'Kai Example']])
    // Links of somebody who may not let anybody in any more are worth nothing.
    const link = await linkOf(kai, path)
    await ada.browser.submit(await ada.open(`${path}/remove/${await idOf('kai', 'lunmal')}`), 'csrf', {})
    expect((await lin.browser.open(link)).status).toBe(410)
    expect(await acceptInvitation(server.ctx.db, link.slice(link.indexOf('ptr_gi_')), await idOf('lin'))).toBeUndefined()
    const over = await ada.browser.submit(await ada.open(`${path}/delete`), 'csrf', {})
    expect(over.html).toContain('The group is gone.')
    expect(await findGroupOf(server.ctx.db, id, await idOf('ada'))).toBeUndefined()
  })
})

describe('a link', () => {
  test('is made worthless by whoever could have made it', async () => {
    const [ada, kai] = [await signedIn('ada'), await signedIn('kai')]
    const { path } = await make(ada, 'Revoked')
    const link = await linkOf(ada, path)
    const page = await send(ada, await ada.open(path), 'name="invitation"', { invitation: /data-invitation="([^"]+)"/.exec((await ada.open(path)).html)?.[1] ?? '' })
    expect(page.html).toContain('The link does not work any more.')
    expect((await kai.browser.open(link)).status).toBe(410)
  })

  test('of somebody who is locked lets nobody in', async () => {
    const ada = await signedIn('ada')
    const { id } = await make(ada, 'Locked')
    const link = (await createInvitation(server.ctx, id, await idOf('ada'), 'member')) ?? ''
    const lock = (status: 'active' | 'locked') => server.ctx.db.updateTable('users').set({ status }).where('username', '=', 'ada').execute()
    await lock('locked')
    expect(await acceptInvitation(server.ctx.db, link, await idOf('lin'))).toBeUndefined()
    await lock('active')
    expect(await acceptInvitation(server.ctx.db, link, await idOf('lin'))).toBe(id)
  })

  test('of a hundred at once lets one in, is kept as a hash, and is over after seven days', async () => {
    const ada = await signedIn('ada')
    const { id } = await make(ada, 'Rush')
    const [adaId, kaiId, linId] = [await idOf('ada'), await idOf('kai', 'lunmal'), await idOf('lin')]
    const link = (await createInvitation(server.ctx, id, adaId, 'member')) ?? ''
    const { rows } = await sql<{ all: string }>`select json_agg(i)::text as all from ad_hoc_invitations i`.execute(server.ctx.db)
    expect(rows[0]?.all).not.toContain(link.slice(7, 60))
    const entered = await Promise.all(Array.from({ length: 100 }, (_, i) => acceptInvitation(server.ctx.db, link, i % 2 === 0 ? kaiId : linId)))
    expect(entered.filter((group) => group !== undefined)).toEqual([id])
    const { rows: members } = await sql`select from ad_hoc_members where group_id = ${id}`.execute(server.ctx.db)
    expect(members).toHaveLength(2)
    const old = (await createInvitation(server.ctx, id, adaId, 'member')) ?? ''
    await server.advance(7 * 86_400 + 1)
    expect(await acceptInvitation(server.ctx.db, old, linId)).toBeUndefined()
    expect(await acceptInvitation(server.ctx.db, `${old.slice(0, -1)}x`, linId)).toBeUndefined()
  })
})

describe('what is sent to these pages', () => {
  test.each([['', 'nothing'], ['  \u200B ', 'what cannot be seen'], ['x'.repeat(101), 'too long a name']])('%s is no name', async (name) => {
    const ada = await signedIn('ada')
    const page = await ada.browser.submit(await ada.open('/account/groups'), 'name', { name, description: '' })
    expect([page.status, page.html]).toEqual([400, expect.stringContaining('Give it a name')])
  })

  test('is taken from forms of our own only', async () => {
    const ada = await signedIn('ada')
    const { path } = await make(ada, 'Forged')
    for (const address of ['/account/groups', path, `${path}/leave`, `${path}/delete`, `${path}/remove/${await idOf('ada')}`]) {
      const page = await ada.browser.open(address, { method: 'POST', body: new URLSearchParams({ name: 'x', do: 'invite', role: 'member' }) })
      expect([address, page.status]).toEqual([address, 403])
    }
    const link = await linkOf(ada, path)
    const kai = await signedIn('kai')
    expect((await kai.browser.open(link, { method: 'POST', body: new URLSearchParams() })).status).toBe(403)
    expect((await kai.browser.open(link)).status).toBe(200)
    for (const strange of ['x', '0190c2a7-5b5f-7c3e-8d0e-0123456789ab', '%00', 'join/x']) expect([404, 410, 400]).toContain((await ada.open(`/account/groups/${strange}`)).status)
  })
})

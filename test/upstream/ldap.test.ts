import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openConnector } from '../../src/upstream/open.ts'
import { findProvider } from '../../src/upstream/store.ts'
import { setUserStatus } from '../../src/users/store.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { pageName } from '../support/browser.ts'
import { BASE, type Directory, ldapYaml, SERVICE_PASSWORD, startDirectory, withoutSlapd } from '../support/upstream-ldap.ts'
import { claimsAt, signIn, toLogin } from './directory-journey.ts'

const GRACE = 'grace has a password'
const PEOPLE = `ou=people,${BASE}`

let server: TestServer
let directory: Directory

beforeAll(async () => {
  if (withoutSlapd !== false) return
  directory = await startDirectory()
  server = await startTestServer()
  await server.apply(ldapYaml('dir', directory.url))
})
afterAll(async () => {
  await server?.close()
  await directory?.close()
})
beforeEach(async () => {
  if (withoutSlapd === false) await sql`delete from attempts`.execute(server.ctx.db)
})

const named = (name: string): string => (withoutSlapd === false ? name : `${name} (skipped: ${withoutSlapd})`)

async function attemptsCounted(): Promise<number> {
  const { rows } = await sql<{ n: string }>`select coalesce(sum(count), 0) as n from attempts`.execute(server.ctx.db)
  return Number(rows[0]?.n)
}

describe.skipIf(withoutSlapd !== false)(named('a person of a directory'), () => {
  test('signs in with name and password, and is who the directory says', async () => {
    const claims = await claimsAt(server, 'dir', 'grace', GRACE)
    expect(claims).toMatchObject({ name: 'Grace H.', given_name: 'Grace', family_name: 'Hopper', email: 'grace@ldap.example', email_verified: false, phone_number: '+1 555', amr: ['pwd'] })
    expect(await claimsAt(server, 'dir', ' GRACE ', GRACE)).toMatchObject({ userid: claims['userid'] })
  })

  test('may have signs in name and password that mean something in filters and names', async () => {
    expect(await claimsAt(server, 'dir', 'Bjørn', 'pâsswørd ☃')).toMatchObject({ name: String.raw`Bjørn (Åse*) \ Ærlig`, email: 'bjorn@ldap.example' })
  })

  test.each([
    ['a wrong password', 'grace', 'guess'],
    ['the password of somebody else', 'bjørn', GRACE],
    ['the password of our own account', 'portner', SERVICE_PASSWORD],
    ['a name that is nobody\'s', 'nobody', GRACE],
    ['an account without a password', 'nopassword', 'x'],
    ['a name of two accounts, though the password is right', 'twin', 'twins share a password'],
  ])('is not signed in with %s, and told the same, after as many binds', async (_what, username, password) => {
    const before = server.logged().length
    const page = await signIn(server, 'dir', username, password)
    expect([page.status, pageName(page), page.html.includes('The user name or password is wrong')]).toEqual([401, 'login', true])
    expect(await attemptsCounted()).toBe(2)
    expect(server.logged().slice(before).split('"event":"ldap.refused"').length - 1).toBe(1)
  })

  test('an empty password never goes out: directories say yes to it', async () => {
    const before = server.logged().length
    const page = await signIn(server, 'dir', 'grace', '')
    expect([page.status, pageName(page)]).toEqual([401, 'login'])
    expect(server.logged().slice(before)).not.toContain('ldap.refused')
    const facts = await findProvider(server.ctx, 'dir')
    const connector = facts && openConnector(server.ctx, facts)
    expect(connector?.kind === 'password' && (await connector.verify(undefined, 'grace', ''))).toBeUndefined()
  })

  test('is the same user under another name and in another place; a newcomer with the old name is somebody else', async () => {
    directory.modify(`dn: uid=first,${PEOPLE}\nchangetype: add\nobjectClass: inetOrgPerson\nuid: first\ncn: First\nsn: First\nmail: first@ldap.example\nuserPassword: secret-1\n`)
    const before = await claimsAt(server, 'dir', 'first', 'secret-1')
    directory.modify(`dn: uid=first,${PEOPLE}\nchangetype: modrdn\nnewrdn: uid=renamed\ndeleteoldrdn: 1\nnewsuperior: ou=groups,${BASE}\n`)
    expect((await claimsAt(server, 'dir', 'renamed', 'secret-1'))['userid']).toBe(before['userid'])
    directory.modify(`dn: uid=first,${PEOPLE}\nchangetype: add\nobjectClass: inetOrgPerson\nuid: first\ncn: First\nsn: First\nmail: first@ldap.example\nuserPassword: secret-2\n`)
    expect((await claimsAt(server, 'dir', 'first', 'secret-2'))['userid']).not.toBe(before['userid'])
  })

  test('who is locked here is told so, right password or not', async () => {
    const { userid } = await claimsAt(server, 'dir', 'bjørn', 'pâsswørd ☃')
    await setUserStatus(server.ctx.db, String(userid), 'locked')
    const page = await signIn(server, 'dir', 'bjørn', 'pâsswørd ☃')
    expect([page.status, /data-error="(\w+)"/.exec(page.html)?.[1]]).toEqual([403, 'locked'])
    await setUserStatus(server.ctx.db, String(userid), 'active')
  })

  test('no name and no password is logged, and what the directory said only as a number', async () => {
    await signIn(server, 'dir', 'grace', 'a-guess-of-somebody')
    expect(server.logged()).not.toMatch(/a-guess-of-somebody|grace has|hopper/i)
    expect(server.logged()).not.toContain(SERVICE_PASSWORD)
    expect(server.logged()).toMatch(/"event":"ldap.refused","providerId":"dir","result":49/)
  })
})

describe.skipIf(withoutSlapd !== false)(named('guesses at a directory'), () => {
  async function fail(times: number): Promise<number[]> {
    const { browser, page } = await toLogin(server, 'dir')
    const statuses: number[] = []
    for (let i = 0; i < times; i++) statuses.push((await browser.submit(page, 'username', { username: 'grace', password: `guess ${i}` })).status)
    return statuses
  }

  test('are eight; the directory is not asked for more, not with the right one either', async () => {
    expect(await fail(9)).toEqual([...Array.from({ length: 8 }, () => 401), 429])
    const before = server.logged().length
    expect((await signIn(server, 'dir', 'grace', GRACE)).status).toBe(429)
    expect(server.logged().slice(before)).not.toContain('ldap.refused')
  })

  test('of a stranger do not lock out the device that knows the account', async () => {
    const { browser, page } = await toLogin(server, 'dir')
    await browser.submit(page, 'username', { username: 'grace', password: GRACE })
    await fail(12)
    const again = await toLogin(server, 'dir', browser)
    expect(pageName(await browser.submit(again.page, 'username', { username: 'grace', password: GRACE }))).not.toBe('login')
  })

  test('a hundred at once are eight at most', async () => {
    const before = server.logged().length
    const { browser, page } = await toLogin(server, 'dir')
    await Promise.all(Array.from({ length: 100 }, (_, i) => browser.submit(page, 'username', { username: 'grace', password: `guess ${i}` })))
    expect(server.logged().slice(before).split('\n').filter((line) => line.includes('ldap.refused')).length).toBeLessThanOrEqual(8)
    expect((await signIn(server, 'dir', 'grace', GRACE)).status).toBe(429)
  })
})

describe.skipIf(withoutSlapd !== false)(named('as declared'), () => {
  let nextId = 0

  async function declare(more: string): Promise<string> {
    const id = `declared-${nextId++}`
    await server.apply(ldapYaml(id, directory.url, more))
    return id
  }

  test('a filter with alternatives: name or address', async () => {
    const id = await declare(`user_filter: '(&(objectClass=inetOrgPerson)(|(uid={username})(mail={username})))'`)
    const byName = await claimsAt(server, id, 'grace', GRACE)
    expect((await claimsAt(server, id, 'grace@ldap.example', GRACE))['userid']).toBe(byName['userid'])
    expect((await signIn(server, id, 'one@ldap.example', 'twins share a password')).status).toBe(401)
  })

  test('attributes become the claims that are named; the usual ones stay for the rest', async () => {
    const id = await declare('attributes: { employeeType: nickname, cn: name }')
    directory.modify(`dn: uid=grace,${PEOPLE}\nchangetype: modify\nreplace: employeeType\nemployeeType: rear admiral\nemployeeType: other\n`)
    expect(await claimsAt(server, id, 'grace', GRACE)).toMatchObject({ nickname: expect.stringMatching(/rear admiral|other/) as string, name: 'Grace Hopper', email: 'grace@ldap.example' })
  })

  test('another attribute may identify people; who has none, or several of it, is not signed in', async () => {
    const id = await declare('id_attribute: employeeNumber')
    expect(pageName(await signIn(server, id, 'grace', GRACE))).toBe('upstream')
    directory.modify(`dn: uid=grace,${PEOPLE}\nchangetype: modify\nreplace: employeeNumber\nemployeeNumber: 7\n`)
    expect(await claimsAt(server, id, 'grace', GRACE)).toHaveProperty('userid')
    const { rows } = await sql<{ issuer: string; subject: string }>`select issuer, subject from identities where provider_id = ${id}`.execute(server.ctx.db)
    expect(rows).toEqual([{ issuer: 'dc=ldap,dc=example', subject: '7' }])
    directory.modify(`dn: uid=grace,${PEOPLE}\nchangetype: modify\nreplace: description\ndescription: one\ndescription: two\n`)
    expect(pageName(await signIn(server, await declare('id_attribute: description'), 'grace', GRACE))).toBe('upstream')
  })

  test.each([
    ['by the names in the entry', '', ['Staff, all', 'compilers']],
    ['by a search', 'groups: { from: search }', ['Staff, all', 'compilers']],
    ['and the groups of those, in a circle too', 'groups: { nested: recursive }', ['Staff, all', 'circle', 'compilers', 'engineering', 'everybody']],
    ['by their whole names', 'groups: { name: dn }', [`cn=Staff\\2C all,ou=groups,${BASE}`, `cn=compilers,ou=groups,${BASE}`]],
    ['below another place only', `groups: { base_dn: 'ou=people,${BASE}' }`, []],
    ['not at all', 'groups: { from: none }', undefined],
  ])('groups: %s', async (_how, more, expected) => {
    const { groups } = await claimsAt(server, await declare(more), 'grace', GRACE)
    expect(groups).toEqual(['fc:org:ntu.example', ...(expected ?? [])])
  })
})

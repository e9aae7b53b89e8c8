import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { groupsOf } from '../../src/groups/ask.ts'
import { createGroup } from '../../src/groups/ad-hoc.ts'
import type { GroupSource } from '../../src/groups/group.ts'
import { groupSources } from '../../src/groups/index.ts'
import { acceptInvitation, createInvitation } from '../../src/groups/invitations.ts'
import { setMember } from '../../src/organizations/members.ts'
import { findLocalUser } from '../../src/users/store.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { newBrowser } from '../support/browser.ts'
import { basic, get, type JsonAnswer, obtainCode, post, redeem } from '../support/relying-party.ts'
import { CALLBACK, SECRET } from '../support/world.ts'

// What an application gets to know of the groups of a person: in the shapes of Dataporten, with a token of the person, and no more than
// the person knows.

const READER = `
kind: client
client_id: reader
client_secret: { value: ${SECRET} }
client_name: Reader
redirect_uris: [${CALLBACK}]
grant_types: [authorization_code, client_credentials]
consent: implied
scope: openid groups groups-memberids profile
---
kind: client
client_id: platform
client_secret: { value: ${SECRET} }
client_name: Platform
redirect_uris: [${CALLBACK}]
grant_types: [authorization_code]
consent: implied
compatibility: [dataporten_userinfo]
scope: userid userid-feide profile
`

let server: TestServer
let project: string
beforeAll(async () => {
  server = await startTestServer({ env: { PORTNER_REGISTRATION: 'open' } })
  await server.apply(READER)
  project = (await createGroup(server.ctx, await userId('ada'), { name: 'Fjord project', description: 'Those who measure' })) ?? ''
  await letIn('kai', 'lunmal')
})
afterAll(() => server.close())

async function userId(username: string, organization = 'ntu'): Promise<string> {
  const user = await findLocalUser(server.ctx.db, organization, username)
  if (user === undefined) throw new Error(`no ${username}`)
  return user.userId
}

async function letIn(username: string, organization: string): Promise<void> {
  const link = await createInvitation(server.ctx, project, await userId('ada'), 'member')
  expect(await acceptInvitation(server.ctx.db, link ?? '', await userId(username, organization))).toBe(project)
}

const headerOf = (token: unknown) => ({ authorization: `Bearer ${String(token)}` })

async function tokenOf(username: string, scope = 'openid groups', client_id = 'reader'): Promise<{ readonly authorization: string }> {
  const tokens = await redeem(server.issuer, await obtainCode(server.issuer, newBrowser(server.issuer), { client_id, scope, redirect_uri: CALLBACK }, username), {}, { authorization: basic(client_id) })
  return headerOf(tokens.body['access_token'])
}

const ask = (path: string, as: Readonly<Record<string, string>>): Promise<JsonAnswer> => get(server.issuer, path, as)
const adHoc = (): string => `fc:adhoc:${project}`

describe('the groups of a person', () => {
  test('are their institution, what it names, and what people made, with what they are in each', async () => {
    const ada = await tokenOf('ada')
    const { status, body, headers } = await ask('/groups/me/groups', ada)
    expect(status).toBe(200)
    expect(headers.get('x-groups-partial')).toBeNull()
    expect(body).toEqual([
      { id: 'fc:org:ntu.example', displayName: 'Norges testuniversitet', type: 'fc:org', public: true, membership: { basic: 'member' } },
      { id: 'fc:group:ntu.example:staff', displayName: 'staff', type: 'voot:group', public: false, parent: 'fc:org:ntu.example', membership: { basic: 'member' } },
      { id: 'fc:group:ntu.example:planners', displayName: 'planners', type: 'voot:group', public: false, parent: 'fc:org:ntu.example', membership: { basic: 'member' } },
      { id: adHoc(), displayName: 'Fjord project', type: 'voot:ad-hoc', description: 'Those who measure', public: false, membership: { basic: 'owner' } },
    ])
    for (const base of ['/groups/v1', '/v1/groups']) expect((await ask(`${base}/me/groups`, ada)).body).toEqual(body)
    expect((await ask('/groups/me/groups?showAll=true', ada)).body).toEqual(body)
  })

  test('are told in the language that is asked for; who works for the institution as its admin is one in its group', async () => {
    const kai = await tokenOf('kai')
    await setMember(server.ctx.db, 'lunmal', await userId('kai', 'lunmal'), 'admin')
    const mine = (await ask('/groups/me/groups', { ...kai, 'accept-language': 'nb' })).body as unknown as Record<string, unknown>[]
    expect(mine[0]).toMatchObject({ id: 'fc:org:lunmal.example', displayName: 'Høgskolen i Lunmal', membership: { basic: 'admin' } })
    // An admin of an institution that is not theirs belongs to it no more than before.
    await setMember(server.ctx.db, 'ntu', await userId('kai', 'lunmal'), 'admin')
    expect(((await ask('/groups/me/groups', kai)).body as unknown as Record<string, unknown>[]).map(({ id }) => id)).toEqual(['fc:org:lunmal.example', adHoc()])
    const types = (await ask('/groups/grouptypes', { ...kai, 'accept-language': 'sv' })).body as unknown as Record<string, unknown>[]
    expect(types).toEqual([{ id: 'fc:org', displayName: 'Organisation' }, { id: 'voot:group', displayName: 'Grupp vid en institution' }, { id: 'voot:ad-hoc', displayName: 'Egen grupp' }])
  })

  test('are what the claim says, at userinfo and in an id token that asks for it, and only there', async () => {
    const all = ['fc:org:ntu.example', 'staff', 'planners', adHoc()]
    expect((await ask('/userinfo', await tokenOf('ada'))).body['groups']).toEqual(all)
    expect((await ask('/userinfo', await tokenOf('ada', 'openid'))).body).not.toHaveProperty('groups')
    const claims = JSON.stringify({ id_token: { groups: null } })
    const tokens = await redeem(server.issuer, await obtainCode(server.issuer, newBrowser(server.issuer), { client_id: 'reader', scope: 'openid groups', redirect_uri: CALLBACK, claims }, 'ada'), {}, { authorization: basic('reader') })
    const [, payload = ''] = String(tokens.body['id_token']).split('.')
    expect((JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>)['groups']).toEqual(all)
  })
})

test('a name that an institution gives looks like nobody else\'s group', async () => {
  const user = await findLocalUser(server.ctx.db, 'ntu', 'lin')
  const said = [adHoc(), 'FC:org:lunmal.example', 'choir']
  await server.ctx.db.updateTable('users').set({ groups: said }).where('user_id', '=', user?.userId ?? '').execute()
  expect((await ask('/userinfo', await tokenOf('lin'))).body['groups']).toEqual(['fc:org:ntu.example', `fc:group:ntu.example:${encodeURIComponent(adHoc())}`, 'fc:group:ntu.example:FC%3Aorg%3Alunmal.example', 'choir'])
  await server.ctx.db.updateTable('users').set({ groups: [] }).where('user_id', '=', user?.userId ?? '').execute()
})

describe('one group', () => {
  test('is there for its members; a stranger’s ad hoc group is not, an institution is for everybody', async () => {
    const [ada, lin] = [await tokenOf('ada'), await tokenOf('lin')]
    expect((await ask(`/groups/me/groups/${adHoc()}`, ada)).body).toEqual({ basic: 'owner' })
    expect((await ask(`/groups/groups/${adHoc()}`, ada)).body).toEqual({ id: adHoc(), displayName: 'Fjord project', type: 'voot:ad-hoc', description: 'Those who measure', public: false })
    expect((await ask('/groups/me/groups/fc:org:ntu.example', lin)).body).toEqual({ basic: 'member' })
    expect((await ask('/groups/groups/fc:org:lunmal.example', lin)).body).toEqual({ id: 'fc:org:lunmal.example', displayName: 'Lunmal University College', type: 'fc:org', public: true })
    const nothing = ['fc:adhoc:0190c2a7-5b5f-7c3e-8d0e-0123456789ab', 'fc:adhoc:x', 'fc:org:nowhere.example', 'fc:group:ntu.example:staff', 'fc:grep:1', 'x', '%00', 'x'.repeat(2000)]
    for (const path of [...[adHoc(), ...nothing].flatMap((id) => [`groups/${id}`, `me/groups/${id}`, `groups/${id}/members`]), 'me/groups/fc:org:lunmal.example']) {
      const { status, body } = await ask(`/groups/${path}`, lin)
      expect([path, [400, 404, 414].includes(status), ['not_found', 'invalid_request'].includes(String(body['error']))]).toEqual([path, true, true])
    }
    expect((await ask(`/groups/groups/${adHoc()}`, lin)).status).toBe(404)
  })

  test('shows its members to each other by name; what they are called elsewhere only with groups-memberids', async () => {
    const names = [{ name: 'Ada Example', membership: { basic: 'owner' } }, { name: 'Kai Example', membership: { basic: 'member' } }]
    expect((await ask(`/groups/groups/${adHoc()}/members`, await tokenOf('kai'))).body).toEqual(names)
    const more = (await ask(`/groups/groups/${adHoc()}/members`, await tokenOf('kai', 'openid groups groups-memberids'))).body
    expect(more).toEqual([{ ...names[0], userid_sec: ['feide:ada@ntu.example'] }, { ...names[1], userid_sec: ['feide:kai@lunmal.example'] }])
    const everybody = await ask('/groups/groups/fc:org:ntu.example/members', await tokenOf('ada'))
    expect([everybody.status, everybody.body['error']]).toEqual([403, 'access_denied'])
  })
})

describe('groups are searched by their names', () => {
  const idsOf = async (path: string, as: Readonly<Record<string, string>>): Promise<readonly unknown[]> => ((await ask(path, as)).body as unknown as Record<string, unknown>[]).map(({ id }) => id)

  test.each([
    ['fjo', ['ad hoc']],
    ['PROJECT fjord', ['ad hoc']],
    ['jord', []],
    ['norges', ['fc:org:ntu.example']],
    ['staff', ['fc:group:ntu.example:staff']],
    ['høgskolen', []],
    ['%', []],
  ])('one’s own by %s', async (typed, found) => {
    expect(await idsOf(`/groups/me/groups?${new URLSearchParams({ query: typed })}`, await tokenOf('ada'))).toEqual(found.map((id) => (id === 'ad hoc' ? adHoc() : id)))
  })

  test('those that one may know of: one’s own, and organizations, in any of their languages; nobody else’s', async () => {
    const [ada, lin] = [await tokenOf('ada'), await tokenOf('lin')]
    for (const typed of ['hogskolen', 'Høgskolen i', 'lunmal univ', 'lunmal.example']) expect([typed, await idsOf(`/groups/groups?${new URLSearchParams({ query: typed })}`, lin)]).toEqual([typed, ['fc:org:lunmal.example']])
    expect((await ask('/groups/groups?query=norges', ada)).body).toEqual([{ id: 'fc:org:ntu.example', displayName: 'Norges testuniversitet', type: 'fc:org', public: true }])
    expect([await idsOf('/v1/groups/groups?query=fjord', ada), await idsOf('/groups/groups?query=fjord', lin)]).toEqual([[adHoc()], []])
  })

  test('by something, and no novel', async () => {
    const ada = await tokenOf('ada')
    for (const query of ['', '?query=', '?query=%20', `?query=${'x'.repeat(201)}`, '?query=a&query=b']) expect([query, (await ask(`/groups/groups${query}`, ada)).status]).toEqual([query, 400])
    expect((await ask('/groups/groups?query=%E0%A4', ada)).status).toBeLessThan(500)
  })
})

test('an organization has the picture of the place where its people sign in; others have none', async () => {
  const [ada, lin] = [await tokenOf('ada'), await tokenOf('lin')]
  const image = Buffer.from('the small picture')
  await sql`insert into provider_logos (provider_id, source, image, image_hash) values ('ntu', 'https://ntu.example/logo.png', ${image}, ${'0'.repeat(32)})`.execute(server.ctx.db)
  const response = await fetch(`${server.issuer}/groups/groups/fc:org:ntu.example/logo`, { headers: lin })
  expect([response.status, response.headers.get('content-type'), response.headers.get('cache-control'), await response.text()]).toEqual([200, 'image/webp', 'private, max-age=3600', 'the small picture'])
  expect((await ask('/groups/groups/fc:org:lunmal.example/logo', ada)).status).toBe(404)
  for (const as of [ada, lin]) expect((await ask(`/groups/groups/${adHoc()}/logo`, as)).status).toBe(404)
})

describe('who may ask', () => {
  const PATHS = ['/groups/groups?query=x', '/groups/groups/fc:org:ntu.example/logo', '/groups/me/groups', '/groups/me/groups/fc:org:ntu.example', '/groups/groups/fc:org:ntu.example', '/groups/groups/fc:org:ntu.example/members', '/groups/grouptypes', '/v1/groups/grouptypes']

  test.each(PATHS)('%s wants a token of a person with the scope groups', async (path) => {
    expect((await ask(path, {})).status).toBe(401)
    expect((await ask(path, headerOf('ptr_at_x'))).status).toBe(401)
    const machine = await post(server.issuer, '/oauth/token', { grant_type: 'client_credentials', scope: 'groups' }, { authorization: basic('reader') })
    expect(machine.status).toBe(200)
    for (const token of [headerOf(machine.body['access_token']), await tokenOf('ada', 'openid profile')]) {
      const { status, body, headers } = await ask(path, token)
      expect([status, body['error']]).toEqual([403, 'insufficient_scope'])
      expect(headers.get('www-authenticate')).toContain('scope="groups"')
    }
  })

  test.each(['groups-memberids', 'userid-feide'])('%s is an operator’s to give, and nobody’s to declare anew', async (scope) => {
    const registered = await fetch(`${server.issuer}/oauth/registration`, { method: 'POST', body: JSON.stringify({ redirect_uris: [CALLBACK], scope: `openid ${scope}` }), headers: { 'content-type': 'application/json' } })
    expect([registered.status, await registered.json()]).toEqual([400, expect.objectContaining({ error: 'invalid_client_metadata' })])
    await expect(server.apply(`kind: scope\nscope: ${scope}\ntitle: x\n`)).rejects.toThrow()
  })
})

test('the platform’s own userinfo has the name at the institution with userid-feide, and not without', async () => {
  const user = (await ask('/userinfo', await tokenOf('ada', 'userid userid-feide profile', 'platform'))).body['user']
  expect(user).toMatchObject({ userid: await userId('ada'), userid_sec: ['feide:ada@ntu.example'] })
  expect((await ask('/userinfo', await tokenOf('ada', 'userid profile', 'platform'))).body['user']).toMatchObject({ userid_sec: [] })
})

test('a source that cannot answer is left out, and the answer says so', async () => {
  const ada = await tokenOf('ada')
  await server.ctx.db.transaction().execute(async (trx) => {
    await sql`lock table ad_hoc_groups in access exclusive mode`.execute(trx)
    const [mine, one] = await Promise.all([ask('/groups/me/groups', ada), ask(`/groups/groups/${adHoc()}`, ada)])
    expect(mine.status).toBe(200)
    expect(mine.headers.get('x-groups-partial')).toBe('ad-hoc')
    expect((mine.body as unknown as Record<string, unknown>[]).map(({ type }) => type)).toEqual(['fc:org', 'voot:group', 'voot:group'])
    expect([one.status, one.body['error']]).toEqual([503, 'temporarily_unavailable'])
  })
  expect((await ask('/groups/me/groups', ada)).headers.get('x-groups-partial')).toBeNull()
})

test('a source that says nothing at all is not waited for', async () => {
  const silent: GroupSource = { name: 'silent', types: [], owns: () => false, groupsOf: () => new Promise(() => {}), find: async () => undefined, members: async () => undefined }
  const broken: GroupSource = { ...silent, name: 'broken', groupsOf: async () => Promise.reject(new Error('no')) }
  const { groups, missing } = await groupsOf(server.ctx, await userId('lin'), { sources: [silent, ...groupSources, broken] })
  expect([groups.map(({ id }) => id), missing]).toEqual([['fc:org:ntu.example'], ['silent', 'broken']])
})

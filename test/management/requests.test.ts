import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sha256 } from '../../src/lib/digest.ts'
import { type Answered, openStage, type Program, type Stage } from './stage.ts'

// What every request to the management API can rely on: nothing is overwritten unseen, nothing is done twice, lists do not slip, and what is
// wrong is told member by member.

let stage: Stage
let manager: Program
let ntu: Program

beforeAll(async () => {
  stage = await openStage()
  ;[manager, ntu] = await Promise.all([stage.program('manager'), stage.program('ntu-manager')])
})
afterAll(() => stage.close())

const APP = { client_id: 'timetable', client_name: 'Timetable', redirect_uris: ['https://timetable.example.org/cb'], organization: 'ntu' }

function errorOf({ body }: Answered): string {
  return (body as { error: string }).error
}

function faultsOf({ body }: Answered): readonly string[] {
  return (body as { faults?: readonly { path: string }[] }).faults?.map(({ path }) => path) ?? []
}

describe('a change', () => {
  test('must say what was seen: 428 without, 412 of another version, and one of a hundred at once', async () => {
    const made = await ntu.call('POST', '/api/clients', { body: APP })
    const tag = made.headers.get('etag') ?? ''
    expect([made.status, made.headers.get('location')]).toEqual([201, `${stage.server.issuer}/api/clients/timetable`])
    const read = await ntu.call('GET', '/api/clients/timetable')
    expect([read.headers.get('etag'), JSON.stringify(read.body).includes('client_secret"')]).toEqual([tag, false])
    for (const method of ['PUT', 'PATCH', 'DELETE']) {
      const body = method === 'DELETE' ? undefined : APP
      expect([method, (await ntu.call(method, '/api/clients/timetable', { body })).status]).toEqual([method, 428])
      expect([method, (await ntu.call(method, '/api/clients/timetable', { body, headers: { 'if-match': '*' } })).status]).toEqual([method, 428])
      expect([method, (await ntu.call(method, '/api/clients/timetable', { body, headers: { 'if-match': '"another"' } })).status]).toEqual([method, 412])
    }
    const all = await Promise.all(Array.from({ length: 100 }, (_, i) => ntu.call('PATCH', '/api/clients/timetable', { body: { client_name: `Name ${i}` }, headers: { 'if-match': tag } })))
    expect(all.map(({ status }) => status).toSorted()).toEqual([200, ...Array.from({ length: 99 }, () => 412)])
    const winner = all.find(({ status }) => status === 200)
    expect((await ntu.call('GET', '/api/clients/timetable')).text).toBe(winner?.text)
  })

  test('that somebody has already is not sent again', async () => {
    const tag = (await ntu.call('GET', '/api/organizations/ntu')).headers.get('etag') ?? ''
    expect((await ntu.call('GET', '/api/organizations/ntu', { headers: { 'if-none-match': `"x", W/${tag}` } })).status).toBe(304)
  })

  test('of a role is one of a hundred, too', async () => {
    const path = '/api/organizations/ntu/members'
    await ntu.call('POST', path, { body: { user_id: stage.userIds.kai, role: 'member' } })
    const tag = (await ntu.call('GET', `${path}/${stage.userIds.kai}`)).headers.get('etag') ?? ''
    const all = await Promise.all(Array.from({ length: 100 }, (_, i) => ntu.call('PUT', `${path}/${stage.userIds.kai}`, { body: { role: i % 2 === 0 ? 'developer' : 'admin' }, headers: { 'if-match': tag } })))
    expect(all.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(all.filter(({ status }) => status === 412)).toHaveLength(99)
  })
})

describe('a request that names itself', () => {
  const body = { ...APP, client_id: 'named' }
  const headers = { 'idempotency-key': 'first-one' }

  test('is done once however often it comes, and answered with the same bytes; its secret is kept sealed', async () => {
    const all = await Promise.all(Array.from({ length: 100 }, () => ntu.call('POST', '/api/clients', { body, headers })))
    expect(new Set(all.map(({ status, text }) => `${status} ${text}`)).size).toBe(1)
    const [first] = all
    expect(first).toMatchObject({ status: 201, body: { client_secret: expect.stringMatching(/^ptr_cs_/) as unknown } })
    const again = await ntu.call('POST', '/api/clients', { body, headers })
    expect([again.text, again.headers.get('etag'), again.headers.get('location')]).toEqual([first?.text, first?.headers.get('etag'), first?.headers.get('location')])
    const { rows } = await sql<{ answer: Buffer }>`select answer from kept_answers`.execute(stage.server.ctx.db)
    expect(rows.map(({ answer }) => answer.toString('latin1').includes('ptr_cs_'))).toEqual([false])
  })

  test('is another one’s with another body, and nobody else’s at all', async () => {
    expect(errorOf(await ntu.call('POST', '/api/clients', { body: { ...body, client_name: 'Other' }, headers }))).toBe('idempotency_key_reused')
    const lunmal = await stage.program('lunmal-manager')
    expect((await lunmal.call('POST', '/api/clients', { body: { ...body, client_id: 'lunmals', organization: 'lunmal' }, headers })).status).toBe(201)
    expect((await ntu.call('POST', '/api/clients', { body, headers: { 'idempotency-key': 'x'.repeat(256) } })).status).toBe(400)
  })

  test('may be tried again when it was refused, and is done anew after a day', async () => {
    const once = { 'idempotency-key': 'refused-first' }
    const late = { ...APP, client_id: 'late', login_providers: ['stavern'] }
    expect((await ntu.call('POST', '/api/clients', { body: late, headers: once })).status).toBe(400)
    await manager.call('POST', '/api/providers', { body: { provider_id: 'stavern', protocol: 'local', name: 'Stavern' } })
    expect((await ntu.call('POST', '/api/clients', { body: late, headers: once })).status).toBe(201)
    await stage.server.advance(86_401)
    const fresh = await stage.program('ntu-manager')
    expect(errorOf(await fresh.call('POST', '/api/clients', { body: late, headers: once }))).toBe('already_exists')
  })

  test('is not done by anybody when the process that had it is gone: nobody knows whether it was done', async () => {
    const fresh = await stage.program('ntu-manager')
    const lost = { ...APP, client_id: 'lost' }
    await sql`insert into kept_answers (caller, key_hash, request_hash, expires_at) values ('ntu-manager client:ntu-manager', ${sha256('lost')}, ${sha256(JSON.stringify(['POST', '/api/clients', JSON.stringify(lost)]))}, clock_now() + interval '1 day')`.execute(stage.server.ctx.db)
    expect(errorOf(await fresh.call('POST', '/api/clients', { body: lost, headers: { 'idempotency-key': 'lost' } }))).toBe('outcome_unknown')
    expect((await fresh.call('GET', '/api/clients/lost')).status).toBe(404)
  })
})

describe('the secrets of a client', () => {
  test('are two at most, so that one is replaced without a gap; the only one is not retired, and each is told once', async () => {
    const fresh = await stage.program('ntu-manager')
    const { body } = await fresh.call('POST', '/api/clients', { body: { ...APP, client_id: 'rotating', application_type: 'service', redirect_uris: [] } })
    const first = (body as { client_secret: string }).client_secret
    const works = async (secret: string): Promise<boolean> => (await fetch(`${stage.server.issuer}/oauth/token`, { method: 'POST', headers: { authorization: `Basic ${btoa(`rotating:${secret}`)}` }, body: new URLSearchParams({ grant_type: 'client_credentials' }) })).status === 200
    const path = '/api/clients/rotating/secrets'
    const listed = async (): Promise<readonly { secret_id: string; hint: string }[]> => ((await fresh.call('GET', path)).body as { items: readonly { secret_id: string; hint: string }[] }).items
    const [only] = await listed()
    expect((await fresh.call('DELETE', `${path}/${only?.secret_id}`)).status).toBe(409)
    const added = await Promise.all(Array.from({ length: 10 }, () => fresh.call('POST', path)))
    expect(added.map(({ status }) => status).toSorted()).toEqual([201, ...Array.from({ length: 9 }, () => 409)])
    const [second = ''] = added.filter(({ status }) => status === 201).map((one) => (one.body as { client_secret: string }).client_secret)
    expect((await listed()).map(({ hint }) => hint)).toEqual([first.slice(-3), second.slice(-3)])
    expect(JSON.stringify(await listed())).not.toContain(second)
    expect((await fresh.call('DELETE', `${path}/${only?.secret_id}`)).status).toBe(204)
    expect([await works(first), await works(second)]).toEqual([false, true])
  })
})

describe('the scopes of an API', () => {
  test('are granted and taken back by its owner; what the client has not asked for is a fault', async () => {
    const [fresh, lunmal] = await Promise.all([stage.program('ntu-manager'), stage.program('lunmal-manager')])
    await fresh.call('POST', '/api/apis', { body: { api_id: 'rooms', name: 'Rooms', audience: 'https://rooms.example.org', organization: 'ntu', scopes: { book: { title: 'Book rooms', approval: 'owner' } } } })
    await lunmal.call('POST', '/api/clients', { body: { ...APP, client_id: 'booker', organization: 'lunmal', scope: 'openid gk_rooms gk_rooms_book' } })
    const path = '/api/clients/booker/gkscopes'
    const states = async (): Promise<unknown> => ((await lunmal.call('GET', path)).body as { items: readonly { scope: string; state: string }[] }).items.map(({ scope, state }) => `${scope} ${state}`)
    expect(await states()).toEqual(['gk_rooms granted', 'gk_rooms_book requested'])
    expect((await lunmal.call('PATCH', path, { body: { scopes_add: ['gk_rooms_book'] } })).status).toBe(404)
    expect((await fresh.call('PATCH', path, { body: { scopes_add: ['gk_calendar'] } })).status).toBe(400)
    expect((await fresh.call('PATCH', path, { body: { scopes_add: ['gk_rooms_book'] } })).status).toBe(200)
    expect(await states()).toEqual(['gk_rooms granted', 'gk_rooms_book granted'])
    expect(faultsOf(await fresh.call('PATCH', path, { body: { scopes_remove: ['gk_rooms_book'] } }))).toEqual(['reason'])
    expect((await fresh.call('PATCH', path, { body: { scopes_remove: ['gk_rooms_book'], reason: 'Not any more' } })).status).toBe(200)
    expect(await states()).toEqual(['gk_rooms granted', 'gk_rooms_book refused'])
  })
})

describe('a list', () => {
  test('goes on where it was, whatever is made or removed meanwhile', async () => {
    const fresh = await stage.program('manager')
    for (const letter of 'bdfhj') await fresh.call('POST', '/api/scopes', { body: { scope: `list.${letter}`, title: letter } })
    const seen: string[] = []
    let cursor: string | undefined
    for (let page = 0; page < 10; page++) {
      const { body } = await fresh.call('GET', `/api/scopes?limit=2${cursor === undefined ? '' : `&cursor=${cursor}`}`)
      const { items, next_cursor } = body as { items: readonly { scope: string }[]; next_cursor?: string }
      seen.push(...items.map(({ scope }) => scope))
      // Before the place where it is, and after.
      if (page === 1) for (const scope of ['list.a', 'list.z']) await fresh.call('POST', '/api/scopes', { body: { scope, title: scope } })
      if (next_cursor === undefined) break
      cursor = next_cursor
    }
    expect(seen).toEqual(['debt.unsecured.presentation', 'list.b', 'list.d', 'list.f', 'list.h', 'list.j', 'list.z'])
  })

  test('knows its own cursors only', async () => {
    const fresh = await stage.program('manager')
    const { next_cursor } = (await fresh.call('GET', '/api/scopes?limit=1')).body as { next_cursor: string }
    expect(faultsOf(await fresh.call('GET', `/api/organizations?cursor=${next_cursor}`))).toEqual(['cursor'])
    expect(faultsOf(await fresh.call('GET', `/api/scopes?cursor=${next_cursor.slice(0, -2)}AA`))).toEqual(['cursor'])
    expect(faultsOf(await fresh.call('GET', '/api/scopes?cursor=eA'))).toEqual(['cursor'])
    expect(faultsOf(await fresh.call('GET', '/api/scopes?limit=1000&colour=red'))).toEqual(['limit', 'colour'])
  })
})

describe('statistics', () => {
  test('are told to who may see the application, for a year or so at most', async () => {
    const fresh = await stage.program('ntu-manager')
    await stage.server.ctx.audit.flush()
    const { status, body } = await fresh.call('GET', '/api/clients/ntu-manager/statistics')
    expect([status, Object.keys(body as object).toSorted()]).toEqual([200, ['days', 'weeks']])
    expect(faultsOf(await fresh.call('GET', '/api/clients/planner/statistics?from=2020-01-01'))).toEqual(['from'])
    expect(faultsOf(await fresh.call('GET', '/api/clients/planner/statistics?from=yesterday'))).toEqual(['from'])
    expect((await (await stage.program('lunmal-manager')).call('GET', '/api/clients/planner/statistics')).status).toBe(404)
    const { body: unused } = await fresh.call('GET', '/api/clients/planner/unused')
    expect(unused).toMatchObject({ items: expect.arrayContaining([{ kind: 'scope', value: 'gk_calendar_write', since: expect.any(String), ever_used: false }]) })
    expect((await (await stage.program('lunmal-manager')).call('GET', '/api/clients/planner/unused')).status).toBe(404)
  })
})

describe('what is wrong', () => {
  test('is told member by member, with the reference that the log has', async () => {
    const fresh = await stage.program('ntu-manager')
    const refused = await fresh.call('POST', '/api/clients', { body: { client_id: 'bad', redirect_uris: ['nowhere', 7], cleint_name: 'x', consent: 'never' } })
    expect([refused.status, errorOf(refused), faultsOf(refused)]).toEqual([400, 'invalid_request', ['redirect_uris[0]', 'redirect_uris[1]', 'consent', 'cleint_name']])
    expect(stage.server.logged()).toContain(refused.headers.get('x-request-id') ?? 'none')
    expect(faultsOf(await fresh.call('POST', '/api/clients', { body: { ...APP, client_id: 'bad', client_secret: { from_file: '/etc/hostname' } } }))).toEqual(['client_secret'])
    expect(faultsOf(await fresh.call('POST', '/api/organizations/ntu/members', { body: { user_id: 'me', role: 'king' } }))).toEqual(['user_id', 'role'])
  })

  test.each([
    ['a body that is no JSON', 'POST', '/api/clients', { headers: { 'content-type': 'application/json' } }, 400],
    ['a body that is no object', 'POST', '/api/clients', { body: [1] }, 400],
    ['a form', 'POST', '/api/clients', { headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 'a=b' }, 415],
    ['more than a megabyte', 'POST', '/api/clients', { body: { client_name: 'x'.repeat(1_100_000) } }, 413],
    ['another method', 'PUT', '/api/clients', {}, 405],
    ['an address that there is not', 'GET', '/api/nowhere', {}, 404],
    ['a path that leads out', 'GET', '/api/clients/..%2f..%2fkeys', {}, 404],
  ] as const)('%s is refused in our shape', async (_what, method, path, options, status) => {
    const fresh = await stage.program('ntu-manager')
    const answered = await fresh.call(method, path, options)
    expect([answered.status, typeof errorOf(answered), answered.headers.get('content-type')]).toEqual([status, 'string', 'application/json; charset=utf-8'])
  })

  test('more than twelve hundred requests in a minute wait', async () => {
    const fresh = await stage.program('ntu-manager')
    await fresh.call('GET', '/api/me')
    await sql`update attempts set count = 5000`.execute(stage.server.ctx.db)
    const refused = await fresh.call('GET', '/api/me')
    expect([refused.status, Number(refused.headers.get('retry-after')) > 0]).toEqual([429, true])
  })
})

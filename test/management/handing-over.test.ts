import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { untilSomebodyWaits } from '../support/locks.ts'
import { SECRET } from '../support/world.ts'
import { ALL, type Answered, openStage, people, type Person, type Program, type Stage } from './stage.ts'

// What operators do for people, and how applications change hands, asked of the management API.

let stage: Stage
let as: (name: Person) => Program
beforeAll(async () => {
  stage = await openStage()
  as = await people(stage)
})
afterAll(() => stage.close())

function errorOf({ status, body }: Answered): readonly unknown[] {
  return [status, (body as { error?: string } | undefined)?.error]
}

const APP = { client_id: 'handed', client_name: 'Handed over', redirect_uris: ['https://handed.example.org/cb'], organization: 'ntu' }
const OFFER = '/api/clients/handed/transfer'

describe('an application', () => {
  test('changes hands when the other takes it, and of a hundred takers one does', async () => {
    const [ntu, lunmal] = await Promise.all([stage.program('ntu-manager'), stage.program('lunmal-manager')])
    expect((await ntu.call('POST', '/api/clients', { body: APP })).status).toBe(201)
    expect(errorOf(await as('lin').call('PUT', OFFER, { body: { to: 'lunmal' } }))).toEqual([403, 'access_denied'])
    expect(errorOf(await lunmal.call('PUT', OFFER, { body: { to: 'lunmal' } }))).toEqual([404, 'not_found'])
    expect((await ntu.call('PUT', OFFER, { body: { to: 'lunmal' } })).body).toMatchObject({ client_id: 'handed', organization: 'lunmal' })
    expect((await lunmal.call('GET', '/api/offers')).body).toMatchObject({ items: [{ client_id: 'handed' }] })
    expect((await ntu.call('GET', '/api/offers')).body).toEqual({ items: [] })
    expect(errorOf(await ntu.call('POST', '/api/offers/handed/take'))).toEqual([404, 'not_found'])
    const all = await Promise.all(Array.from({ length: 100 }, () => lunmal.call('POST', '/api/offers/handed/take')))
    expect(all.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(all.filter(({ status }) => status === 404)).toHaveLength(99)
    expect([(await lunmal.call('GET', '/api/clients/handed')).status, (await ntu.call('GET', '/api/clients/handed')).status]).toEqual([200, 404])
  })

  test('is refused, taken back, and offered to people without telling who there is', async () => {
    const [ntu, lunmal] = await Promise.all([stage.program('ntu-manager'), stage.program('lunmal-manager')])
    await lunmal.call('PUT', OFFER, { body: { to: 'org:ntu' } })
    expect((await ntu.call('POST', '/api/offers/handed/refuse')).status).toBe(204)
    expect(errorOf(await lunmal.call('GET', OFFER))).toEqual([404, 'not_found'])
    const shapes = []
    for (const to of ['nobody-at-all', stage.userIds.kai]) {
      const { status, body } = await lunmal.call('PUT', OFFER, { body: { to } })
      shapes.push([status, Object.keys(body as object), Object.keys((await lunmal.call('GET', OFFER)).body as object)])
      if (to === 'nobody-at-all') for (const name of ['ada', 'kai'] as const) expect(errorOf(await as(name).call('POST', '/api/offers/handed/take'))).toEqual([404, 'not_found'])
    }
    expect(shapes[0]).toEqual(shapes[1])
    expect((await lunmal.call('DELETE', OFFER)).status).toBe(204)
    expect(errorOf(await as('kai').call('POST', '/api/offers/handed/take'))).toEqual([404, 'not_found'])
    await lunmal.call('PUT', OFFER, { body: { to: stage.userIds.kai } })
    expect((await as('kai').call('POST', '/api/offers/handed/take')).body).toEqual({ client_id: 'handed' })
    expect((await as('kai').call('GET', '/api/clients/handed')).status).toBe(200)
  })

  test('that is offered to another while somebody says no is still offered to the other', async () => {
    const [ntu, lunmal] = await Promise.all([stage.program('ntu-manager'), stage.program('lunmal-manager')])
    await ntu.call('POST', '/api/clients', { body: { ...APP, client_id: 'wanted' } })
    await ntu.call('PUT', '/api/clients/wanted/transfer', { body: { to: 'org:lunmal' } })
    let refused: Promise<Answered> | undefined
    await stage.server.ctx.db.transaction().execute(async (trx) => {
      await sql`update client_transfers set organization_id = null, user_id = ${stage.userIds.kai} where client_key = (select client_key from clients where client_id = 'wanted')`.execute(trx)
      refused = lunmal.call('POST', '/api/offers/wanted/refuse')
      await untilSomebodyWaits(stage.server.ctx.db)
    })
    await refused
    expect((await as('kai').call('POST', '/api/offers/wanted/take')).status).toBe(200)
  })

  test('that acts by itself is given away by operators only: its giver knows its secret', async () => {
    await stage.server.apply(`kind: client\nclient_id: powerful\nclient_secret: { value: ${SECRET} }\nclient_name: Powerful\napplication_type: service\nscope: ${ALL}\norganization: ntu\n`)
    const [ntu, lunmal, manager] = await Promise.all([stage.program('ntu-manager'), stage.program('lunmal-manager'), stage.program('manager')])
    expect((await ntu.call('PUT', '/api/clients/powerful/transfer', { body: { to: 'lunmal' } })).status).toBe(200)
    expect((await lunmal.call('POST', '/api/offers/powerful/take')).body).toMatchObject({ error: 'invalid_request', faults: [{ path: 'grant_types' }] })
    expect((await ntu.call('GET', '/api/clients/powerful')).body).toMatchObject({ organization: 'ntu' })
    expect((await manager.call('POST', '/api/offers/powerful/take')).body).toEqual({ client_id: 'powerful', organization: 'lunmal' })
  })
})

describe('a person', () => {
  const pathOf = (name: 'ada' | 'lin' | 'kai'): string => `/api/users/${stage.userIds[name]}`
  const tagOf = async (path: string): Promise<Record<string, string>> => ({ 'if-match': (await as('ada').call('GET', path)).headers.get('etag') ?? '' })

  test('has an account that operators change by the rules of files; what a file made stays a file’s', async () => {
    const path = pathOf('kai')
    const changed = await as('ada').call('PATCH', path, { body: { claims: { nickname: 'K', given_name: null }, groups: ['staff'], password: { generate: true } }, headers: await tagOf(path) })
    expect(changed).toMatchObject({ status: 200, body: { claims: { nickname: 'K' }, groups: ['staff'], password: expect.stringMatching(/^\S{20}$/) as unknown } })
    expect((changed.body as { claims: object }).claims).not.toHaveProperty('given_name')
    expect((await as('ada').call('PATCH', path, { body: { claims: { birthdate: 'soon' } }, headers: await tagOf(path) })).body).toMatchObject({ faults: [{ path: 'claims.birthdate' }] })
    const { rows } = await sql<{ declared: boolean }>`select declared from users where user_id = ${stage.userIds.kai}`.execute(stage.server.ctx.db)
    expect(rows).toEqual([{ declared: true }])
    expect(errorOf(await as('lin').call('PATCH', path, { body: { status: 'locked' }, headers: await tagOf(path) }))).toEqual([404, 'not_found'])
  })

  test('is signed out everywhere, and loses what they have lost, with a reason', async () => {
    expect((await as('ada').call('POST', `${pathOf('lin')}/end-sessions`, { body: { offline: true } })).body).toMatchObject({ sessions: 1 })
    expect(errorOf(await as('lin').call('GET', '/api/me'))).toEqual([401, 'invalid_token'])
    expect((await as('ada').call('POST', `${pathOf('lin')}/remove-factors`, { body: {} })).body).toMatchObject({ faults: [{ path: 'reason' }] })
    expect((await as('ada').call('POST', `${pathOf('lin')}/remove-factors`, { body: { reason: 'Lost telephone, shown passport' } })).status).toBe(204)
    expect(errorOf(await as('kai').call('POST', `${pathOf('lin')}/end-sessions`, { body: {} }))).toEqual([404, 'not_found'])
    // No mail is sent here.
    expect(errorOf(await as('ada').call('POST', `${pathOf('lin')}/send-reset`))).toEqual([409, 'in_use'])
    await stage.server.ctx.audit.flush()
    const { body } = await as('ada').call('GET', `/api/audit?event=factor.changed`)
    expect(body).toMatchObject({ items: [{ actor: stage.userIds.ada, user_id: stage.userIds.lin, details: { change: 'all removed by api', reason: 'Lost telephone, shown passport' } }] })
  })

  test('does not lock out or remove themselves; another is removed with everything', async () => {
    const [own, other] = [pathOf('ada'), pathOf('lin')]
    expect(errorOf(await as('ada').call('PATCH', own, { body: { status: 'locked' }, headers: await tagOf(own) }))).toEqual([409, 'in_use'])
    expect(errorOf(await as('ada').call('DELETE', own, { headers: await tagOf(own) }))).toEqual([409, 'in_use'])
    expect((await as('ada').call('DELETE', other, { headers: await tagOf(other) })).status).toBe(204)
    expect((await as('ada').call('GET', other)).status).toBe(404)
  })
})

test('a provider is switched off by operators, once, with what was seen; its organization sees it', async () => {
  const path = '/api/provider-states/ntu'
  const [ntu, lunmal] = await Promise.all([stage.program('ntu-manager'), stage.program('lunmal-manager')])
  const { headers, body } = await ntu.call('GET', path)
  expect(body).toMatchObject({ provider_id: 'ntu', disabled: false, failures: 0 })
  const seen = { 'if-match': headers.get('etag') ?? '' }
  expect(errorOf(await ntu.call('PUT', path, { body: { disabled: true }, headers: seen }))).toEqual([403, 'access_denied'])
  expect(errorOf(await lunmal.call('GET', path))).toEqual([404, 'not_found'])
  expect(errorOf(await ntu.call('GET', '/api/provider-states'))).toEqual([403, 'access_denied'])
  const all = await Promise.all(Array.from({ length: 20 }, () => as('ada').call('PUT', path, { body: { disabled: true }, headers: seen })))
  expect(all.filter(({ status }) => status === 200)).toHaveLength(1)
  expect((await as('ada').call('GET', '/api/provider-states?disabled=true')).body).toMatchObject({ items: [{ provider_id: 'ntu', disabled_reason: 'operator' }] })
})

test('a token to register with is for operators to give, and registers as often as it says', async () => {
  expect(errorOf(await as('kai').call('POST', '/api/registration-tokens', { body: {} }))).toEqual([403, 'access_denied'])
  expect((await as('ada').call('POST', '/api/registration-tokens', { body: { uses: 0 } })).body).toMatchObject({ faults: [{ path: 'uses' }] })
  expect((await as('ada').call('POST', '/api/registration-tokens', { body: { uses: 2, hours: 1 } })).body).toEqual({ initial_access_token: expect.stringMatching(/^ptr_ri_/) as unknown, uses: 2, expires_in: 3600 })
})

test('why a request was refused is told to whom the client is', async () => {
  const [ntu, lunmal, narrow] = await Promise.all([stage.program('ntu-manager'), stage.program('lunmal-manager'), stage.program('narrow')])
  const refused = await fetch(`${stage.server.issuer}/oauth/authorization?client_id=planner&redirect_uri=https://elsewhere.example`, { headers: { accept: 'application/json' } })
  const path = `/api/diagnoses/${refused.headers.get('x-request-id')}`
  expect((await ntu.call('GET', path)).body).toMatchObject({ client_id: 'planner', cause: 'redirect_uri.mismatch', compared: [{ name: 'redirect_uri', sent: 'https://elsewhere.example' }] })
  expect((await ntu.call('GET', '/api/clients/planner/diagnoses')).body).toMatchObject({ items: [{ cause: 'redirect_uri.mismatch' }] })
  expect(errorOf(await lunmal.call('GET', path))).toEqual([404, 'not_found'])
  expect(errorOf(await narrow.call('GET', path))).toEqual([403, 'insufficient_scope'])
})

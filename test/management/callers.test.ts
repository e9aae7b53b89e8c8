import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { setClientOwner } from '../../src/clients/store.ts'
import { inTransaction } from '../../src/database/transaction.ts'
import { removeMember, setMember } from '../../src/organizations/members.ts'
import { SECRET } from '../support/world.ts'
import { ALL, type Answered, openStage, people, type Person, type Program, type Stage } from './stage.ts'

// Who may do what through the management API: people with their roles of this moment, programs as what an operator made them.

let stage: Stage
let as: (name: Person) => Program
beforeAll(async () => {
  stage = await openStage()
  as = await people(stage)
})
afterAll(() => stage.close())

function idsOf({ body }: Answered): readonly string[] {
  return (body as { items: readonly { client_id: string }[] }).items.map(({ client_id }) => client_id)
}

function errorOf({ status, body }: Answered): readonly unknown[] {
  return [status, (body as { error?: string } | undefined)?.error]
}

const APP = { client_id: 'lins', client_name: 'Mine', redirect_uris: ['https://lins.example.org/cb'] }

describe('a person', () => {
  test('sees and makes what the roles allow, and their own; somebody else’s is not there', async () => {
    expect((await as('ada').call('GET', '/api/me')).body).toMatchObject({ user_id: stage.userIds.ada, client_id: 'console', operator: true, roles: {} })
    expect((await as('lin').call('GET', '/api/me')).body).toMatchObject({ operator: false, roles: { ntu: 'developer' } })
    expect((await as('lin').call('POST', '/api/clients', { body: APP })).status).toBe(201)
    expect(idsOf(await as('lin').call('GET', '/api/clients'))).toEqual(['calendar-api', 'lins', 'ntu-manager', 'planner'])
    expect(idsOf(await as('kai').call('GET', '/api/clients'))).toEqual([])
    expect(idsOf(await as('ada').call('GET', '/api/clients'))).toContain('second')
    for (const id of ['lins', 'planner', 'second']) expect(errorOf(await as('kai').call('GET', `/api/clients/${id}`))).toEqual([404, 'not_found'])
  })

  test('does not manage members as a developer, nor what acts by itself, nor anything of operators', async () => {
    expect(errorOf(await as('lin').call('POST', '/api/organizations/ntu/members', { body: { user_id: stage.userIds.kai, role: 'admin' } }))).toEqual([403, 'access_denied'])
    expect(errorOf(await as('lin').call('PATCH', '/api/clients/ntu-manager', { body: { client_name: 'mine' }, headers: { 'if-match': '"x"' } }))).toEqual([403, 'access_denied'])
    for (const path of ['/api/audit', '/api/keys']) expect(errorOf(await as('lin').call('GET', path))).toEqual([403, 'access_denied'])
    expect(errorOf(await as('lin').call('POST', '/api/keys/rotate'))).toEqual([403, 'access_denied'])
    expect(errorOf(await as('lin').call('GET', `/api/users/${stage.userIds.ada}`))).toEqual([404, 'not_found'])
    expect((await as('lin').call('GET', `/api/users/${stage.userIds.lin}`)).status).toBe(200)
  })

  test('does not name an application after an institution; an operator may', async () => {
    const named = { ...APP, client_id: 'named', client_name: 'Norges testuniversitet Pay' }
    expect((await as('lin').call('POST', '/api/clients', { body: named })).body).toMatchObject({ error: 'invalid_request', faults: [{ path: 'client_name' }] })
    expect((await as('ada').call('POST', '/api/clients', { body: named })).status).toBe(201)
  })

  test('loses what a role gave at the next request', async () => {
    const { ctx } = stage.server
    expect((await as('lin').call('GET', '/api/clients/planner')).status).toBe(200)
    await removeMember(ctx.db, 'ntu', stage.userIds.lin)
    expect((await as('lin').call('GET', '/api/clients/planner')).status).toBe(404)
    expect((await as('lin').call('GET', '/api/clients/lins')).status).toBe(200)
    await setMember(ctx.db, 'ntu', stage.userIds.lin, 'developer')
  })

  test('stands in the audit with what they changed, and no text of it', async () => {
    const tag = (await as('lin').call('GET', '/api/clients/lins')).headers.get('etag') ?? ''
    await as('lin').call('PATCH', '/api/clients/lins', { body: { client_name: 'Renamed' }, headers: { 'if-match': tag } })
    await stage.server.ctx.audit.flush()
    const { body } = await as('ada').call('GET', `/api/audit?target=lins&event=configuration.changed`)
    expect((body as { items: readonly object[] }).items[0]).toMatchObject({ actor: stage.userIds.lin, client_id: 'lins', details: { change: 'change', members: ['client_name'], through: 'api' } })
    expect(JSON.stringify(body)).not.toContain('Renamed')
  })

  test('must have signed in within ten minutes for what hands out power', async () => {
    await stage.server.advance(700)
    const refused = await as('ada').call('POST', '/api/organizations/ntu/members', { body: { user_id: stage.userIds.kai, role: 'developer' } })
    expect([...errorOf(refused), refused.headers.get('www-authenticate')?.includes('max_age="600"')]).toEqual([401, 'insufficient_user_authentication', true])
    expect((await as('ada').call('GET', '/api/organizations/ntu/members')).status).toBe(200)
  })
})

describe('a program', () => {
  test('of an organization acts as its admin and sees nothing of others', async () => {
    const ntu = await stage.program('ntu-manager')
    expect((await ntu.call('GET', '/api/me')).body).toMatchObject({ operator: false, roles: { ntu: 'admin' }, client_id: 'ntu-manager' })
    expect((await ntu.call('POST', '/api/organizations/ntu/members', { body: { user_id: stage.userIds.kai, role: 'developer' } })).status).toBe(201)
    expect(errorOf(await ntu.call('GET', '/api/organizations/lunmal'))).toEqual([404, 'not_found'])
    expect(errorOf(await ntu.call('POST', '/api/keys/rotate'))).toEqual([403, 'access_denied'])
    // Whose people are whose is not an organization's own word.
    const { headers } = await ntu.call('GET', '/api/organizations/ntu')
    expect((await ntu.call('PATCH', '/api/organizations/ntu', { body: { realms: ['lunmal.example'] }, headers: { 'if-match': headers.get('etag') ?? '' } })).body).toMatchObject({ error: 'invalid_request' })
    expect((await ntu.call('PATCH', '/api/organizations/ntu', { body: { mandatory_clients: ['planner'] }, headers: { 'if-match': headers.get('etag') ?? '' } })).status).toBe(200)
  })

  test('that is a person’s own acts as nobody, whatever it was given', async () => {
    await stage.server.apply(`kind: client\nclient_id: kais-robot\nclient_secret: { value: ${SECRET} }\nclient_name: Mine\napplication_type: service\nscope: ${ALL}\n`)
    const before = await stage.program('kais-robot')
    expect((await before.call('GET', '/api/keys')).status).toBe(200)
    await inTransaction(stage.server.ctx.db, (trx) => setClientOwner(trx, 'kais-robot', stage.userIds.kai))
    expect(errorOf(await before.call('GET', '/api/keys'))).toEqual([403, 'access_denied'])
    expect(errorOf(await before.call('GET', '/api/clients/planner'))).toEqual([404, 'not_found'])
    // Nor as an operator, when that person is there no more; what they made for an organization goes on.
    const works = await stage.program('ntu-manager')
    await inTransaction(stage.server.ctx.db, (trx) => setClientOwner(trx, 'ntu-manager', stage.userIds.kai))
    const manager = await stage.program('manager')
    const path = `/api/users/${stage.userIds.kai}`
    expect((await manager.call('DELETE', path, { headers: { 'if-match': (await manager.call('GET', path)).headers.get('etag') ?? '' } })).status).toBe(204)
    expect(errorOf(await before.call('GET', '/api/keys'))).toEqual([401, 'invalid_token'])
    expect((await manager.call('GET', '/api/clients/kais-robot')).body).toMatchObject({ status: 'disabled' })
    expect((await works.call('GET', '/api/clients/planner')).status).toBe(200)
  })

  test('needs a token for this server itself: one for another, or for none in particular, opens nothing', async () => {
    for (const resource of ['https://calendar.example.org', `${stage.server.issuer}/userinfo`]) {
      const program = await stage.program('manager', { resource })
      expect(errorOf(await program.call('GET', '/api/me'))).toEqual([401, 'invalid_token'])
    }
    const response = await fetch(`${stage.server.issuer}/oauth/token`, { method: 'POST', headers: { authorization: `Basic ${btoa(`manager:${SECRET}`)}` }, body: new URLSearchParams({ grant_type: 'client_credentials' }) })
    const { access_token } = (await response.json()) as { access_token: string }
    expect(errorOf(await stage.as(access_token).call('GET', '/api/me'))).toEqual([401, 'invalid_token'])
  })

  test('is refused with a token in the address, a dead one, or none', async () => {
    const { token } = await stage.program('manager')
    const plain = (path: string, headers: Record<string, string> = {}): Promise<number> => fetch(`${stage.server.issuer}${path}`, { headers }).then(({ status }) => status)
    expect(await plain(`/api/me?access_token=${token}`)).toBe(401)
    expect(await plain('/api/me', { authorization: `Bearer ${token}x` })).toBe(401)
    expect(await plain('/api/me')).toBe(401)
  })
})

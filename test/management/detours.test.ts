import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { setClientStatus } from '../../src/clients/store.ts'
import { inTransaction } from '../../src/database/transaction.ts'
import { redirectUser } from '../../src/users/store.ts'
import { untilSomebodyWaits } from '../support/locks.ts'
import { type Answered, consentOf, openStage, personalToken, type Program, type Stage } from './stage.ts'

// What nobody gets by a detour: a secret without signing in again, what others wished for; and what nobody brings
// about: a fault of ours, a queue that stands still, half of a decision.

let stage: Stage
let manager: Program
let ntu: Program
let lunmal: Program
let lin: Program

beforeAll(async () => {
  stage = await openStage({ PORTNER_TEST_FETCH: '1' })
  ;[manager, ntu, lunmal] = await Promise.all([stage.program('manager'), stage.program('ntu-manager'), stage.program('lunmal-manager')])
  lin = stage.as(await personalToken(stage, 'lin'))
})
afterAll(() => stage.close())

const APP = { client_id: 'lins', client_name: 'Mine', redirect_uris: ['https://lins.example.org/cb'] }

function errorOf({ status, body }: Answered): readonly unknown[] {
  return [status, (body as { error?: string } | undefined)?.error]
}

function faultsOf({ body }: Answered): readonly string[] {
  return (body as { faults?: readonly { path: string }[] }).faults?.map(({ path }) => path) ?? []
}

async function seen(program: Program, path: string): Promise<Readonly<Record<string, string>>> {
  return { 'if-match': (await program.call('GET', path)).headers.get('etag') ?? '' }
}

describe('decisions about scopes', () => {
  test('are made all or none, and tell whoever makes them nothing else that the client wishes for', async () => {
    await ntu.call('POST', '/api/apis', { body: { api_id: 'rooms', name: 'Rooms', organization: 'ntu', scopes: { book: { title: 'Book', approval: 'owner' }, clean: { title: 'Clean', approval: 'owner' } } } })
    await lunmal.call('POST', '/api/apis', { body: { api_id: 'hidden', name: 'Hidden', organization: 'lunmal', scopes: {} } })
    await lunmal.call('POST', '/api/clients', { body: { ...APP, client_id: 'wisher', organization: 'lunmal', scope: 'openid gk_rooms gk_rooms_book gk_hidden' } })
    const path = '/api/clients/wisher/gkscopes'
    expect(faultsOf(await ntu.call('PATCH', path, { body: {} }))).toEqual(['scopes_add'])
    expect((await ntu.call('PATCH', path, { body: { scopes_add: ['gk_rooms_book', 'gk_rooms_clean'] } })).status).toBe(400)
    expect((await ntu.call('PATCH', path, { body: { scopes_add: ['gk_rooms_book', 'gk_hidden'] } })).status).toBe(404)
    const states = (await lunmal.call('GET', path)).body as { items: readonly { scope: string; state: string }[] }
    expect(states.items.map(({ scope, state }) => `${scope} ${state}`)).toEqual(['gk_rooms granted', 'gk_rooms_book requested', 'gk_hidden granted'])
    expect((await ntu.call('PATCH', path, { body: { scopes_add: ['gk_rooms_book'] } })).body).toMatchObject({ items: [{ scope: 'gk_rooms_book', state: 'granted' }] })
  })
})

describe('a change that another process makes meanwhile', () => {
  test('is not overwritten: the second looks again when it is its turn', async () => {
    await ntu.call('POST', '/api/clients', { body: { ...APP, client_id: 'contended', organization: 'ntu' } })
    const path = '/api/clients/contended'
    const headers = await seen(ntu, path)
    const { db } = stage.server.ctx
    const second = await inTransaction(db, async (trx) => {
      await setClientStatus(trx, 'contended', 'disabled')
      const answer = ntu.call('PATCH', path, { body: { client_name: 'Overwritten' }, headers })
      await untilSomebodyWaits(db)
      return { answer }
    })
    expect((await second.answer).status).toBe(412)
    expect((await ntu.call('GET', path)).body).toMatchObject({ status: 'disabled', client_name: APP.client_name })
  })
})

describe('a person', () => {
  test('who is locked by a hundred who saw the same is locked by one of them', async () => {
    const path = `/api/users/${stage.userIds.kai}`
    const headers = await seen(manager, path)
    const all = await Promise.all(Array.from({ length: 100 }, () => manager.call('PATCH', path, { body: { status: 'locked' }, headers })))
    expect(all.map(({ status }) => status).toSorted()).toEqual([200, ...Array.from({ length: 99 }, () => 412)])
    await manager.call('PATCH', path, { body: { status: 'active' }, headers: await seen(manager, path) })
  })

  test('may have a slash in the user name, and a name is not given twice, also not one that was merged away', async () => {
    const make = (username: string, organization?: string): Promise<Answered> => manager.call('POST', '/api/users', { body: { username, ...(organization === undefined ? {} : { organization }), password: { generate: true } } })
    expect((await make('a/b', 'ntu')).body).toMatchObject({ username: 'a/b', organization: 'ntu' })
    expect(errorOf(await make('a/b', 'ntu'))).toEqual([409, 'already_exists'])
    expect((await make('a/b')).status).toBe(201)
    const made = (await make('gone', 'ntu')).body as { user_id: string }
    await inTransaction(stage.server.ctx.db, (trx) => redirectUser(trx, made.user_id, stage.userIds.ada))
    expect(errorOf(await make('gone', 'ntu'))).toEqual([409, 'already_exists'])
  })
})

describe('an address that has to vouch for an application', () => {
  test('keeps nobody else waiting while it does not answer', async () => {
    let release = (): void => {}
    const asked = new Promise<void>((resolve) => {
      release = resolve
    })
    const slow = createServer((_request, response) => void asked.then(() => response.setHeader('content-type', 'application/json').end(JSON.stringify(APP.redirect_uris))))
    await new Promise<void>((resolve) => slow.listen(0, '127.0.0.1', resolve))
    try {
      let isMade = false
      const made = ntu.call('POST', '/api/clients', { body: { ...APP, client_id: 'vouched', organization: 'ntu', subject_type: 'pairwise', sector_identifier_uri: `http://127.0.0.1:${(slow.address() as AddressInfo).port}/` } }).finally(() => {
        isMade = true
      })
      expect((await ntu.call('POST', '/api/clients', { body: { ...APP, client_id: 'beside', organization: 'ntu' } })).status).toBe(201)
      expect(isMade).toBe(false)
      release()
      expect((await made).status).toBe(201)
    } finally {
      release()
      slow.closeAllConnections()
      await new Promise((resolve) => slow.close(resolve))
    }
  })
})

describe('what was done through the API', () => {
  test('stands in the audit with who did it, a program too', async () => {
    await manager.call('POST', `/api/consents/${await consentOf(stage)}/withdraw`, { body: { reason: 'asked by letter' } })
    await manager.call('POST', '/api/clients/planner/secrets')
    await manager.call('PATCH', '/api/clients/planner', { body: { client_name: 'Planner' }, headers: await seen(manager, '/api/clients/planner') })
    await stage.server.ctx.audit.flush()
    const { rows } = await sql<{ event: string }>`select event from audit_events where actor = 'client:manager' and event in ('consent.withdrawn', 'client.changed') or (event = 'configuration.changed' and actor = 'client:manager' and client_id = 'planner') order by seq`.execute(stage.server.ctx.db)
    expect(rows.map(({ event }) => event)).toEqual(['consent.withdrawn', 'client.changed', 'configuration.changed'])
  })
})

describe('an address with a NUL in it, or a year that there was not', () => {
  test.each(['/api/clients/%00', '/api/clients/a%00b/secrets', '/api/clients/planner/secrets/%00', '/api/clients/planner/orgauthorization/%00', '/api/apis/%00', '/api/organizations/%00/members', '/api/providers/%00', '/api/scopes/%00', '/api/users/%00', '/api/clients/planner/statistics?from=0000-01-01&to=0000-01-02', '/api/providers/ntu/statistics?from=0000-02-01&to=0000-03-01', '/api/audit?from=0000-01-01T00:00:00Z'])('is a fault of whoever sent it: %s', async (path) => {
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const { status } = await manager.call(method, path, { body: method === 'PUT' ? { scopes: [] } : undefined, headers: { 'if-match': '"x"' } })
      expect([method, status < 500]).toEqual([method, true])
    }
    // Nobody fills our log with complaints of ours.
    expect(stage.server.logged().includes('could not be renewed')).toBe(false)
  })
})

describe('a secret for an application or an API that there is', () => {
  test('wants a sign-in within ten minutes, also where it stands in the document', async () => {
    expect((await lin.call('POST', '/api/clients', { body: APP })).status).toBe(201)
    await stage.server.advance(700)
    const path = '/api/clients/lins'
    expect((await lin.call('PATCH', path, { body: { client_name: 'Still mine' }, headers: await seen(lin, path) })).status).toBe(200)
    for (const [method, body] of [['PATCH', { client_secret: { generate: true } }], ['PUT', { ...APP, client_secret: { generate: true } }]] as const) {
      expect(errorOf(await lin.call(method, path, { body, headers: await seen(lin, path) }))).toEqual([401, 'insufficient_user_authentication'])
    }
    expect(errorOf(await lin.call('PATCH', '/api/apis/calendar', { body: { gatekeeper_secret: 'drawn-by-somebody' }, headers: await seen(lin, '/api/apis/calendar') }))).toEqual([401, 'insufficient_user_authentication'])
  })
})

import { fastify } from 'fastify'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { offerClient } from '../../src/clients/transfers.ts'
import { readClient } from '../../src/clients/store.ts'
import { registerDashboard } from '../../src/dashboard/routes.ts'
import { formToken } from '../../src/http/csrf.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { type Browser, newBrowser, type Page, pageName } from '../support/browser.ts'
import { authorizationUrl, newPkce } from '../support/relying-party.ts'
import { atDesk, giveRole, register, userIdOf } from './developer.ts'

// Whose things are whose, address by address: to a stranger none of them is there, and nothing is done by a form that is not ours. Every address
// of the dashboard is asked, also one that nobody has thought of here.

let server: TestServer
let routes: readonly { readonly method: string; readonly path: string }[]
let ada: Browser
let lin: Browser
let kai: Browser
/** What stands for the parameters: an application of ntu, an API of ntu, a refusal of that application. */
let clientId: string
let reference: string

beforeAll(async () => {
  server = await startTestServer()
  await giveRole(server, 'ada', 'ntu', 'admin')
  await giveRole(server, 'lin', 'ntu', 'member')
  const found: { method: string; path: string }[] = []
  const app = fastify()
  app.addHook('onRoute', ({ method, url }) => void found.push({ method: String(method), path: url }))
  await registerDashboard(app, server.ctx)
  await app.ready()
  await app.close()
  routes = found.filter(({ method, path }) => method !== 'HEAD' && path.includes(':'))
  ;[ada, lin, kai] = [await atDesk(server), await atDesk(server, 'lin'), await atDesk(server, 'kai')]
  clientId = (await register(ada, { owner: 'org:ntu', name: 'Ours' })).clientId
  const refused = await newBrowser(server.issuer).open(authorizationUrl(server.issuer, newPkce(), { client_id: clientId, redirect_uri: 'https://mine.example.org/other' }))
  reference = refused.headers.get('x-request-id') ?? ''
  await offerClient(server.ctx, (await readClient(server.ctx.db, clientId))?.key ?? '', { userId: await userIdOf(server, 'lin') }, await userIdOf(server, 'ada'))
})
afterAll(() => server.close())

function addressOf(path: string): string {
  const id = path.startsWith('/dashboard/apis') ? 'calendar' : clientId
  return path.replace(':id', id).replace(':scope', 'write').replace(':reference', reference)
}

/** The name of the form that an address takes, as its page has it. */
function formOf(address: string): string {
  const [, , kind = '', id = '', page = '', more = ''] = address.split('/')
  if (kind === 'apis') return page === 'settings' ? `api/${id}` : `scope/${id}/${more}`
  if (kind === 'offers') return `offer/${id}`
  if (kind.startsWith('team')) return 'team/ntu'
  return kind === 'diagnosis' ? `diagnosis/${id}` : `${page}/${id}`
}

/** A token for a form as our own page would give it to this person in this browser, whether or not they can open that page. */
async function tokenOf(username: string, address: string): Promise<string> {
  const userId = await userIdOf(server, username)
  const { rows } = await sql<{ browser_id: string }>`select browser_id from sessions where user_id = ${userId} order by auth_time desc limit 1`.execute(server.ctx.db)
  return formToken(server.ctx, `dashboard/${formOf(address)}/${rows[0]?.browser_id}/${userId}`)
}

function send(browser: Browser, address: string, csrf: string, act = 'save'): Promise<Page> {
  return browser.open(address, { method: 'POST', body: new URLSearchParams({ csrf, act, name: 'Ours', to: 'kai', login: 'kai', role: 'admin', count: '1', a0: 'https://evil.example.org/cb' }), headers: { 'content-type': 'application/x-www-form-urlencoded' } })
}

async function state(): Promise<string> {
  const { rows } = await sql<{ all: string }>`select (select json_agg(c order by client_id) from clients c)::text || (select json_agg(a order by api_id) from apis a)::text || (select json_agg(s.secret_id order by secret_id) from client_secrets s)::text || (select json_agg(t) from client_transfers t)::text || (select json_agg(m order by user_id) from organization_members m)::text as all`.execute(server.ctx.db)
  return rows[0]?.all ?? ''
}

describe('what belongs to others', () => {
  test('is not there at any address, however good the form', async () => {
    const before = await state()
    expect(routes.length).toBeGreaterThan(30)
    for (const { method, path } of routes) {
      const address = addressOf(path)
      const reply = method === 'POST' ? await send(kai, address, await tokenOf('kai', address)) : await kai.open(address)
      expect([method, path, reply.status, pageName(reply)]).toEqual([method, path, 404, 'error'])
      expect(reply.html).not.toContain('Ours')
    }
    expect(await state()).toBe(before)
  })

  test('is seen by a member, and changed by none of their forms', async () => {
    const before = await state()
    for (const { path } of routes.filter(({ method }) => method === 'POST')) {
      // What is offered to lin is lin's to take; the settings without a secret are read.
      if (path.startsWith('/dashboard/offers') || path.endsWith('/env')) continue
      const address = addressOf(path)
      const reply = await send(lin, address, await tokenOf('lin', address))
      // Members do not read why requests were refused.
      expect([path, reply.status]).toEqual([path, path.includes('/diagnosis/') ? 404 : 403])
    }
    expect(await state()).toBe(before)
  })
})

describe('what is for administrators', () => {
  const TEAM = '/dashboard/team?owner=org%3Antu'

  test.each(['member', 'developer'] as const)('is not for a %s: neither who works here nor whose an application is', async (role) => {
    await giveRole(server, 'lin', 'ntu', role)
    const before = await state()
    for (const act of ['add', 'change', 'remove']) expect([act, (await send(lin, TEAM, await tokenOf('lin', TEAM), act)).status]).toEqual([act, 403])
    const transfer = addressOf('/dashboard/clients/:id/transfer')
    for (const act of ['offer', 'end']) expect([act, (await send(lin, transfer, await tokenOf('lin', transfer), act)).status]).toEqual([act, 403])
    expect(await state()).toBe(before)
    await giveRole(server, 'lin', 'ntu', 'member')
  })
})

describe('a form', () => {
  test('that is not ours changes nothing, at any address', async () => {
    const before = await state()
    for (const { path } of routes.filter(({ method }) => method === 'POST')) {
      const address = addressOf(path)
      const browser = path.startsWith('/dashboard/offers') ? lin : ada
      const other = await tokenOf('ada', '/dashboard/clients/another/look')
      for (const csrf of ['', 'x', other]) expect([path, (await send(browser, address, csrf)).status]).toEqual([path, 403])
    }
    for (const address of ['/dashboard/register', '/dashboard/team?owner=org%3Antu', '/dashboard/requests?owner=org%3Antu', '/dashboard/apis/new?owner=org%3Antu', '/dashboard/try/token']) expect([address, (await send(ada, address, 'x')).status]).toEqual([address, 403])
    expect(await state()).toBe(before)
  })
})

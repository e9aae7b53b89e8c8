import { fastify } from 'fastify'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { registerAdmin } from '../../src/admin/routes.ts'
import { formToken } from '../../src/http/csrf.ts'
import { removeOperator } from '../../src/organizations/operators.ts'
import { codeNow, enterCode, giveApp, userIdOf } from '../factors/person.ts'
import { linkOf, signIn } from '../journeys/person.ts'
import { openAccount, viewName } from '../support/account.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { type Browser, newBrowser, pageName } from '../support/browser.ts'
import { atWork, doneBy } from './operator.ts'

// Who comes in at the operators' pages, and who may change something there.

let server: TestServer
let routes: readonly { readonly method: string; readonly path: string }[]
const ids: Record<string, string> = {}

beforeAll(async () => {
  server = await startTestServer()
  const found: { method: string; path: string }[] = []
  const app = fastify()
  app.addHook('onRoute', ({ method, url }) => void found.push({ method: String(method), path: url }))
  await registerAdmin(app, server.ctx, 'test')
  await app.ready()
  await app.close()
  routes = found.filter(({ method }) => method !== 'HEAD')
  Object.assign(ids, { providers: 'lunmal', users: await userIdOf(server, 'kai'), organizations: 'ntu', clients: 'planner', apis: 'calendar', consents: '019c0000-0000-7000-8000-000000000000' })
})
afterAll(() => server.close())

function addressOf(path: string): string {
  const kind = path.split('/')[2] ?? ''
  return path.replace(':id', ids[kind] ?? '')
}

function send(browser: Browser, path: string, fields: Readonly<Record<string, string>> = {}, headers: Readonly<Record<string, string>> = {}) {
  return browser.open(path, { method: 'POST', body: new URLSearchParams(fields), headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers } })
}

describe('the routes', () => {
  test('are these: a new one is looked at here', () => {
    expect(routes.map(({ method, path }) => `${method} ${path}`).sort()).toEqual([
      'GET /admin', 'GET /admin/apis', 'GET /admin/apis/:id', 'GET /admin/audit', 'GET /admin/audit/export', 'GET /admin/clients', 'GET /admin/clients/:id', 'GET /admin/clients/:id/disable', 'GET /admin/clients/:id/enable',
      'GET /admin/consents/:id/withdraw', 'GET /admin/keys', 'GET /admin/keys/rotate', 'GET /admin/keys/rotate-saml', 'GET /admin/organizations', 'GET /admin/organizations/:id', 'GET /admin/providers', 'GET /admin/providers/:id', 'GET /admin/providers/:id/switch-off', 'GET /admin/providers/:id/switch-on', 'GET /admin/providers/:id/try-connection',
      'GET /admin/users', 'GET /admin/users/:id', 'GET /admin/users/:id/end-sessions', 'GET /admin/users/:id/lock', 'GET /admin/users/:id/remove-factors', 'GET /admin/users/:id/send-reset', 'GET /admin/users/:id/unlock',
      'POST /admin/clients/:id/disable', 'POST /admin/clients/:id/enable', 'POST /admin/consents/:id/withdraw', 'POST /admin/keys/rotate', 'POST /admin/keys/rotate-saml', 'POST /admin/providers/:id/switch-off', 'POST /admin/providers/:id/switch-on', 'POST /admin/providers/:id/try-connection',
      'POST /admin/users/:id/end-sessions', 'POST /admin/users/:id/lock', 'POST /admin/users/:id/remove-factors', 'POST /admin/users/:id/send-reset', 'POST /admin/users/:id/unlock',
    ])
  })

  test('lead a stranger to the sign-in, and whoever is no operator nowhere', async () => {
    const stranger = newBrowser(server.issuer)
    expect(pageName(await stranger.open('/admin'))).toBe('discovery')
    const lin = newBrowser(server.issuer)
    await openAccount(lin, '/account', 'lin')
    for (const { method, path } of routes) {
      const address = addressOf(path)
      const reply = method === 'POST' ? await send(lin, address) : await lin.open(address)
      expect([method, address, reply.status, pageName(reply)]).toEqual([method, address, 404, 'error'])
      expect(reply.html).not.toContain('Kai Example')
    }
    expect((await lin.open('/admin/users')).html.replaceAll(/[0-9A-Z]{4}-[0-9A-Z]{4}|\d\d:\d\d|datetime="[^"]*"/g, '')).toBe((await lin.open('/admin/nothing')).html.replaceAll(/[0-9A-Z]{4}-[0-9A-Z]{4}|\d\d:\d\d|datetime="[^"]*"/g, '').replaceAll('/admin/nothing', '/admin/users').replaceAll('%2Fadmin%2Fnothing', '%2Fadmin%2Fusers'))
  })

  test('are closed at the next request to whoever is an operator no more', async () => {
    const lin = await atWork(server, 'lin')
    expect((await lin.open('/admin/users')).status).toBe(200)
    await removeOperator(server.ctx.db, await userIdOf(server, 'lin'))
    expect((await lin.open('/admin/users')).status).toBe(404)
  })

  test('answer an operator, and show no secret', async () => {
    const ada = await atWork(server)
    for (const { method, path } of routes.filter((route) => route.method === 'GET')) {
      const reply = await ada.open(addressOf(path))
      // Nobody has given that consent, and no mail is sent here.
      expect([method, path, reply.status]).toEqual([method, path, /consents|send-reset/.test(path) ? 404 : 200])
      expect(reply.html).not.toMatch(/\$argon2|"d":|PRIVATE KEY|sealed/)
    }
    for (const nothing of ['/admin/users/x', '/admin/users/019c0000-0000-7000-8000-000000000000', '/admin/providers/x', '/admin/organizations/x', '/admin/clients/x', '/admin/clients/portner-account', '/admin/apis/x', '/admin/clients/x/disable', "/admin/users/'%20or%20true--"]) expect([nothing, (await ada.open(nothing)).status]).toEqual([nothing, 404])
  })
})

describe('a change', () => {
  test('needs a form of ours, of this operator and for this very thing', async () => {
    const ada = await atWork(server)
    const path = `/admin/users/${ids['users']}/lock`
    const csrf = /name="csrf" value="([^"]+)"/.exec((await ada.open(path)).html)?.[1] ?? ''
    const other = /name="csrf" value="([^"]+)"/.exec((await ada.open(`/admin/users/${await userIdOf(server, 'lin')}/lock`)).html)?.[1] ?? ''
    const strangers = formToken(server.ctx, `admin/${path}/019c0000-0000-7000-8000-000000000000/${await userIdOf(server, 'ada')}`)
    for (const reply of [await send(ada, path), await send(ada, path, { csrf: other }), await send(ada, path, { csrf: strangers }), await send(ada, path, { csrf }, { origin: 'https://evil.example' }), await send(ada, path, { csrf }, { 'sec-fetch-site': 'cross-site' })]) expect([reply.status, pageName(reply)]).toEqual([403, 'error'])
    for (const { path: route } of routes.filter(({ method, path: one }) => method === 'POST' && !/consents|send-reset/.test(one))) expect([route, (await send(ada, addressOf(route))).status]).toEqual([route, 403])
    expect(await doneBy(server, await userIdOf(server, 'ada'))).toEqual([])
  })

  test('asks for a sign-in of the last ten minutes, says why, and comes back; looking does not', async () => {
    const ada = await atWork(server)
    const path = `/admin/users/${ids['users']}/end-sessions`
    const question = await ada.open(path)
    await server.advance(601)
    expect((await ada.open('/admin/users')).status).toBe(200)
    const late = await ada.submit(question, 'csrf', {})
    expect([late.status, viewName(late)]).toEqual([401, 'account-again'])
    expect(late.html).toContain('changes something for others')
    const back = await signIn(ada, await ada.open(linkOf(late, 'sign-in-again')), 'ada')
    expect([viewName(back), new URL(back.url).pathname]).toEqual(['admin-confirm', path])
    expect(await doneBy(server, await userIdOf(server, 'ada'))).toEqual([])
    await ada.submit(back, 'csrf', {})
    expect(await doneBy(server, await userIdOf(server, 'ada'))).toMatchObject([{ event: 'session.ended' }])
  })

  test('asks for the second factor of whoever has one', async () => {
    const lin = await atWork(server, 'lin')
    await giveApp(server, 'lin')
    await server.advance(120)
    const path = `/admin/users/${ids['users']}/lock`
    expect((await lin.open(`/admin/users/${ids['users']}`)).status).toBe(200)
    const again = await lin.open(path)
    expect(viewName(again)).toBe('account-again')
    const factor = await lin.open(linkOf(again, 'sign-in-again'))
    expect(pageName(factor)).toBe('factor')
    const back = await enterCode(lin, factor, codeNow(server))
    expect([viewName(back), new URL(back.url).pathname]).toEqual(['admin-confirm', path])
    await removeOperator(server.ctx.db, await userIdOf(server, 'lin'))
  })
})

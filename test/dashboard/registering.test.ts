import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openAccount, textById, viewName } from '../support/account.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { forms, newBrowser, pageName } from '../support/browser.ts'
import { answerOf, authorizationUrl, basic, newPkce, walk } from '../support/relying-party.ts'
import { atDesk, faultAt, giveRole, register } from './developer.ts'

// From an empty dashboard to an application that signs people in (product.md R1, M6.1; pages.md P-01).

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
  await giveRole(server, 'ada', 'ntu', 'developer')
  await giveRole(server, 'lin', 'ntu', 'member')
})
afterAll(() => server.close())

describe('a new developer', () => {
  test('signs in as at any client, sees an empty list, answers four questions and has an id and a secret that work', async () => {
    const browser = newBrowser(server.issuer)
    expect(pageName(await browser.open('/dashboard'))).toBe('discovery')
    const empty = await openAccount(browser, '/dashboard', 'kai')
    expect([viewName(empty), textById(empty, 'empty')]).toEqual(['dashboard-clients', expect.stringContaining('no applications here yet')])
    expect(empty.html).toContain('You act for yourself')
    const form = await browser.open('/dashboard/register?owner=me')
    expect(Object.keys(forms(form).find(({ action }) => action === '/dashboard/register')?.fields ?? {})).toEqual(['csrf', 'client', 'name', 'kind', 'address'])
    const { page, clientId, secret } = await register(browser)
    expect([page.status, viewName(page), clientId, secret]).toEqual([200, 'dashboard-secret', expect.stringMatching(UUID), expect.stringMatching(/^ptr_cs_/)])
    expect(page.headers.get('cache-control')).toBe('no-store')
    expect(textById(page, 'discovery')).toBe(`${server.issuer}/.well-known/openid-configuration`)

  })
})

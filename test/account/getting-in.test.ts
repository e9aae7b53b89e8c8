import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openAccount, viewName } from '../support/account.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { newBrowser, pageName } from '../support/browser.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

describe('getting in', () => {
  test('whoever is signed in nowhere signs in at the usual doors and comes back to the page', async () => {
    const browser = newBrowser(server.issuer)
    const discovery = await browser.open('/account')
    expect(pageName(discovery)).toBe('discovery')
    const page = await openAccount(browser)
    expect([page.status, pageName(page), viewName(page)]).toEqual([200, 'account', 'account-overview'])
    expect(page.html).toContain('Ada Example')
  })
})

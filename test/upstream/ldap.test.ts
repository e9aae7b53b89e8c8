import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../support/app.ts'
import { type Browser, newBrowser, type Page, pageName } from '../support/browser.ts'
import { authorizationUrl, newPkce, type Parameters, providerLink } from '../support/relying-party.ts'
import { type Directory, ldapYaml, startDirectory, withoutSlapd } from '../support/upstream-ldap.ts'
import { claimsOf } from './journey.ts'

const SCOPE = 'openid profile email phone groups userid'
const GRACE = 'grace has a password'

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

async function toLogin(providerId: string, browser: Browser = newBrowser(server.issuer), changes: Parameters = {}) {
  const pkce = newPkce()
  let page = await browser.open(authorizationUrl(server.issuer, pkce, { scope: SCOPE, ...changes }))
  if (pageName(page) === 'chooser') page = await browser.open(`${new URL(page.url).pathname.replace(/\/[^/]*$/, '')}/other`)
  page = await browser.open(providerLink(page, providerId) || `${new URL(page.url).pathname.replace(/[^/]*$/, 'login')}?provider=${providerId}`)
  expect(pageName(page)).toBe('login')
  return { browser, pkce, page, departure: new URL(server.issuer) }
}

async function signIn(providerId: string, username: string, password: string): Promise<Page> {
  const { browser, page } = await toLogin(providerId)
  return browser.submit(page, 'username', { username, password })
}

async function claimsAt(providerId: string, username: string, password: string): Promise<Record<string, unknown>> {
  const way = await toLogin(providerId)
  return claimsOf(server, await way.browser.submit(way.page, 'username', { username, password }), way)
}

describe.skipIf(withoutSlapd !== false)(`a person of a directory${withoutSlapd === false ? '' : ` (skipped: ${withoutSlapd})`}`, () => {
  test('signs in with name and password, and is who the directory says', async () => {
    expect(await claimsAt('dir', 'grace', GRACE)).toMatchObject({ name: 'Grace H.', given_name: 'Grace', family_name: 'Hopper', email: 'grace@ldap.example', email_verified: false, amr: ['pwd'] })
  })

  test('is not signed in with a wrong password', async () => {
    const page = await signIn('dir', 'grace', 'guess')
    expect([page.status, pageName(page)]).toEqual([401, 'login'])
  })
})

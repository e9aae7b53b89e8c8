import { expect } from 'vitest'
import type { TestServer } from '../support/app.ts'
import { type Browser, newBrowser, type Page, pageName } from '../support/browser.ts'
import { authorizationUrl, newPkce, type Parameters, type Pkce, providerLink } from '../support/relying-party.ts'
import { claimsOf } from './journey.ts'

// The way of a person who types name and password here and is vouched for by a directory.

export const SCOPE = 'openid profile email phone groups userid'

export interface AtLogin {
  readonly browser: Browser
  readonly pkce: Pkce
  readonly page: Page
  readonly departure: URL
}

/** From the client to the login page of a provider. */
export async function toLogin(server: TestServer, providerId: string, browser: Browser = newBrowser(server.issuer), changes: Parameters = {}): Promise<AtLogin> {
  const pkce = newPkce()
  let page = await browser.open(authorizationUrl(server.issuer, pkce, { scope: SCOPE, ...changes }))
  if (pageName(page) === 'chooser') page = await browser.open(`${new URL(page.url).pathname.replace(/\/[^/]*$/, '')}/other`)
  page = await browser.open(providerLink(page, providerId) || `${new URL(page.url).pathname.replace(/[^/]*$/, 'login')}?provider=${providerId}`)
  expect(pageName(page)).toBe('login')
  return { browser, pkce, page, departure: new URL(server.issuer) }
}

/** What a browser that never was here sees after it sent name and password. */
export async function signIn(server: TestServer, providerId: string, username: string, password: string): Promise<Page> {
  const { browser, page } = await toLogin(server, providerId)
  return browser.submit(page, 'username', { username, password })
}

/** What the client learns of whoever signs in so. */
export async function claimsAt(server: TestServer, providerId: string, username: string, password: string): Promise<Record<string, unknown>> {
  const way = await toLogin(server, providerId)
  return claimsOf(server, await way.browser.submit(way.page, 'username', { username, password }), way)
}

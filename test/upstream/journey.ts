import { expect } from 'vitest'
import { type Browser, newBrowser, type Page, pageName } from '../support/browser.ts'
import { answerOf, authorizationUrl, basic, newPkce, type Parameters, type Pkce, post, providerLink } from '../support/relying-party.ts'
import type { TestServer } from '../support/app.ts'
import type { UpstreamProvider } from '../support/upstream-oidc.ts'

// A person's way through an upstream provider, in steps that a story can stop at.

export interface Away {
  readonly browser: Browser
  readonly pkce: Pkce
  /** Where the browser was sent: an address of the provider. */
  readonly departure: URL
}

/** From the client to the provider, through discovery. */
export async function leaveFor(server: TestServer, providerId: string, changes: Parameters = {}, browser: Browser = newBrowser(server.issuer)): Promise<Away> {
  const pkce = newPkce()
  let page = await browser.open(authorizationUrl(server.issuer, pkce, changes))
  if (pageName(page) === 'chooser') page = await browser.open(`${new URL(page.url).pathname.replace(/\/[^/]*$/, '')}/other`)
  // Discovery shows ten: the others are searched for, and lead to the same address.
  if (pageName(page) === 'discovery') page = await browser.open(providerLink(page, providerId) || `${new URL(page.url).pathname.replace(/[^/]*$/, 'login')}?provider=${providerId}`)
  expect(page.status, page.html.slice(0, 500)).toBe(0)
  return { browser, pkce, departure: new URL(page.url) }
}

/** The provider's answer comes back. */
export async function returnFrom(upstream: UpstreamProvider, { browser, departure }: Away): Promise<Page> {
  return browser.open(await upstream.visit(departure.href))
}

/** What the client learns of the person in the end. */
export async function claimsOf(server: TestServer, page: Page, { browser, pkce }: Away, client = 'planner', redirectUri = 'https://planner.example.org/callback'): Promise<Record<string, unknown>> {
  const last = pageName(page) === 'consent' ? await browser.submit(page, 'decision', { decision: 'allow', ...(page.html.includes('value="groups"') ? { optional_scope: ['groups'] } : {}) }) : page
  const code = answerOf(last).get('code')
  expect(code, last.url).not.toBeNull()
  const answer = await post(server.issuer, '/oauth/token', { grant_type: 'authorization_code', code: code ?? '', redirect_uri: redirectUri, code_verifier: pkce.verifier }, { authorization: basic(client) })
  const idToken = JSON.parse(Buffer.from(String(answer.body['id_token']).split('.')[1] ?? '', 'base64url').toString('utf8')) as Record<string, unknown>
  const userinfo = (await (await fetch(`${server.issuer}/userinfo`, { headers: { authorization: `Bearer ${String(answer.body['access_token'])}` } })).json()) as Record<string, unknown>
  return { ...userinfo, ...idToken }
}

/** Nobody is signed in in this browser: a silent request says so. */
export async function expectNobody(server: TestServer, browser: Browser): Promise<void> {
  const answer = answerOf(await browser.open(authorizationUrl(server.issuer, newPkce(), { prompt: 'none' })))
  expect(answer.get('error')).toBe('login_required')
}

import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { TestServer } from '../support/app.ts'
import { type Browser, newBrowser } from '../support/browser.ts'
import { get } from '../support/relying-party.ts'
import { type Party, registerParty, signIn, startProvider } from './party.ts'

// The session management plan. What the frame answers to a page is seen in a real browser (test/subjects); here is what it answers from.

const BACK = 'https://rp.example.org/signed-out'
let server: TestServer
let party: Party
beforeAll(async () => {
  server = await startProvider()
  party = await registerParty({ server, responseType: 'code' }, { post_logout_redirect_uris: [BACK] })
})
afterAll(() => server.close())

test('oidcc-session-management-discovery-endpoint-verification', async () => {
  const { body } = await get(server.issuer, '/.well-known/openid-configuration')
  for (const name of ['check_session_iframe', 'end_session_endpoint']) expect((await fetch(String(body[name]))).status).toBe(200)
})

/** What a frame of the server finds out from the browser's cookie (Session Management §3.2). */
function isUnchanged(browser: Browser, sessionState: string): boolean {
  const [hash, salt] = sessionState.split('.')
  const { origin } = new URL(party.redirectUri)
  return createHash('sha256').update([party.clientId, origin, browser.cookies.get('portner_login_state'), salt].join(' ')).digest('base64url') === hash
}

test('oidcc-session-management-rp-initiated-logout', async () => {
  const browser = newBrowser(server.issuer)
  const { answer, idToken } = await signIn(party, {}, { browser })
  const sessionState = answer.get('session_state') ?? ''
  expect(sessionState).toMatch(/^[\x21-\x7E]+$/)
  expect(isUnchanged(browser, sessionState)).toBe(true)
  const again = (await signIn(party, { prompt: 'none' }, { browser })).answer.get('session_state') ?? ''
  expect([again === sessionState, isUnchanged(browser, again)]).toEqual([false, true])
  const page = await browser.open(`${server.issuer}/oauth/logout?${new URLSearchParams({ id_token_hint: idToken, post_logout_redirect_uri: BACK, state: 'bye' })}`)
  expect(page.url).toBe(`${BACK}?state=bye`)
  expect([isUnchanged(browser, sessionState), isUnchanged(browser, again)]).toEqual([false, false])
})

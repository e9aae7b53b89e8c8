import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../support/app.ts'
import { newBrowser } from '../support/browser.ts'
import { answerOf, authorizationUrl, basic, get, newPkce, post, redeem, refresh, walk } from '../support/relying-party.ts'
import { SECRET } from '../support/world.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer({ env: { LOG_LEVEL: 'trace' } })
})
afterAll(() => server.close())

test('no secret, code, token, password, state or query comes into the log, whatever happens', async () => {
  const { issuer } = server
  const state = 'a-state-that-must-not-be-logged'
  const [browser, pkce] = [newBrowser(issuer), newPkce()]
  const login = await browser.open(authorizationUrl(issuer, pkce, { state, nonce: 'a-nonce-not-to-be-logged', login_hint: 'hint-of-ada' }))
  const arrived = await walk(browser, login)
  const code = answerOf(arrived).get('code') ?? ''
  const tokens = await redeem(issuer, { code, pkce })
  const refreshed = await refresh(issuer, tokens.body['refresh_token'])
  await get(issuer, '/userinfo?access_token=token-in-a-query', { authorization: `Bearer ${refreshed.body['access_token']}` })
  await redeem(issuer, { code, pkce })
  await post(issuer, '/oauth/token', { grant_type: 'client_credentials' }, { authorization: basic('robot', 'a-wrong-secret-not-to-be-logged') })
  await post(issuer, '/oauth/introspection', { token: String(tokens.body['id_token']) }, { authorization: basic('planner') })
  await browser.open(`${issuer}/oauth/logout?id_token_hint=${tokens.body['id_token']}`)
  await browser.open(authorizationUrl(issuer, pkce, { redirect_uri: 'https://evil.example/not-to-be-logged', state }))

  const logged = server.logged()
  expect(logged.length).toBeGreaterThan(2000)
  const cookies = [...browser.cookies.values()]
  const secrets = [state, 'a-nonce-not-to-be-logged', 'hint-of-ada', code, pkce.verifier, SECRET, 'ada has a password', 'a-wrong-secret-not-to-be-logged', 'token-in-a-query', 'not-to-be-logged', ...cookies, ...[tokens, refreshed].flatMap(({ body }) => [body['access_token'], body['refresh_token'], body['id_token']])]
  for (const secret of secrets) expect(logged.includes(String(secret)), `${String(secret).slice(0, 12)}… is in the log`).toBe(false)
})

import { createServer, type Server } from 'node:http'
import * as client from 'openid-client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../support/app.ts'
import { newBrowser } from '../support/browser.ts'
import { obtainCode, walk } from '../support/relying-party.ts'
import { CALLBACK, SECRET } from '../support/world.ts'

// A sign-in that somebody else starts (OpenID Connect Core §4): our account pages lead to the application, and it comes back with a request.

let server: TestServer
let application: Server
let origin: string
beforeAll(async () => {
  server = await startTestServer({ env: { PORTNER_REGISTRATION: 'open' } })
  application = createServer((request, response) => {
    void start(new URL(request.url ?? '/', origin)).then(
      (location) => response.writeHead(302, { location }).end(),
      () => response.writeHead(400).end(),
    )
  })
  await new Promise<void>((resolve) => application.listen(0, '127.0.0.1', resolve))
  const address = application.address()
  origin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
  await server.apply(`kind: client\nclient_id: planner\nclient_secret: { value: ${SECRET} }\nclient_name: Course Planner\nredirect_uris: [${CALLBACK}]\ninitiate_login_uri: ${origin}/start?from=portner\nscope: openid profile\n`)
})
afterAll(async () => {
  await server.close()
  await new Promise((resolve) => application.close(resolve))
})

/** The application: it starts a sign-in at an issuer that it knows, and at no other. */
async function start(url: URL): Promise<string> {
  if (url.pathname !== '/start' || url.searchParams.get('from') !== 'portner' || url.searchParams.get('iss') !== server.issuer) throw new Error('not ours')
  const config = await client.discovery(new URL(server.issuer), 'planner', SECRET, undefined, { execute: [client.allowInsecureRequests] })
  return client.buildAuthorizationUrl(config, { redirect_uri: CALLBACK, scope: 'openid profile', code_challenge: await client.calculatePKCECodeChallenge(client.randomPKCECodeVerifier()), code_challenge_method: 'S256' }).href
}

test('from the account pages a person goes to the application and is signed in there', async () => {
  const browser = newBrowser(server.issuer)
  await obtainCode(server.issuer, browser)
  const page = await walk(browser, await browser.open('/account/applications'))
  const href = /<a href="([^"]*\/start[^"]*)"/.exec(page.html)?.[1]?.replaceAll('&amp;', '&') ?? ''
  expect(new URL(href).searchParams.get('iss')).toBe(server.issuer)
  const sent = await fetch(href, { redirect: 'manual' })
  expect(sent.status).toBe(302)
  const arrived = new URL((await walk(browser, await browser.open(sent.headers.get('location') ?? ''))).url)
  expect(arrived.href.startsWith(CALLBACK)).toBe(true)
  expect(arrived.searchParams.get('code')).toMatch(/^ptr_ac_/)
})

test('a client says at registration where it starts, only encrypted, and is told again', async () => {
  const register = (initiate_login_uri: string) => fetch(`${server.issuer}/oauth/registration`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ redirect_uris: ['https://new.example.org/cb'], initiate_login_uri }) })
  const refused = await register('http://new.example.org/start')
  expect({ status: refused.status, body: await refused.json() }).toMatchObject({ status: 400, body: { error: 'invalid_client_metadata' } })
  const taken = await register('https://new.example.org/start')
  const body = (await taken.json()) as Record<string, string>
  expect({ status: taken.status, body }).toMatchObject({ status: 201, body: { initiate_login_uri: 'https://new.example.org/start' } })
  const again = await fetch(body['registration_client_uri'] ?? '', { headers: { authorization: `Bearer ${body['registration_access_token']}` } })
  expect({ status: again.status, body: await again.json() }).toMatchObject({ status: 200, body: { initiate_login_uri: 'https://new.example.org/start' } })
})

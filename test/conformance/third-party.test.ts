import { afterAll, beforeAll, expect, test } from 'vitest'
import type { TestServer } from '../support/app.ts'
import { get } from '../support/relying-party.ts'
import { checkTokenError } from './checks.ts'
import { register, startProvider } from './party.ts'

// The plan for logins that a third party starts: where a client wants to be sent for that.

const REDIRECTS = ['https://start.example.org/callback']
let server: TestServer
beforeAll(async () => {
  server = await startProvider()
})
afterAll(() => server.close())

test('oidcc-3rd_party-init-login', async () => {
  const initiate_login_uri = 'https://start.example.org/login?from=us'
  const { status, body } = await register(server, { redirect_uris: REDIRECTS, initiate_login_uri })
  expect([status, body['initiate_login_uri']]).toEqual([201, initiate_login_uri])
  const kept = await get(server.issuer, new URL(String(body['registration_client_uri'])).pathname, { authorization: `Bearer ${body['registration_access_token']}` })
  expect([kept.status, kept.headers.get('content-type'), kept.body['initiate_login_uri']]).toEqual([200, expect.stringMatching(/^application\/json/), initiate_login_uri])
})

test('oidcc-3rd_party-init-login-nohttps', async () => {
  checkTokenError(await register(server, { redirect_uris: REDIRECTS, initiate_login_uri: 'http://start.example.org/login' }), 'invalid_client_metadata')
})

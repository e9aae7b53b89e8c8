import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../support/app.ts'
import { basic, get, type JsonAnswer, type Parameters, post } from '../support/relying-party.ts'
import { SECRET } from '../support/world.ts'

// Dataporten's page on the client credentials flow: a system gets a token for APIs, without a person.

const CLIENT = '4cc40647-0d56-4de2-9f8f-975ff1ca55a8'
const SECRET_OF_CLIENT = 'b54cbb37-1a75-41bc-8471-c44045d6b0e2'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
  const api = (id: string, more = ''): string => `kind: api\napi_id: ${id}\nname: The API ${id}\naudience: https://${id}.example.org\norganization: ntu\n${more}`
  await server.apply(`
${api('kdto99', 'scopes:\n  write: { title: Write }')}
---
${api('tokenissuer')}
---
kind: client
client_id: ${CLIENT}
client_secret: { value: ${SECRET_OF_CLIENT} }
client_name: A system
redirect_uris: [https://system.example.org/callback]
grant_types: [authorization_code, client_credentials]
scope: profile email gk_kdto99 gk_kdto99_write gk_tokenissuer
---
kind: client
client_id: the-api
client_secret: { value: ${SECRET} }
client_name: The API that is called
application_type: service
organization: ntu
scope: gk_kdto99
`)
})
afterAll(() => server.close())

function ask(parameters: Parameters = {}): Promise<JsonAnswer> {
  return post(server.issuer, '/oauth/token', { grant_type: 'client_credentials', ...parameters }, { authorization: basic(CLIENT, SECRET_OF_CLIENT) })
}

test('a form post with id and secret brings a token without a person', async () => {
  const { status, body } = await ask({ scope: 'gk_kdto99 gk_tokenissuer' })
  expect(status).toBe(200)
  expect(body).toEqual({ access_token: expect.stringMatching(/^ptr_at_/), token_type: 'Bearer', expires_in: 3600, scope: 'gk_kdto99 gk_tokenissuer' })
})

test('the GET that the page speaks of is refused: a secret in an address is in every log', async () => {
  const answer = await fetch(`${server.issuer}/oauth/token?grant_type=client_credentials`, { headers: { authorization: basic(CLIENT, SECRET_OF_CLIENT) } })
  expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST'])
  const query = await post(server.issuer, '/oauth/token?grant_type=client_credentials', {}, { authorization: basic(CLIENT, SECRET_OF_CLIENT) })
  expect(query).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
})

test('without a scope the token is for the APIs: what is about people means nothing', async () => {
  expect((await ask()).body['scope']).toBe('gk_kdto99 gk_kdto99_write gk_tokenissuer')
})

test('no userinfo with it, even with the profile and email scopes', async () => {
  const { body } = await ask({ scope: 'profile email gk_kdto99' })
  const refused = await get(server.issuer, '/userinfo', { authorization: `Bearer ${String(body['access_token'])}` })
  expect(refused).toMatchObject({ status: 403, body: { error: 'insufficient_scope' } })
})

describe('a part of an API', () => {
  test('without the API is dropped; alone it is no scope', async () => {
    expect((await ask({ scope: 'gk_kdto99_write gk_tokenissuer' })).body['scope']).toBe('gk_tokenissuer')
    expect(await ask({ scope: 'gk_kdto99_write' })).toMatchObject({ status: 400, body: { error: 'invalid_scope' } })
    expect((await ask({ scope: 'gk_kdto99_write gk_kdto99' })).body['scope']).toBe('gk_kdto99_write gk_kdto99')
  })

  test('is dropped from what a person is asked, too', async () => {
    const answer = async (scope: string): Promise<Response> =>
      fetch(`${server.issuer}/oauth/authorization?${new URLSearchParams({ client_id: CLIENT, response_type: 'code', redirect_uri: 'https://system.example.org/callback', scope, code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM', code_challenge_method: 'S256', state: 's' })}`, { redirect: 'manual' })
    expect((await answer('gk_kdto99_write')).headers.get('location')).toContain('error=invalid_scope')
    expect((await answer('profile gk_kdto99_write')).headers.get('location')).toContain('/signin/')
  })
})

test('the API can tell a system from a person', async () => {
  const { body } = await ask({ scope: 'gk_kdto99' })
  const told = await post(server.issuer, '/oauth/introspection', { token: String(body['access_token']) }, { authorization: basic('the-api') })
  expect(told.body).toMatchObject({ active: true, subject_type: 'client', sub: `client:${CLIENT}`, client_id: CLIENT, scope: 'gk_kdto99' })
})

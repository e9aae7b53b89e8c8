import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../support/app.ts'

// What an application that registers itself may not be called.

// Nobody's institution here: they are known as places to sign in at only.
const PROVIDERS = `
kind: provider
provider_id: far
protocol: oidc
issuer: https://far.example
client_id: x
name: { en: Far Away Institute, fi: Kaukainen opisto, sv: Avlägsna Högskolan }
---
kind: provider
provider_id: hidden
protocol: oidc
issuer: https://hidden.example
client_id: x
hidden: true
name: { en: The Hidden College, nb: Øy }
`

let server: TestServer
beforeAll(async () => {
  server = await startTestServer({ env: { PORTNER_REGISTRATION: 'open', PORTNER_SERVICE_NAME: 'Campus Login' } })
  await server.apply(PROVIDERS)
})
afterAll(() => server.close())

async function send(path: string, method: string, body: object, token?: string): Promise<{ readonly status: number; readonly body: Record<string, unknown> }> {
  const response = await fetch(path, { method, body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) } })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

const register = (names: object) => send(`${server.issuer}/oauth/registration`, 'POST', { redirect_uris: ['https://app.example.org/callback'], ...names })

test.each([
  ['the service’s', { client_name: 'Campus Login' }],
  ['the service’s among others', { client_name: 'The new CAMPUS-LOGIN!' }],
  ['an institution’s', { client_name: 'Norges testuniversitet mail' }],
  ['an institution’s without its spaces', { client_name: 'norgesTESTuniversitet' }],
  ['an institution’s with signs that are not seen', { client_name: 'Norges test\u200Buniversitet' }],
  ['an institution’s in wide letters', { client_name: 'Ｎｏｒｇｅｓ testuniversitet' }],
  ['a provider’s', { client_name: 'Far Away Institute' }],
  ['a provider’s in another language, among other words,', { client_name: 'My Kaukainen Opisto app' }],
  ['a provider’s without its accents', { client_name: 'Avlagsna hogskolan' }],
  ['a provider’s without its spaces', { client_name: 'FARAWAYinstitute' }],
  ['a provider’s in one language of the application', { client_name: 'My app', 'client_name#sv': 'Avlägsna Högskolan' }],
  ['a hidden provider’s', { client_name: 'The Hidden College: sign in' }],
  ['an institution’s in another language', { client_name: 'My app', 'client_name#nb': 'Høgskolen i Lunmal' }],
])('%s name is refused, and nothing is registered', async (_whose, names) => {
  expect(await register(names)).toMatchObject({ status: 400, body: { error: 'invalid_client_metadata', error_description: expect.stringContaining('client_name') } })
})

test.each(['Institute Far Away', 'The College', 'Øye', 'Playground'])('%s is nobody’s', async (client_name) => {
  expect((await register({ client_name })).status).toBe(201)
})

test('a name of its own is taken, and cannot become another’s later', async () => {
  const { status, body } = await register({ client_name: 'Campus Planner at the university' })
  expect(status).toBe(201)
  const token = String(body['registration_access_token'])
  const change = await send(String(body['registration_client_uri']), 'PUT', { client_id: body['client_id'], redirect_uris: ['https://app.example.org/callback'], client_name: 'Campus Login' }, token)
  expect(change).toMatchObject({ status: 400, body: { error: 'invalid_client_metadata' } })
})

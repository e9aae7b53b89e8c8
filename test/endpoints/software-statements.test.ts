import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../support/app.ts'
import { newKey, signed } from '../support/strong-client.ts'

// Clients that register themselves with the word of somebody whom the operator trusts (RFC 7591 §2.3).

const [STORE, PEOPLE] = ['https://store.example.org', 'https://sts.ntu.example']
let server: TestServer
let store: Awaited<ReturnType<typeof newKey>>
beforeAll(async () => {
  server = await startTestServer({ env: { PORTNER_REGISTRATION: 'open' } })
  store = await newKey()
  const keys = JSON.stringify({ keys: [store.jwk] })
  await server.apply(`kind: trusted_issuer\nissuer: ${STORE}\naccepts: [software_statements]\njwks: ${keys}\n---\nkind: trusted_issuer\nissuer: ${PEOPLE}\naccepts: [authorization_grants]\njwks: ${keys}\n`)
})
afterAll(() => server.close())

const statement = (claims: Readonly<Record<string, unknown>> = {}, key = store): Promise<string> =>
  signed({ iss: STORE, iat: Math.floor(Date.now() / 1000), client_name: 'Calendar', redirect_uris: ['https://calendar.example.org/cb'], software_id: '4NRB1-0XZABZI9E6-5SM3R', ...claims }, { kid: key.jwk.kid }, key.keys.privateKey)

async function send(method: string, url: string, body: unknown, token?: string): Promise<{ readonly status: number; readonly body: Record<string, unknown> }> {
  const response = await fetch(url, { method, headers: { 'content-type': 'application/json', ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) }, body: body === undefined ? null : JSON.stringify(body) })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

const register = (body: unknown): ReturnType<typeof send> => send('POST', `${server.issuer}/oauth/registration`, body)

test('what the statement says counts before what the client says, in every language', async () => {
  const software_statement = await statement()
  const { status, body } = await register({ software_statement, client_name: 'Bank', 'client_name#nb': 'Banken', redirect_uris: ['https://attacker.example/cb'], tos_uri: 'https://calendar.example.org/tos' })
  expect({ status, body }).toMatchObject({ status: 201, body: { client_name: 'Calendar', redirect_uris: ['https://calendar.example.org/cb'], software_id: '4NRB1-0XZABZI9E6-5SM3R', tos_uri: 'https://calendar.example.org/tos', software_statement } })
  expect(body).not.toHaveProperty('client_name#nb')
  expect(body).not.toHaveProperty('iss')
})

test('it goes on counting when the client changes its registration', async () => {
  const { body } = await register({ software_statement: await statement() })
  const [uri, token, client_id] = [String(body['registration_client_uri']), String(body['registration_access_token']), body['client_id']]
  const changed = await send('PUT', uri, { client_id, redirect_uris: ['https://attacker.example/cb'], client_name: 'Bank' }, token)
  expect(changed).toMatchObject({ status: 200, body: { client_name: 'Calendar', redirect_uris: ['https://calendar.example.org/cb'], software_statement: body['software_statement'] } })
  const newer = await statement({ client_name: 'Calendar 2' })
  expect(await send('PUT', uri, { client_id, software_statement: newer }, token)).toMatchObject({ status: 200, body: { client_name: 'Calendar 2', software_statement: newer } })
  expect(await send('PUT', uri, { client_id, software_statement: await statement({ client_name: 'Bank' }, await newKey()) }, token)).toMatchObject({ status: 400, body: { error: 'invalid_software_statement' } })
})

test('not even a trusted issuer says what only the operator decides', async () => {
  const { body } = await register({ software_statement: await statement({ consent: 'implied', profile: 'legacy', client_id: 'planner', organization: 'ntu' }) })
  const kept = await server.ctx.db.selectFrom('clients').select('document').where('client_id', '=', String(body['client_id'])).executeTakeFirstOrThrow()
  expect(kept.document).toMatchObject({ consent: 'ask', profile: 'oauth21' })
  expect(kept.document).not.toHaveProperty('organization')
})

describe('what is refused', () => {
  test.each([
    ['an issuer that nobody declared', () => statement({ iss: 'https://stranger.example' }), 'unapproved_software_statement'],
    ['an issuer whose word counts for something else', () => statement({ iss: PEOPLE }), 'unapproved_software_statement'],
    ['another key', async () => statement({}, await newKey()), 'invalid_software_statement'],
    ['one that is over', () => statement({ exp: 1_700_000_000 }), 'invalid_software_statement'],
    ['one for another server', () => statement({ aud: 'https://other.example' }), 'invalid_software_statement'],
    ['a text', () => Promise.resolve('calendar'), 'invalid_software_statement'],
    ['a number', () => Promise.resolve(7), 'invalid_software_statement'],
    ['a statement of what cannot be registered', () => statement({ redirect_uris: ['javascript:alert(1)'] }), 'invalid_redirect_uri'],
  ] as const)('%s', async (_name, make, error) => {
    expect(await register({ software_statement: await make(), redirect_uris: ['https://new.example.org/cb'] })).toMatchObject({ status: 400, body: { error } })
  })
})

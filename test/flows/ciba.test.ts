import * as client from 'openid-client'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { freePort, startTestServer, type TestServer } from '../support/app.ts'
import { newBrowser, type Page, pageName } from '../support/browser.ts'
import { basic, get, type JsonAnswer, type Parameters, post, walk } from '../support/relying-party.ts'
import { type Receiver, startReceiver } from '../support/receiver.ts'
import { newKey, registerKeyedClient, signed, type KeyedClient } from '../support/strong-client.ts'
import { SECRET } from '../support/world.ts'

// A client that knows the person asks without a browser (CIBA); the person decides on a page of ours.

const GRANT = 'urn:openid:params:grant-type:ciba'
let server: TestServer
let keyed: KeyedClient
let receiver: Receiver
let pings: { readonly authorization: string | undefined; readonly body: string }[]
let pingStatus = 204
const port = await freePort()

beforeAll(async () => {
  server = await startTestServer({ env: { PORTNER_TEST_FETCH: '1' } })
  const document = (id: string, more = ''): string => `
kind: client
client_id: ${id}
client_secret: { value: ${SECRET} }
client_name: ${id === 'bank' ? 'The Bank' : id}
grant_types: ['${GRANT}', refresh_token]
scope: openid profile offline_access
${more}`
  await server.apply([document('bank'), document('pinged', `backchannel_token_delivery_mode: ping\nbackchannel_client_notification_endpoint: http://127.0.0.1:${port}/ping\n`)].join('\n---'))
  keyed = await registerKeyedClient(server, 'strict', { alg: 'PS256', grantTypes: [GRANT, 'authorization_code'], more: `profile: fapi2` })
  receiver = await startReceiver(port, ({ headers, body }) => {
    pings.push({ authorization: headers.authorization, body })
    return { status: pingStatus, headers: pingStatus === 301 ? { location: `http://127.0.0.1:${port}/elsewhere` } : {}, body: '{}' }
  })
})
afterAll(async () => {
  receiver.close()
  await server.close()
})
beforeEach(() => {
  pings = []
  pingStatus = 204
})

const begin = (changes: Parameters = {}, id = 'bank'): Promise<JsonAnswer> => post(server.issuer, '/oauth/backchannel_authentication', { scope: 'openid profile', login_hint: 'ada@ntu.example', ...changes }, { authorization: basic(id) })
const poll = (id: unknown, as = 'bank'): Promise<JsonAnswer> => post(server.issuer, '/oauth/token', { grant_type: GRANT, auth_req_id: String(id) }, { authorization: basic(as) })

async function waitingId(): Promise<string> {
  const { body } = await get(server.issuer, '/.well-known/openid-configuration')
  expect(body['backchannel_token_delivery_modes_supported']).toEqual(['poll', 'ping'])
  const { rows } = await (await import('kysely')).sql<{ request_id: string }>`select request_id from decoupled_requests where kind = 'ciba' order by created_at desc limit 1`.execute(server.ctx.db)
  return rows[0]?.request_id ?? ''
}

async function toQuestion(username = 'ada'): Promise<{ readonly page: Page; readonly decide: (decision: string) => Promise<Page> }> {
  const browser = newBrowser(server.issuer)
  const page = await walk(browser, await browser.open(`${server.issuer}/approve/${await waitingId()}`), username)
  return { page, decide: (decision) => browser.submit(page, 'decision', { decision }) }
}

test('openid-client asks, the person reads what and says yes, the client gets tokens once', async () => {
  const config = await client.discovery(new URL(server.issuer), 'bank', {}, client.ClientSecretBasic(SECRET), { execute: [client.allowInsecureRequests] })
  const started = await client.initiateBackchannelAuthentication(config, { scope: 'openid profile', login_hint: 'ada@ntu.example', binding_message: 'Payment 1234' })
  expect(started).toMatchObject({ expires_in: 600, interval: 5 })
  const { page, decide } = await toQuestion()
  for (const shown of ['The Bank', 'Payment 1234', 'Ada Example']) expect(page.html).toContain(shown)
  expect((await decide('allow')).html).toContain('Connected')
  const tokens = await client.pollBackchannelAuthenticationGrant(config, { ...started, interval: 0 })
  expect(tokens.claims()).toMatchObject({ aud: 'bank', sub: expect.any(String) })
  expect(await poll(started.auth_req_id)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
})

describe('who decides', () => {
  test('nobody but the person who was named; a stranger with the address changes nothing', async () => {
    const { body } = await begin()
    const { page } = await toQuestion('lin')
    expect(page.html).not.toContain('Connected')
    expect(pageName(page)).toBe('device')
    expect(page.html).not.toContain('name="decision"')
    expect(await poll(body['auth_req_id'])).toMatchObject({ body: { error: 'authorization_pending' } })
  })

  test('the no is heard', async () => {
    const { body } = await begin()
    await (await toQuestion()).decide('deny')
    expect(await poll(body['auth_req_id'])).toMatchObject({ status: 400, body: { error: 'access_denied' } })
  })

  test('within the time that was asked for', async () => {
    const { body } = await begin({ requested_expiry: '10' })
    expect(body['expires_in']).toBe(10)
    await server.advance(11)
    expect(await poll(body['auth_req_id'])).toMatchObject({ status: 400, body: { error: 'expired_token' } })
    expect((await newBrowser(server.issuer).open(`${server.issuer}/approve/${await waitingId()}`)).status).toBe(404)
  })
})

describe('ping', () => {
  test.each([204, 200, 401, 403, 301, 500])('a client that answers %i is told once', async (status) => {
    pingStatus = status
    const { body } = await begin({ client_notification_token: 'a-token' }, 'pinged')
    await (await toQuestion()).decide('allow')
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(pings).toEqual([{ authorization: 'Bearer a-token', body: JSON.stringify({ auth_req_id: body['auth_req_id'] }) }])
    expect((await poll(body['auth_req_id'], 'pinged')).status).toBe(200)
  })

  test('without its token the request is refused', async () => {
    expect(await begin({}, 'pinged')).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
  })
})

describe('what is refused', () => {
  test.each([
    ['nobody named', { login_hint: undefined }, 'invalid_request'],
    ['two hints', { id_token_hint: 'x' }, 'invalid_request'],
    ['a hint of a kind we do not read', { login_hint: undefined, login_hint_token: 'x' }, 'invalid_request'],
    ['an unknown person', { login_hint: 'nobody@ntu.example' }, 'unknown_user_id'],
    ['an address that was never proven', { login_hint: 'lin@ntu.example' }, 'unknown_user_id'],
    ['no openid', { scope: 'profile' }, 'invalid_scope'],
    ['a message that is too long', { binding_message: 'x'.repeat(101) }, 'invalid_binding_message'],
    ['a message with a line end', { binding_message: 'one\ntwo' }, 'invalid_binding_message'],
    ['a time that is none', { requested_expiry: 'soon' }, 'invalid_request'],
  ])('%s', async (_name, changes, error) => {
    expect(await begin(changes)).toMatchObject({ status: 400, body: { error } })
  })

  test('another client\'s request at the token endpoint, and clients that may not ask', async () => {
    const { body } = await begin()
    expect(await poll(body['auth_req_id'], 'pinged')).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    expect(await begin({}, 'planner')).toMatchObject({ status: 400, body: { error: 'unauthorized_client' } })
  })
})

describe('a client of profile fapi2', () => {
  const now = (): number => Math.floor(Date.now() / 1000)
  const claims = (): Record<string, unknown> => ({ iss: 'strict', aud: server.issuer, iat: now(), nbf: now(), exp: now() + 60, jti: crypto.randomUUID(), scope: 'openid', login_hint: 'ada@ntu.example', requested_expiry: 120 })
  async function ask(object: string | undefined): Promise<JsonAnswer> {
    const assertion = await signed({ iss: 'strict', sub: 'strict', aud: server.issuer, jti: crypto.randomUUID(), iat: now(), exp: now() + 60 }, { alg: 'PS256', kid: keyed.jwk.kid }, keyed.keys.privateKey)
    return post(server.issuer, '/oauth/backchannel_authentication', { client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer', client_assertion: assertion, ...(object === undefined ? { scope: 'openid', login_hint: 'ada@ntu.example' } : { request: object }) })
  }
  const object = (changes: Record<string, unknown> = {}, header: Record<string, unknown> = {}): Promise<string> => signed({ ...claims(), ...changes }, { alg: 'PS256', kid: keyed.jwk.kid, ...header }, keyed.keys.privateKey)

  test('asks with a signed request', async () => {
    expect(await ask(await object())).toMatchObject({ status: 200, body: { expires_in: 120 } })
    expect(await ask(await object({ requested_expiry: '90' }))).toMatchObject({ status: 200, body: { expires_in: 90 } })
  })

  const bad: readonly (readonly [string, () => Promise<string | undefined>])[] = [
    ['unsigned', async () => undefined],
    ...['aud', 'iss', 'exp', 'iat', 'nbf', 'jti'].map((name) => [`without ${name}`, () => object({ [name]: undefined })] as const),
    ['for another server', () => object({ aud: 'https://other.example' })],
    ['of another issuer', () => object({ iss: 'bank' })],
    ['expired', () => object({ exp: now() - 60 })],
    ['good for more than an hour', () => object({ exp: now() + 4200 })],
    ['not good yet', () => object({ nbf: now() + 600 })],
    ['good since long', () => object({ nbf: now() - 4200 })],
    ['under another key', async () => signed(claims(), { alg: 'PS256', kid: keyed.jwk.kid }, (await newKey('PS256')).keys.privateKey)],
    ['under RS256', async () => signed(claims(), { alg: 'RS256', kid: keyed.jwk.kid }, (await newKey('RS256')).keys.privateKey)],
  ]
  test.each(bad)('%s it is refused', async (_name, make) => {
    expect(await ask(await make())).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
  })
})

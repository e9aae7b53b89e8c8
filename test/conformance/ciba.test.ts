import { decodeJwt } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { freePort, startTestServer, type TestServer } from '../support/app.ts'
import { get, type JsonAnswer, type Parameters, post } from '../support/relying-party.ts'
import { type Receiver, startReceiver } from '../support/receiver.ts'
import { ASSERTION_TYPE, assertionOf, type KeyedClient, newKey, proofOf, registerKeyedClient, signed, underRs256 } from '../support/strong-client.ts'
import { expectRefusal } from './fapi.ts'

// The OpenID Foundation's FAPI-CIBA modules, each under its own name: private_key_jwt, poll and ping. The person's decision is the test
// hook's, as the suite has it.

const GRANT = 'urn:openid:params:grant-type:ciba'
const NOT_THE_CLIENT = ['invalid_client', 'invalid_request']
type Changes = Readonly<Record<string, unknown>>

let server: TestServer
let one: KeyedClient
let two: KeyedClient
let pinged: KeyedClient
let receiver: Receiver
let pings: string[] = []
let pingAnswer = { status: 204, body: '' }
const { keys: holder } = await newKey()

beforeAll(async () => {
  const port = await freePort()
  server = await startTestServer({ env: { PORTNER_TEST_FETCH: '1' } })
  const grantTypes = [GRANT, 'authorization_code', 'refresh_token']
  one = await registerKeyedClient(server, 'one', { alg: 'PS256', grantTypes, more: 'profile: fapi2' })
  two = await registerKeyedClient(server, 'two', { alg: 'ES256', grantTypes, more: 'profile: fapi2' })
  pinged = await registerKeyedClient(server, 'pinged', { alg: 'PS256', grantTypes, more: `profile: fapi2\nbackchannel_token_delivery_mode: ping\nbackchannel_client_notification_endpoint: http://127.0.0.1:${port}/ping` })
  receiver = await startReceiver(port, ({ headers, body }) => {
    pings.push(`${headers.authorization} ${body}`)
    return { status: pingAnswer.status, headers: pingAnswer.status === 301 ? { location: `http://127.0.0.1:${port}/elsewhere` } : {}, body: pingAnswer.body }
  })
})
afterAll(async () => {
  receiver.close()
  await server.close()
})
beforeEach(() => {
  pings = []
})

const now = (): number => Math.floor(server.ctx.clock.now() / 1000)
const assertion = async (as: KeyedClient, changes: Changes = {}, header: Changes = {}, key?: KeyedClient['keys']['privateKey']): Promise<Record<string, string>> => ({ client_assertion_type: ASSERTION_TYPE, client_assertion: await assertionOf(server, as, { iat: now(), exp: now() + 60, ...changes }, header, key) })

interface Asking {
  readonly as?: KeyedClient
  readonly claims?: Changes
  readonly header?: Changes
  readonly key?: KeyedClient['keys']['privateKey']
  /** Form parameters; undefined leaves one out. */
  readonly outside?: Parameters
}

async function ask({ as = one, claims = {}, header = {}, key, outside = {} }: Asking = {}): Promise<JsonAnswer> {
  const said = { iss: as.clientId, aud: server.issuer, iat: now(), nbf: now(), exp: now() + 60, jti: crypto.randomUUID(), scope: 'openid profile', login_hint: 'ada@ntu.example', ...claims }
  const request = await signed(said, { alg: as.jwk.alg, kid: as.jwk.kid, ...header }, key ?? as.keys.privateKey)
  return post(server.issuer, '/oauth/backchannel_authentication', { ...(await assertion(as)), request, ...outside })
}

async function decide(answer: JsonAnswer, action: 'allow' | 'deny' = 'allow'): Promise<void> {
  const query = new URLSearchParams({ auth_req_id: String(answer.body['auth_req_id']), action })
  expect((await fetch(`${server.issuer}/test/approval?${query}`, { method: 'POST', headers: { accept: 'application/json' } })).status).toBe(200)
}

async function poll(answer: JsonAnswer, as = one, changes: Parameters = {}): Promise<JsonAnswer> {
  const dpop = await proofOf(holder, 'POST', `${server.issuer}/oauth/token`, { iat: now() })
  return post(server.issuer, '/oauth/token', { grant_type: GRANT, auth_req_id: String(answer.body['auth_req_id']), ...(await assertion(as)), ...changes }, { dpop })
}

test('discovery-end-point-verification', async () => {
  expect((await get(server.issuer, '/.well-known/openid-configuration')).body).toMatchObject({
    backchannel_authentication_endpoint: `${server.issuer}/oauth/backchannel_authentication`,
    backchannel_token_delivery_modes_supported: ['poll', 'ping'],
    backchannel_authentication_request_signing_alg_values_supported: expect.arrayContaining(['PS256', 'ES256']),
    grant_types_supported: expect.arrayContaining([GRANT]),
    token_endpoint_auth_methods_supported: expect.arrayContaining(['private_key_jwt']),
  })
})

describe('the way that is meant', () => {
  test.each(['one', 'two'] as const)('fapi-ciba-id1: client %s', async (name) => {
    const as = { one, two }[name]
    const asked = await ask({ as })
    expectRefusal(await poll(asked, as), 'authorization_pending')
    await decide(asked)
    const tokens = await poll(asked, as)
    expect(tokens).toMatchObject({ status: 200, body: { token_type: 'DPoP' } })
    expect(decodeJwt(String(tokens.body['id_token']))).toMatchObject({ aud: name })
    const bare = await get(server.issuer, '/userinfo', { authorization: `Bearer ${tokens.body['access_token']}` })
    expect(bare.status).toBe(401)
    expectRefusal(await poll(asked, as), 'invalid_grant')
  })

  test('user-rejects-authentication', async () => {
    const asked = await ask()
    await decide(asked, 'deny')
    expectRefusal(await poll(asked), 'access_denied')
  })

  test('multiple-call-to-token-endpoint', async () => {
    const asked = await ask()
    expectRefusal(await poll(asked), 'authorization_pending')
    for (let i = 0; i < 3; i++) expectRefusal(await poll(asked), ['authorization_pending', 'slow_down'])
  })

  test('auth-req-id-expired', async () => {
    const asked = await ask({ claims: { requested_expiry: 10 } })
    expect(asked.body['expires_in']).toBe(10)
    await server.advance(11)
    expectRefusal(await poll(asked), 'expired_token')
  })

  test.each<[string, Changes]>([
    ['ensure-authorization-request-with-binding-message-succeeds', { binding_message: '1234' }],
    ['ensure-other-scope-order-succeeds', { scope: 'profile openid' }],
    ['ensure-requested-expiry-as-string-succeeds', { requested_expiry: '30' }],
  ])('%s', async (_name, claims) => {
    expect((await ask({ claims })).status).toBe(200)
  })

  test.each(['x'.repeat(2000), 'é 漢字 \u{1F600}', 'line\nend'])('ensure-authorization-request-with-potentially-bad-binding-message %#', async (binding_message) => {
    const answer = await ask({ claims: { binding_message } })
    if (answer.status !== 200) expectRefusal(answer, 'invalid_binding_message')
  })

  test('ensure-client-assertion-with-iss-aud-to-token-endpoint-succeeds', async () => {
    const asked = await ask()
    await decide(asked)
    expect((await poll(asked, one, await assertion(one, { aud: server.issuer }))).status).toBe(200)
  })

  test('refresh-token', async () => {
    const asked = await ask({ claims: { scope: 'openid offline_access' } })
    await decide(asked)
    const token = String((await poll(asked)).body['refresh_token'])
    const refresh = async (as: KeyedClient): Promise<JsonAnswer> => post(server.issuer, '/oauth/token', { grant_type: 'refresh_token', refresh_token: token, ...(await assertion(as)) }, { dpop: await proofOf(holder, 'POST', `${server.issuer}/oauth/token`, { iat: now() }) })
    expectRefusal(await refresh(two), 'invalid_grant')
    expect((await refresh(one)).status).toBe(200)
  })
})

describe('a request object that is not right', () => {
  const MINUTE = 60
  test.each<[string, () => Asking | Promise<Asking>]>([
    ...['aud', 'iss', 'exp', 'iat', 'nbf', 'jti'].map((name): [string, () => Asking] => [`ensure-request-object-missing-${name}-fails`, () => ({ claims: { [name]: undefined } })]),
    ['ensure-request-object-bad-aud-fails', () => ({ claims: { aud: 'https://other.example' } })],
    ['ensure-request-object-bad-iss-fails', () => ({ claims: { iss: 'two' } })],
    ['ensure-request-object-expired-exp-fails', () => ({ claims: { exp: now() - 5 * MINUTE } })],
    ['ensure-request-object-exp-is-70-minutes-in-future-fails', () => ({ claims: { exp: now() + 70 * MINUTE } })],
    ['ensure-request-object-nbf-is-10-minutes-in-future-fails', () => ({ claims: { nbf: now() + 10 * MINUTE } })],
    ['ensure-request-object-nbf-is-70-minutes-in-past-fails', () => ({ claims: { nbf: now() - 70 * MINUTE } })],
    ['ensure-request-object-signature-algorithm-is-bad-fails', async () => ({ key: (await newKey('PS256')).keys.privateKey })],
    ['ensure-request-object-signature-algorithm-is-RS256-fails', async () => ({ header: { alg: 'RS256' }, key: await underRs256(one) })],
    ['ensure-request-object-signed-by-other-client-fails', () => ({ header: { alg: 'ES256' }, key: two.keys.privateKey })],
    ['ensure-authorization-request-with-multiple-hints-fails', () => ({ claims: { id_token_hint: 'x' } })],
    ['ensure-unsigned-backchannel-authorization-request-fails', () => ({ outside: { request: undefined, scope: 'openid', login_hint: 'ada@ntu.example' } })],
  ])('%s', async (_name, asking) => {
    expectRefusal(await ask(await asking()), 'invalid_request')
  })

  test('ensure-request-object-signature-algorithm-is-none-fails', async () => {
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
    const claims = { iss: 'one', aud: server.issuer, iat: now(), nbf: now(), exp: now() + 60, jti: 'none', scope: 'openid', login_hint: 'ada@ntu.example' }
    expectRefusal(await ask({ outside: { request: `${part({ alg: 'none' })}.${part(claims)}.` } }), 'invalid_request')
  })
})

describe('another client, or nobody', () => {
  test('ensure-wrong-auth-req-id-in-token-endpoint-request', async () => {
    const asked = await ask()
    await decide(asked)
    expectRefusal(await poll(asked, two), 'invalid_grant')
  })

  test('ensure-without-client-assertion-in-token-endpoint-request', async () => {
    expectRefusal(await poll(await ask(), one, { client_id: 'one', client_assertion: undefined, client_assertion_type: undefined }), NOT_THE_CLIENT, [400, 401])
  })

  test('ensure-without-client-assertion-in-backchannel-authorization-request', async () => {
    expectRefusal(await ask({ outside: { client_id: 'one', client_assertion: undefined, client_assertion_type: undefined } }), NOT_THE_CLIENT, [400, 401])
  })

  test('ensure-client-assertion-signature-algorithm-in-backchannel-authorization-request-is-RS256-fails', async () => {
    expectRefusal(await ask({ outside: await assertion(one, {}, { alg: 'RS256' }, await underRs256(one)) }), 'invalid_client', [400, 401])
  })

  test('ensure-client-assertion-signature-algorithm-in-token-endpoint-request-is-RS256-fails', async () => {
    expectRefusal(await poll(await ask(), one, await assertion(one, {}, { alg: 'RS256' }, await underRs256(one))), 'invalid_client', [400, 401])
  })
})

describe('ping', () => {
  test.each([
    ['ping-backchannel-notification-endpoint-response-has-body', 200, '{"surprise":true}'],
    ['ping-backchannel-notification-endpoint-response-401', 401, ''],
    ['ping-backchannel-notification-endpoint-response-403', 403, ''],
    ['ping-with-mtls-ciba-notification-endpoint-response-401-and-require-server-does-not-retry', 401, ''],
    ['ping-backchannel-notification-endpoint-return-redirect-request', 301, ''],
  ])('%s', async (_name, status, body) => {
    pingAnswer = { status, body }
    const asked = await ask({ as: pinged, claims: { client_notification_token: 'a-token-for-notifications' } })
    await decide(asked)
    await expect.poll(() => pings).toEqual([`Bearer a-token-for-notifications ${JSON.stringify({ auth_req_id: asked.body['auth_req_id'] })}`])
    expect((await poll(asked, pinged)).status).toBe(200)
    expect(pings).toHaveLength(1)
  })
})

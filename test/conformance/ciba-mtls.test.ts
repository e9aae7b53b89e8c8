import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newCertificate, type TestCertificate } from '../support/client-certificates.ts'
import type { JsonAnswer, Parameters } from '../support/relying-party.ts'
import { signed } from '../support/strong-client.ts'
import { expectRefusal } from './fapi.ts'
import { type MtlsClient, type MtlsWorld, startMtlsWorld } from './mtls-client.ts'

// The rows of the OpenID Foundation's FAPI-CIBA plan that are about client certificates, each under its module's name: authentication by
// certificate, and tokens that are bound to it.

const GRANT = 'urn:openid:params:grant-type:ciba'
const NOT_THE_CLIENT = ['invalid_client', 'invalid_request']

let world: MtlsWorld
let one: MtlsClient
let two: MtlsClient
beforeAll(async () => {
  world = await startMtlsWorld([{ authentication: 'tls_client_auth', constraint: 'mtls' }])
  one = world.client('one-0')
  two = world.client('two-0')
})
afterAll(() => world.close())

async function ask({ claims = {}, outside = {}, shown = one.shown }: { claims?: Readonly<Record<string, unknown>>; outside?: Parameters; shown?: TestCertificate | null } = {}): Promise<JsonAnswer> {
  const now = Math.floor(Date.now() / 1000)
  const request = await signed({ iss: one.clientId, aud: world.server.issuer, iat: now, nbf: now, exp: now + 60, jti: crypto.randomUUID(), scope: 'openid profile', login_hint: 'ada@ntu.example', ...claims }, { alg: one.jwk.alg, kid: one.jwk.kid }, one.keys.privateKey)
  return world.post('/oauth/backchannel_authentication', { client_id: one.clientId, request, ...outside }, shown)
}

async function allow(asked: JsonAnswer): Promise<void> {
  const query = new URLSearchParams({ auth_req_id: String(asked.body['auth_req_id']), action: 'allow' })
  expect((await fetch(`${world.server.issuer}/test/approval?${query}`, { method: 'POST', headers: { accept: 'application/json' } })).status).toBe(200)
}

function poll(asked: JsonAnswer, shown: TestCertificate | null = one.shown, clientId = one.clientId): Promise<JsonAnswer> {
  return world.post('/oauth/token', { grant_type: GRANT, auth_req_id: String(asked.body['auth_req_id']), client_id: clientId }, shown)
}

test('fapi-ciba-id1: a bound token, which the resource refuses with a wrong certificate', async () => {
  const asked = await ask()
  expectRefusal(await poll(asked), 'authorization_pending')
  await allow(asked)
  const { status, body } = await poll(asked)
  expect([status, body['token_type']]).toEqual([200, 'Bearer'])
  const userinfo = (shown: TestCertificate | null): Promise<JsonAnswer> => world.get('/userinfo', shown, { authorization: `Bearer ${String(body['access_token'])}` })
  expect(await userinfo(one.shown)).toMatchObject({ status: 200, body: { name: 'Ada Example' } })
  for (const wrong of [two.shown, newCertificate(), null]) expect(await userinfo(wrong)).toMatchObject({ status: 401, body: { error: 'invalid_token' } })
  expectRefusal(await poll(asked), 'invalid_grant')
})

describe('refused', () => {
  test('ensure-different-client-id-and-issuer-in-backchannel-authorization-request', async () => {
    expectRefusal(await ask({ outside: { client_id: two.clientId }, shown: two.shown }), NOT_THE_CLIENT, [400, 401])
    expectRefusal(await ask({ claims: { iss: two.clientId } }), NOT_THE_CLIENT, [400, 401])
  })

  test('ensure-wrong-client-id-in-backchannel-authorization-request', async () => {
    expectRefusal(await ask({ outside: { client_id: two.clientId } }), 'invalid_client', [401])
  })

  test('ensure-wrong-client-id-in-token-endpoint-request', async () => {
    const asked = await ask()
    await allow(asked)
    expectRefusal(await poll(asked, one.shown, two.clientId), 'invalid_client', [401])
    expect((await poll(asked)).status).toBe(200)
  })

  test('ensure-mtls-holder-of-key-required', async () => {
    const asked = await ask()
    await allow(asked)
    expectRefusal(await poll(asked, null), NOT_THE_CLIENT, [400, 401])
    expectRefusal(await poll(asked, newCertificate()), NOT_THE_CLIENT, [400, 401])
    expect((await poll(asked)).status).toBe(200)
  })

  test('ensure-without-client-assertion-in-backchannel-authorization-request', async () => {
    expectRefusal(await ask({ shown: null }), NOT_THE_CLIENT, [400, 401])
  })
})

import { connect } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newCertificate, type TestCertificate } from '../support/client-certificates.ts'
import { get, type JsonAnswer, type Parameters } from '../support/relying-party.ts'
import { expectRefusal } from './fapi.ts'
import { type MtlsClient, type MtlsWorld, obtainCode, proofOfClient, proofOfHolder, startMtlsWorld, type Variant, variants } from './mtls-client.ts'

// The rows of the OpenID Foundation's FAPI 2.0 plans that are about client certificates, each under its module's name: certificates as
// client authentication, as what tokens are bound to, and both.

const NO_HOLDER = ['invalid_client', 'invalid_grant', 'invalid_request']

let world: MtlsWorld
beforeAll(async () => {
  world = await startMtlsWorld(variants)
})
afterAll(() => world.close())

test('discovery-end-point-verification', async () => {
  for (const path of ['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server']) {
    const { body } = await get(world.server.issuer, path)
    expect(body).toMatchObject({
      tls_client_certificate_bound_access_tokens: true,
      token_endpoint_auth_methods_supported: expect.arrayContaining(['tls_client_auth', 'self_signed_tls_client_auth']),
      introspection_endpoint_auth_methods_supported: expect.arrayContaining(['tls_client_auth', 'self_signed_tls_client_auth']),
    })
    const aliases = body['mtls_endpoint_aliases'] as Record<string, string>
    expect(Object.keys(aliases).toSorted()).toEqual(['backchannel_authentication_endpoint', 'device_authorization_endpoint', 'grant_management_endpoint', 'introspection_endpoint', 'pushed_authorization_request_endpoint', 'revocation_endpoint', 'token_endpoint', 'userinfo_endpoint'])
    for (const [name, alias] of Object.entries(aliases)) expect(alias).toBe(String(body[name]).replace(world.server.issuer, world.base))
  }
})

async function tlsOf(options: object): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ port: world.port, host: 'localhost', rejectUnauthorized: false, ...options }, () => {
      resolve(`${socket.getProtocol()} ${socket.getCipher().standardName}`)
      socket.destroy()
    })
    socket.once('error', () => resolve('refused'))
  })
}

test('ensure-holder-of-key-required: TLS before 1.2 and other ciphers than those of RFC 9325 are refused', async () => {
  expect(await tlsOf({ maxVersion: 'TLSv1.2' })).toBe('TLSv1.2 TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256')
  expect(await tlsOf({})).toMatch(/^TLSv1\.3 /)
  for (const version of ['TLSv1', 'TLSv1.1']) expect(await tlsOf({ minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' }), version).toBe('refused')
  for (const ciphers of ['ECDHE-ECDSA-AES128-SHA256', 'ECDHE-ECDSA-AES256-SHA', 'ECDHE-ECDSA-CHACHA20-POLY1305']) expect(await tlsOf({ maxVersion: 'TLSv1.2', ciphers }), ciphers).toBe('refused')
})

describe.each(variants.map((variant, i) => [`${variant.authentication} and ${variant.constraint}`, variant, i] as const))('%s', (_, variant: Variant, i) => {
  const client = (name: 'one' | 'two'): MtlsClient => world.client(`${name}-${i}`)
  const isByCertificate = variant.authentication !== 'private_key_jwt'

  interface Asking {
    readonly shown?: TestCertificate | null
    readonly changes?: Parameters
    readonly holder?: Readonly<Record<string, string>>
  }
  async function token(as: MtlsClient, parameters: Parameters, { shown = as.shown, changes = {}, holder }: Asking = {}): Promise<JsonAnswer> {
    return world.post('/oauth/token', { ...parameters, ...(await proofOfClient(world, variant, as)), ...changes }, shown, holder ?? (await proofOfHolder(world, variant, as, 'POST', '/oauth/token')))
  }
  const codeOf = async (as: MtlsClient): Promise<Parameters> => {
    const { pkce, pushed, code } = await obtainCode(world, variant, as)
    expect(pushed.status).toBe(201)
    return { grant_type: 'authorization_code', code, redirect_uri: as.redirectUri, code_verifier: pkce.verifier }
  }

  test.each(['one', 'two'] as const)('happy-flow: client %s; the resource refuses a token without the right certificate', async (name) => {
    const as = client(name)
    const { body } = await token(as, await codeOf(as))
    expect(body['token_type']).toBe(variant.constraint === 'dpop' ? 'DPoP' : 'Bearer')
    const accessToken = String(body['access_token'])
    const at = async (shown: TestCertificate | null, holder?: Readonly<Record<string, string>>): Promise<JsonAnswer> =>
      world.get('/userinfo', shown, { authorization: `${String(body['token_type'])} ${accessToken}`, ...(holder ?? (await proofOfHolder(world, variant, as, 'GET', '/userinfo', accessToken))) })
    const good = await at(as.shown)
    expect(good).toMatchObject({ status: 200, body: { name: 'Ada Example' } })
    expect(good.headers.get('date')).not.toBeNull()
    // A certificate adds nothing to a token that is bound to something else.
    if (variant.constraint === 'dpop') expect((await at(null, {})).status).toBe(401)
    else for (const wrong of [null, newCertificate(), client(name === 'one' ? 'two' : 'one').shown]) expect(await at(wrong)).toMatchObject({ status: 401, body: { error: 'invalid_token' } })
  })

  test('ensure-holder-of-key-required', async () => {
    const as = client('one')
    const code = await codeOf(as)
    if (variant.constraint === 'dpop') expectRefusal(await token(as, code, { holder: {} }), [...NO_HOLDER, 'invalid_dpop_proof'])
    if (isByCertificate || variant.constraint === 'mtls') expectRefusal(await token(as, code, { shown: null }), NO_HOLDER, [400, 401])
    // What was refused has spent nothing.
    expect((await token(as, code)).status).toBe(200)
  })

  test('ensure-client-id-in-token-endpoint', async () => {
    const as = client('one')
    expectRefusal(await token(as, await codeOf(as), { changes: { client_id: client('two').clientId } }), ['invalid_client', 'invalid_grant'], [400, 401])
  })

  test('ensure-authorization-code-is-bound-to-client', async () => {
    expectRefusal(await token(client('two'), await codeOf(client('one'))), 'invalid_grant')
  })

  test('ensure-client-assertion-in-token-endpoint', async () => {
    const as = client('one')
    const changes = { client_id: undefined, client_assertion: undefined, client_assertion_type: undefined }
    expectRefusal(await token(as, await codeOf(as), { changes }), ['invalid_client', 'invalid_request'], [400, 401])
  })

  test('refresh-token', async () => {
    const as = client('one')
    const { body } = await token(as, await codeOf(as))
    const refresh = { grant_type: 'refresh_token', refresh_token: String(body['refresh_token']) }
    const again = await token(as, refresh)
    expect(again).toMatchObject({ status: 200, body: { refresh_token: body['refresh_token'] } })
    expectRefusal(await token(client('two'), refresh), ['invalid_client', 'invalid_grant', 'invalid_request'], [400, 401])
    if (isByCertificate || variant.constraint === 'mtls') expectRefusal(await token(as, refresh, { shown: null }), NO_HOLDER, [400, 401])
    await world.server.advance(31)
    expect((await token(as, refresh, { changes: isByCertificate ? {} : await proofOfClient(world, variant, as) })).status).toBe(200)
    await world.server.advance(-31)
  })
})

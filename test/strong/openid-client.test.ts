import { calculateJwkThumbprint, decodeJwt } from 'jose'
import * as client from 'openid-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../support/app.ts'
import { newBrowser } from '../support/browser.ts'
import { walk } from '../support/relying-party.ts'
import { type KeyedClient, registerKeyedClient } from '../support/strong-client.ts'

// An independent library as a strong client: it signs its authentication and its requests, pushes them, and binds its tokens to a key.

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

function discover(keyed: KeyedClient): Promise<client.Configuration> {
  return client.discovery(new URL(server.issuer), keyed.clientId, {}, client.PrivateKeyJwt({ key: keyed.keys.privateKey, kid: keyed.jwk.kid ?? '' }), { execute: [client.allowInsecureRequests] })
}

interface Signed {
  readonly config: client.Configuration
  readonly tokens: client.TokenEndpointResponse & client.TokenEndpointResponseHelpers
  readonly dpop: client.DPoPHandle
}

async function signIn(keyed: KeyedClient, withObject: boolean): Promise<Signed> {
  const config = await discover(keyed)
  const dpop = client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'))
  const verifier = client.randomPKCECodeVerifier()
  const state = client.randomState()
  const parameters = { redirect_uri: keyed.redirectUri, scope: 'openid profile offline_access', code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256', state }
  const object = withObject ? new URL(await client.buildAuthorizationUrlWithJAR(config, parameters, keyed.keys.privateKey, { [client.modifyAssertion]: (_header, claims) => void (claims['nbf'] = claims['iat']) })).searchParams.get('request') : null
  const url = await client.buildAuthorizationUrlWithPAR(config, object === null ? parameters : { request: object }, { DPoP: dpop })
  expect([...url.searchParams.keys()].toSorted()).toEqual(['client_id', 'request_uri'])
  const browser = newBrowser(server.issuer)
  const arrived = await walk(browser, await browser.open(url.href))
  const tokens = await client.authorizationCodeGrant(config, new URL(arrived.url), { pkceCodeVerifier: verifier, expectedState: state, idTokenExpected: true }, undefined, { DPoP: dpop })
  return { config, tokens, dpop }
}

describe.each([
  ['oauth21', false],
  ['oauth21', true],
  ['fapi2', false],
  ['fapi2', true],
] as const)('a client of profile %s, request object %s', (profile, withObject) => {
  test('pushes, signs in, and its tokens are good with its key only', async () => {
    const keyed = await registerKeyedClient(server, `strong-${profile}-${withObject}`, { more: `profile: ${profile}\ndpop_bound_access_tokens: true\nrequire_signed_request_object: ${withObject}` })
    const { config, tokens, dpop } = await signIn(keyed, withObject)
    expect(tokens.token_type).toBe('dpop')
    const sub = tokens.claims()?.sub ?? ''
    expect(await client.fetchUserInfo(config, tokens.access_token, sub, { DPoP: dpop })).toMatchObject({ sub, name: 'Ada Example' })
    const bare = await fetch(`${server.issuer}/userinfo`, { headers: { authorization: `Bearer ${tokens.access_token}` } })
    expect(bare.status).toBe(401)
    const thumbprint = await dpop.calculateThumbprint()
    expect(await client.tokenIntrospection(config, tokens.access_token)).toMatchObject({ active: true, token_type: 'DPoP', cnf: { jkt: thumbprint } })
    const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token ?? '', undefined, { DPoP: dpop })
    // FAPI 2.0 §5.3.2.1: no rotation.
    expect(refreshed.refresh_token === tokens.refresh_token).toBe(profile === 'fapi2')
    await expect(client.refreshTokenGrant(config, refreshed.refresh_token ?? '')).rejects.toMatchObject({ error: 'invalid_request' })
  })
})

test('a machine gets a bound JWT that names its key', async () => {
  const keyed = await registerKeyedClient(server, 'strong-machine', { alg: 'PS256', more: 'profile: fapi2' })
  const config = await discover(keyed)
  const keys = await client.randomDPoPKeyPair('ES256')
  const dpop = client.getDPoPHandle(config, keys)
  const { access_token } = await client.clientCredentialsGrant(config, { scope: 'gk_calendar', resource: 'https://grades.example.org' }, { DPoP: dpop })
  expect(decodeJwt(access_token)['cnf']).toEqual({ jkt: await calculateJwkThumbprint(await crypto.subtle.exportKey('jwk', keys.publicKey) as Record<string, string>) })
})

test('a client that must bring the nonce is told it and goes on', async () => {
  const keyed = await registerKeyedClient(server, 'strong-nonce', { more: 'dpop_bound_access_tokens: true\nrequire_dpop_nonce: true' })
  const { tokens } = await signIn(keyed, false)
  expect(tokens.token_type).toBe('dpop')
})

test('openid-client with client_secret_jwt', async () => {
  await server.apply(`
kind: client
client_id: hmac
client_secret: { value: a-secret-for-tests-with-256-bits-of-it-0123456789 }
client_name: hmac
grant_types: [client_credentials]
token_endpoint_auth_method: client_secret_jwt
scope: gk_calendar
`)
  const config = await client.discovery(new URL(server.issuer), 'hmac', {}, client.ClientSecretJwt('a-secret-for-tests-with-256-bits-of-it-0123456789'), { execute: [client.allowInsecureRequests] })
  expect(await client.clientCredentialsGrant(config)).toMatchObject({ scope: 'gk_calendar' })
  const wrong = await client.discovery(new URL(server.issuer), 'hmac', {}, client.ClientSecretJwt('another-secret-for-tests-with-256-bits-of-it-9876543210'), { execute: [client.allowInsecureRequests] })
  await expect(client.clientCredentialsGrant(wrong)).rejects.toMatchObject({ status: 401 })
})

import * as client from 'openid-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../support/app.ts'
import { newBrowser } from '../support/browser.ts'
import { walk } from '../support/relying-party.ts'
import { SECRET } from '../support/world.ts'

// An independent client library drives the whole job over real HTTP.

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

async function discover(clientId: string, authentication: client.ClientAuth, metadata: Partial<client.ClientMetadata> = {}): Promise<client.Configuration> {
  return client.discovery(new URL(server.issuer), clientId, metadata, authentication, { execute: [client.allowInsecureRequests] })
}

const CLIENTS = [
  ['planner', 'client_secret_basic', 'RS256', 'https://planner.example.org/callback', client.ClientSecretBasic(SECRET)],
  ['second', 'client_secret_post', 'ES256', 'https://second.example.org/callback', client.ClientSecretPost(SECRET)],
  ['spa', 'none', 'EdDSA', 'https://spa.example.org/callback', client.None()],
] as const

describe.each(CLIENTS)('openid-client as %s (%s, %s)', (clientId, _method, alg, redirectUri, authentication) => {
  test('signs in, reads userinfo, refreshes, introspects, revokes, and signs out', async () => {
    const config = await discover(clientId, authentication, { id_token_signed_response_alg: alg, ...(clientId === 'planner' && { use_mtls_endpoint_aliases: false }) })
    const verifier = client.randomPKCECodeVerifier()
    const [state, nonce] = [client.randomState(), client.randomNonce()]
    const url = client.buildAuthorizationUrl(config, { redirect_uri: redirectUri, scope: 'openid profile', code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256', state, nonce })
    const browser = newBrowser(server.issuer)
    const arrived = await walk(browser, await browser.open(url.href))
    const tokens = await client.authorizationCodeGrant(config, new URL(arrived.url), { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true })
    const sub = tokens.claims()?.sub ?? ''
    expect(await client.fetchUserInfo(config, tokens.access_token, sub)).toMatchObject({ sub, name: 'Ada Example' })
    const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token ?? '')
    expect(refreshed.claims()?.sub).toBe(sub)
    if (clientId !== 'spa') expect(await client.tokenIntrospection(config, refreshed.access_token)).toMatchObject({ active: true, sub })
    await client.tokenRevocation(config, refreshed.refresh_token ?? '')
    await expect(client.refreshTokenGrant(config, refreshed.refresh_token ?? '')).rejects.toMatchObject({ error: 'invalid_grant' })
    const logout = client.buildEndSessionUrl(config, { id_token_hint: tokens.id_token ?? '', ...(clientId === 'planner' && { post_logout_redirect_uri: 'https://planner.example.org/', state: 'bye' }) })
    const left = await browser.open(logout.href)
    if (clientId === 'planner') expect(left.url).toBe('https://planner.example.org/?state=bye')
    else expect(left.html).toContain('data-page="logged-out"')
    const silent = await browser.open(client.buildAuthorizationUrl(config, { redirect_uri: redirectUri, scope: 'openid', prompt: 'none', code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256', state }).href)
    expect(new URL(silent.url).searchParams.get('error')).toBe('login_required')
  })
})

test('openid-client as a machine gets a token for itself, also as a JWT for an API that wants one', async () => {
  const config = await discover('robot', client.ClientSecretBasic(SECRET))
  const opaque = await client.clientCredentialsGrant(config, { scope: 'gk_calendar' })
  expect(opaque).toMatchObject({ token_type: 'bearer', scope: 'gk_calendar', expires_in: 3600 })
  expect(opaque).not.toHaveProperty('refresh_token')
  const jwt = await client.clientCredentialsGrant(config, { scope: 'gk_calendar', resource: 'https://grades.example.org' })
  expect(jwt.access_token.split('.')).toHaveLength(3)
  expect(await client.tokenIntrospection(config, jwt.access_token)).toMatchObject({ active: true, aud: 'https://grades.example.org', subject_type: 'client', sub: 'client:robot' })
})

import { decodeJwt } from 'jose'
import * as client from 'openid-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePort, startTestServer, type TestServer } from '../support/app.ts'
import { newBrowser } from '../support/browser.ts'
import { newCertificate, newClientAuthority, type TestCertificate } from '../support/client-certificates.ts'
import { certificateFetch } from '../support/mtls-client.ts'
import { walk } from '../support/relying-party.ts'

// An independent library with certificates, at a TLS port that asks for them: who it is, and to what its tokens are bound.

const authority = newClientAuthority()
const ours = newCertificate({ issuer: authority, subject: [['CN', 'localhost']], names: [['dns', 'localhost']] })
const issued = newCertificate({ issuer: authority, subject: [['C', 'NO'], ['O', 'Example, Inc.'], ['CN', 'Planner']], purpose: 'client' })
const selfMade = newCertificate({ subject: [['CN', 'of my own']] })
const stranger = newCertificate({ subject: [['CN', 'stranger']] })

let server: TestServer
let port: number
const closing: (() => Promise<void>)[] = []
beforeAll(async () => {
  port = await freePort()
  server = await startTestServer({ env: { PORTNER_MTLS_PORT: String(port), PORTNER_TLS_CERT: ours.pem, PORTNER_TLS_KEY: ours.keyPem, PORTNER_CLIENT_CERTIFICATE_CA: authority.pem } })
})
afterAll(async () => {
  await Promise.all(closing.map((close) => close()))
  await server.close()
})

function through(shown: TestCertificate | undefined): typeof fetch {
  const { fetch, close } = certificateFetch(authority.pem, shown)
  closing.push(close)
  return fetch
}

const jwksOf = (shown: TestCertificate): string => `jwks: ${JSON.stringify({ keys: [{ ...shown.keys.publicKey.export({ format: 'jwk' }), x5c: [shown.der.toString('base64')] }] })}`

async function register(clientId: string, more: string): Promise<string> {
  const redirectUri = `https://${clientId}.example.org/callback`
  await server.apply(`
kind: client
client_id: ${clientId}
client_name: ${clientId}
redirect_uris: [${redirectUri}]
grant_types: [authorization_code, refresh_token, client_credentials]
scope: openid profile offline_access gk_calendar
${more}
`)
  return redirectUri
}

async function discover(clientId: string, shown: TestCertificate | undefined): Promise<client.Configuration> {
  const config = await client.discovery(new URL(server.issuer), clientId, { use_mtls_endpoint_aliases: true }, client.TlsClientAuth(), { execute: [client.allowInsecureRequests] })
  config[client.customFetch] = through(shown) as client.CustomFetch
  return config
}

async function signIn(config: client.Configuration, redirectUri: string): Promise<client.TokenEndpointResponse & client.TokenEndpointResponseHelpers> {
  const verifier = client.randomPKCECodeVerifier()
  const state = client.randomState()
  const url = await client.buildAuthorizationUrlWithPAR(config, { redirect_uri: redirectUri, scope: 'openid profile offline_access', code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256', state })
  const browser = newBrowser(server.issuer)
  const arrived = await walk(browser, await browser.open(url.href))
  return client.authorizationCodeGrant(config, new URL(arrived.url), { pkceCodeVerifier: verifier, expectedState: state, idTokenExpected: true })
}

const TLS = 'token_endpoint_auth_method: tls_client_auth\ntls_client_auth_subject_dn: CN=Planner,O=Example\\, Inc.,C=NO'
const SELF = `token_endpoint_auth_method: self_signed_tls_client_auth\n${jwksOf(selfMade)}`

describe.each([
  ['fapi2', 'an authority issued', TLS, issued],
  ['fapi2', 'it made itself', SELF, selfMade],
  ['oauth21', 'an authority issued', TLS, issued],
  ['oauth21', 'it made itself', SELF, selfMade],
] as const)('a client of profile %s with a certificate that %s', (profile, way, method, shown) => {
  test('pushes, signs in, and its tokens are good with its certificate only', async () => {
    const clientId = `mtls-${profile}-${way === 'it made itself' ? 'self' : 'ca'}`
    const redirectUri = await register(clientId, `${method}\nprofile: ${profile}\ntls_client_certificate_bound_access_tokens: ${profile === 'oauth21'}`)
    const config = await discover(clientId, shown)
    const tokens = await signIn(config, redirectUri)
    expect(tokens.token_type).toBe('bearer')
    const sub = tokens.claims()?.sub ?? ''
    expect(await client.fetchUserInfo(config, tokens.access_token, sub)).toMatchObject({ sub, name: 'Ada Example' })
    expect(await client.tokenIntrospection(config, tokens.access_token)).toMatchObject({ active: true, token_type: 'Bearer', cnf: { 'x5t#S256': shown.thumbprint } })
    for (const wrong of [stranger, undefined]) {
      const refused = await through(wrong)(`https://localhost:${port}/userinfo`, { headers: { authorization: `Bearer ${tokens.access_token}` } })
      expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, expect.stringContaining('error="invalid_token"')])
    }
    expect((await fetch(`${server.issuer}/userinfo`, { headers: { authorization: `Bearer ${tokens.access_token}` } })).status).toBe(401)
    const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token ?? '')
    expect(refreshed.refresh_token === tokens.refresh_token).toBe(profile === 'fapi2')
    await expect(client.refreshTokenGrant(await discover(clientId, stranger), refreshed.refresh_token ?? '')).rejects.toMatchObject({ status: 401 })
    await expect(client.refreshTokenGrant(await discover(clientId, undefined), refreshed.refresh_token ?? '')).rejects.toMatchObject({ status: 401 })
  })

  test('and its JWTs name the certificate', async () => {
    const clientId = `mtls-${profile}-${way === 'it made itself' ? 'self' : 'ca'}`
    const { access_token } = await client.clientCredentialsGrant(await discover(clientId, shown), { scope: 'gk_calendar', resource: 'https://grades.example.org' })
    expect(decodeJwt(access_token)['cnf']).toEqual({ 'x5t#S256': shown.thumbprint })
  })
})

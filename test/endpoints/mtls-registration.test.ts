import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../support/app.ts'
import { behindProxy, certificateHeader, newCertificate, newClientAuthority } from '../support/client-certificates.ts'
import { get, post } from '../support/relying-party.ts'

// Clients that register their certificates themselves, and what stands in a declaration about them.

const authority = newClientAuthority()
const issued = newCertificate({ issuer: authority, names: [['dns', 'new.example.org']] })
const selfMade = newCertificate()

let server: TestServer
let plain: TestServer
beforeAll(async () => {
  server = await startTestServer({ env: { ...behindProxy(authority), PORTNER_REGISTRATION: 'open', PORTNER_MTLS_URL: 'https://mtls.portner.test' } })
  plain = await startTestServer({ env: { PORTNER_REGISTRATION: 'open' } })
})
afterAll(async () => {
  await Promise.all([server.close(), plain.close()])
})

interface Answer {
  readonly status: number
  readonly body: Record<string, unknown>
}

async function register(said: object, { issuer } = server): Promise<Answer> {
  const response = await fetch(`${issuer}/oauth/registration`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ redirect_uris: ['https://new.example.org/callback'], ...said }) })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

const TLS = { token_endpoint_auth_method: 'tls_client_auth', tls_client_auth_san_dns: 'new.example.org' }
const SELF = { token_endpoint_auth_method: 'self_signed_tls_client_auth', jwks: { keys: [selfMade.keys.publicKey.export({ format: 'jwk' })] } }
const BOUND = { tls_client_certificate_bound_access_tokens: true }

test.each([
  ['an authority issued', TLS, issued],
  ['it made itself', SELF, selfMade],
])('a client registers the certificate that %s, reads it back, and is let in', async (_, said, shown) => {
  const { status, body } = await register({ ...said, ...BOUND, grant_types: ['client_credentials', 'authorization_code'] })
  expect(status, JSON.stringify(body)).toBe(201)
  expect(body).toMatchObject({ ...said, ...BOUND })
  expect(body).not.toHaveProperty('client_secret')
  const again = await get(server.issuer, new URL(String(body['registration_client_uri'])).pathname, { authorization: `Bearer ${String(body['registration_access_token'])}` })
  expect(again.body).toMatchObject({ ...said, ...BOUND })
  const request = { grant_type: 'client_credentials', client_id: String(body['client_id']) }
  expect((await post(server.issuer, '/oauth/token', request, certificateHeader(shown))).body).toMatchObject({ token_type: 'Bearer' })
  expect((await post(server.issuer, '/oauth/token', request)).status).toBe(401)
})

describe('is not registered', () => {
  test.each<[string, object]>([
    ['no name', { token_endpoint_auth_method: 'tls_client_auth' }],
    ['two names', { ...TLS, tls_client_auth_subject_dn: 'CN=new' }],
    ['a name for another method', { ...TLS, token_endpoint_auth_method: 'client_secret_basic' }],
    ['a wildcard', { ...TLS, tls_client_auth_san_dns: '*.example.org' }],
    ['a subject that is no name', { token_endpoint_auth_method: 'tls_client_auth', tls_client_auth_subject_dn: '/C=NO/CN=new' }],
    ['an empty subject', { token_endpoint_auth_method: 'tls_client_auth', tls_client_auth_subject_dn: '' }],
    ['an address that is none', { token_endpoint_auth_method: 'tls_client_auth', tls_client_auth_san_ip: '192.0.2' }],
    ['a name that is no text', { token_endpoint_auth_method: 'tls_client_auth', tls_client_auth_san_dns: ['new.example.org'] }],
    ['no key', { token_endpoint_auth_method: 'self_signed_tls_client_auth' }],
    ['a private key', { ...SELF, jwks: { keys: [selfMade.keys.privateKey.export({ format: 'jwk' })] } }],
    ['tokens bound in two ways', { ...TLS, ...BOUND, dpop_bound_access_tokens: true }],
  ])('%s', async (_, said) => {
    expect(await register(said)).toMatchObject({ status: 400, body: { error: 'invalid_client_metadata' } })
  })

  test('anything of it where nobody is asked for a certificate', async () => {
    for (const said of [TLS, SELF, BOUND]) expect(await register(said, plain)).toMatchObject({ status: 400, body: { error: 'invalid_client_metadata' } })
  })
})

describe('the metadata', () => {
  test('says where certificates are asked for, and only there that they are taken', async () => {
    const [withThem, without] = [(await get(server.issuer, '/.well-known/openid-configuration')).body, (await get(plain.issuer, '/.well-known/openid-configuration')).body]
    expect(withThem).toMatchObject({ tls_client_certificate_bound_access_tokens: true, mtls_endpoint_aliases: { token_endpoint: 'https://mtls.portner.test/oauth/token', userinfo_endpoint: 'https://mtls.portner.test/userinfo' } })
    expect(without).not.toHaveProperty('tls_client_certificate_bound_access_tokens')
    expect(without).not.toHaveProperty('mtls_endpoint_aliases')
    for (const member of ['token', 'introspection', 'revocation']) {
      const methods = (body: Record<string, unknown>): unknown => body[`${member}_endpoint_auth_methods_supported`]
      expect(methods(withThem)).toEqual(expect.arrayContaining(['tls_client_auth', 'self_signed_tls_client_auth']))
      expect(methods(without)).not.toContain('tls_client_auth')
      expect(methods(without)).not.toContain('self_signed_tls_client_auth')
    }
  })
})

test('a declaration tells each fault', async () => {
  const declare = (lines: string): Promise<void> => server.apply(`kind: client\nclient_id: declared\napplication_type: service\nscope: gk_calendar\n${lines}`)
  await expect(declare('token_endpoint_auth_method: tls_client_auth')).rejects.toThrow('tls_client_auth needs one of')
  await expect(declare('token_endpoint_auth_method: tls_client_auth\ntls_client_auth_subject_dn: Planner')).rejects.toThrow('RFC 4514')
  await expect(declare('token_endpoint_auth_method: self_signed_tls_client_auth')).rejects.toThrow('needs the public keys')
})

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { clientAuthenticationMethods } from '../../src/clients/authentication/index.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { behindProxy, certificateHeader, newCertificate, newClientAuthority } from '../support/client-certificates.ts'
import { basic, get, post, withoutReference } from '../support/relying-party.ts'
import { ASSERTION_TYPE, newKey, signed } from '../support/strong-client.ts'
import { SECRET } from '../support/world.ts'

// What holds for every client authentication method of the list, at every endpoint that authenticates clients.

let server: TestServer
let own: Awaited<ReturnType<typeof newKey>>
let foreign: Awaited<ReturnType<typeof newKey>>
const authority = newClientAuthority()
const issued = newCertificate({ issuer: authority, subject: [['CN', 'contract']] })
const issuedToAnother = newCertificate({ issuer: authority, subject: [['CN', 'another']] })
const selfMade = newCertificate()
beforeAll(async () => {
  server = await startTestServer({ env: behindProxy(authority) })
  own = await newKey()
  foreign = await newKey()
  const proofs: Readonly<Record<string, string>> = {
    private_key_jwt: `jwks: ${JSON.stringify({ keys: [own.jwk] })}\n`,
    tls_client_auth: 'tls_client_auth_subject_dn: CN=contract\n',
    self_signed_tls_client_auth: `jwks: ${JSON.stringify({ keys: [selfMade.keys.publicKey.export({ format: 'jwk' })] })}\n`,
  }
  const documents = clientAuthenticationMethods.map(({ name }) => `kind: client\nclient_id: with-${name}\n${name.startsWith('client_secret_') ? `client_secret: { value: ${SECRET} }\n` : ''}${proofs[name] ?? ''}application_type: ${name === 'none' ? 'spa' : 'web'}\nredirect_uris: [https://app.example.org/cb]\ntoken_endpoint_auth_method: ${name}\ngrant_types: [authorization_code, refresh_token]\n`)
  await server.apply(documents.join('---\n'))
})
afterAll(() => server.close())

interface Attempt {
  readonly parameters: Readonly<Record<string, string>>
  readonly headers: Readonly<Record<string, string>>
}

// How a client proves itself by each method; a method that is added to the list without a line here fails the suite.
const attempts: Readonly<Record<string, (clientId: string, secret?: string) => Attempt | Promise<Attempt>>> = {
  client_secret_basic: (clientId, secret = SECRET) => ({ parameters: {}, headers: { authorization: basic(clientId, secret) } }),
  client_secret_post: (clientId, secret = SECRET) => ({ parameters: { client_id: clientId, client_secret: secret }, headers: {} }),
  client_secret_jwt: async (clientId, secret = SECRET) => assertion(clientId, 'HS256', Buffer.from(secret)),
  private_key_jwt: async (clientId, secret) => assertion(clientId, 'ES256', (secret === undefined ? own : foreign).keys.privateKey),
  tls_client_auth: (clientId, secret) => ({ parameters: { client_id: clientId }, headers: certificateHeader(secret === undefined ? issued : issuedToAnother) }),
  self_signed_tls_client_auth: (clientId, secret) => ({ parameters: { client_id: clientId }, headers: certificateHeader(secret === undefined ? selfMade : issuedToAnother) }),
  none: (clientId) => ({ parameters: { client_id: clientId }, headers: {} }),
}

async function assertion(clientId: string, alg: string, key: Parameters<typeof signed>[2]): Promise<Attempt> {
  const now = Math.floor(Date.now() / 1000)
  const jwt = await signed({ iss: clientId, sub: clientId, aud: server.issuer, jti: crypto.randomUUID(), iat: now, exp: now + 60 }, { alg }, key)
  return { parameters: { client_assertion_type: ASSERTION_TYPE, client_assertion: jwt }, headers: {} }
}

async function attempt(method: string, clientId: string, secret?: string): Promise<Attempt> {
  const make = attempts[method]
  if (make === undefined) throw new Error(`the contract does not know how a client uses ${method}`)
  return make(clientId, secret)
}

/** A certificate that comes along is no attempt: a public client's binds its tokens, and a client with a secret may show one too. */
const withoutAttempt = (name: string): boolean => clientAuthenticationMethods.find((method) => method.name === name)?.sends === 'client_id'

const ENDPOINTS = [
  ['/oauth/token', { grant_type: 'refresh_token', refresh_token: 'x' }, 'invalid_grant'],
  ['/oauth/revocation', { token: 'x' }, undefined],
  ['/oauth/introspection', { token: 'x' }, undefined],
] as const

describe.each(clientAuthenticationMethods.map(({ name }) => name))('%s', (name) => {
  test.each(ENDPOINTS)('passes at %s', async (path, parameters, error) => {
    const { parameters: proof, headers } = await attempt(name, `with-${name}`)
    const answer = await post(server.issuer, path, { ...parameters, ...proof }, headers)
    if (path === '/oauth/introspection' && name === 'none') expect(answer).toMatchObject({ status: 401, body: { error: 'invalid_client' } })
    else expect(answer.body['error']).toBe(error)
  })

  test.each(ENDPOINTS)('does not pass at %s for a client that registered another method', async (path, parameters) => {
    for (const other of clientAuthenticationMethods.map((method) => method.name).filter((method) => method !== name && !(method === 'none' && withoutAttempt(name)))) {
      const { parameters: proof, headers } = await attempt(name, `with-${other}`)
      expect(await post(server.issuer, path, { ...parameters, ...proof }, headers)).toMatchObject({ status: 401, body: { error: 'invalid_client' } })
    }
  })

  test('does not pass with a wrong secret, and tells nothing of it', async () => {
    if (name === 'none') return
    const { parameters: proof, headers } = await attempt(name, `with-${name}`, 'wrong')
    const { parameters: unknown, headers: unknownHeaders } = await attempt(name, 'nobody-at-all', 'wrong')
    const [wrong, nobody] = [await post(server.issuer, '/oauth/token', { grant_type: 'refresh_token', refresh_token: 'x', ...proof }, headers), await post(server.issuer, '/oauth/token', { grant_type: 'refresh_token', refresh_token: 'x', ...unknown }, unknownHeaders)]
    expect(wrong).toMatchObject({ status: 401, body: { error: 'invalid_client' } })
    expect(withoutReference(wrong)).toBe(withoutReference(nobody))
  })

  test('two methods at once are too many', async () => {
    for (const other of clientAuthenticationMethods.map((method) => method.name).filter((method) => method !== name && !withoutAttempt(method) && !withoutAttempt(name) && !(method.endsWith('_jwt') && name.endsWith('_jwt')))) {
      const [one, two] = [await attempt(name, `with-${name}`), await attempt(other, `with-${name}`)]
      expect(await post(server.issuer, '/oauth/token', { grant_type: 'refresh_token', refresh_token: 'x', ...one.parameters, ...two.parameters }, { ...one.headers, ...two.headers })).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
    }
  })

  test('is advertised', async () => {
    const { body } = await get(server.issuer, '/.well-known/openid-configuration')
    expect(body['token_endpoint_auth_methods_supported']).toContain(name)
  })
})

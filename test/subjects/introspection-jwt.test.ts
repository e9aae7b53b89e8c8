import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose'
import * as oauth from 'oauth4webapi'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../support/app.ts'
import { basic, get, post } from '../support/relying-party.ts'
import { SECRET } from '../support/world.ts'

// An introspection answer as evidence: signed, for the one who asked (RFC 9701).

const SIGNED = 'application/token-introspection+jwt'
let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
  const api = (id: string, more: string): string => `
kind: client
client_id: ${id}
client_secret: { value: ${SECRET} }
client_name: ${id}
application_type: service
scope: openid
${more}`
  await server.apply([api('plain-api', ''), api('elliptic-api', 'introspection_signed_response_alg: EdDSA\n')].join('\n---'))
})
afterAll(() => server.close())

const machine = async (): Promise<string> => String((await post(server.issuer, '/oauth/token', { grant_type: 'client_credentials', scope: 'openid' }, { authorization: basic('robot') })).body['access_token'])

function ask(token: string, accept: string, id = 'plain-api'): Promise<Response> {
  return fetch(`${server.issuer}/oauth/introspection`, { method: 'POST', headers: { authorization: basic(id), accept }, body: new URLSearchParams({ token }) })
}

test('it is a JWT of its own type for the caller, and says what JSON would have said', async () => {
  const token = await machine()
  const plain = (await (await ask(token, 'application/json')).json()) as object
  const response = await ask(token, SIGNED)
  expect(response.headers.get('content-type')).toMatch(/^application\/token-introspection\+jwt/)
  expect(response.headers.get('cache-control')).toBe('no-store')
  const { payload, protectedHeader } = await jwtVerify(await response.text(), createRemoteJWKSet(new URL(`${server.issuer}/.well-known/jwks.json`)), { issuer: server.issuer, audience: 'plain-api', typ: 'token-introspection+jwt' })
  expect(protectedHeader.alg).toBe('RS256')
  expect(Object.keys(payload).toSorted()).toEqual(['aud', 'iat', 'iss', 'token_introspection'])
  expect(payload['token_introspection']).toEqual(plain)
  expect(plain).toMatchObject({ active: true, client_id: 'robot' })
})

test('oauth4webapi checks it, by the algorithm that the caller registered', async () => {
  const as = await oauth.processDiscoveryResponse(new URL(server.issuer), await oauth.discoveryRequest(new URL(server.issuer), { [oauth.allowInsecureRequests]: true }))
  const api: oauth.Client = { client_id: 'elliptic-api', introspection_signed_response_alg: 'EdDSA' }
  const options = { [oauth.allowInsecureRequests]: true, requestJwtResponse: true }
  const response = await oauth.introspectionRequest(as, api, oauth.ClientSecretBasic(SECRET), await machine(), options)
  expect(await oauth.processIntrospectionResponse(as, api, response)).toMatchObject({ active: true, client_id: 'robot' })
  await oauth.validateApplicationLevelSignature(as, response, { [oauth.allowInsecureRequests]: true })
})

test('a dead token is no more than inactive in it either', async () => {
  expect(decodeJwt(await (await ask('ptr_at_nothing', SIGNED)).text())['token_introspection']).toEqual({ active: false })
})

test('it is no access token, and no id token of anybody', async () => {
  const jwt = await (await ask(await machine(), SIGNED)).text()
  expect((await get(server.issuer, '/userinfo', { authorization: `Bearer ${jwt}` })).status).toBe(401)
  expect(await (await ask(jwt, 'application/json')).json()).toEqual({ active: false })
})

describe('who asks for', () => {
  test.each([
    [SIGNED, true],
    [`application/json;q=0.5, ${SIGNED.toUpperCase()}`, true],
    [`${SIGNED};q=0, application/json`, false],
    ['application/json', false],
    ['*/*', false],
    ['text/html, application/token-introspection+jwt-like', false],
  ])('%s', async (accept, isSigned) => {
    const response = await ask(await machine(), accept)
    expect(response.headers.get('vary')).toBe('Accept')
    expect(response.headers.get('content-type')?.startsWith(SIGNED)).toBe(isSigned)
  })
})

import { allowInsecureRequests, processResourceDiscoveryResponse, resourceDiscoveryRequest } from 'oauth4webapi'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../support/app.ts'
import { newBrowser } from '../support/browser.ts'
import { answerOf, authorizationUrl, basic, get, newPkce, obtainCode, post, redeem, walk } from '../support/relying-party.ts'

// A client that knows nothing but the address of userinfo finds out where to get a token for it (RFC 9728).

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

const metadataOf = async (header: string | null): Promise<URL> => new URL(/resource_metadata="([^"]+)"/.exec(header ?? '')?.[1] ?? '')

test('from the refusal to the metadata, from there to the server, and back with a token', async () => {
  const resource = new URL(`${server.issuer}/userinfo`)
  const refused = await fetch(resource)
  expect(refused.status).toBe(401)
  const address = await metadataOf(refused.headers.get('www-authenticate'))
  expect(address.href).toBe(`${server.issuer}/.well-known/oauth-protected-resource/userinfo`)
  const described = await processResourceDiscoveryResponse(resource, await resourceDiscoveryRequest(resource, { [allowInsecureRequests]: true }))
  expect(described).toMatchObject({ resource: resource.href, authorization_servers: [server.issuer], bearer_methods_supported: ['header', 'body'], dpop_signing_alg_values_supported: ['PS256', 'ES256', 'EdDSA'] })
  expect(described.scopes_supported).toEqual(expect.arrayContaining(['openid', 'profile', 'email']))
  const { body } = await redeem(server.issuer, await obtainCode(server.issuer, newBrowser(server.issuer), { resource: described.resource }))
  expect((await get(server.issuer, '/userinfo', { authorization: `Bearer ${body['access_token']}` })).body).toMatchObject({ name: 'Ada Example' })
  const { body: seen } = await post(server.issuer, '/oauth/introspection', { token: String(body['access_token']) }, { authorization: basic('planner') })
  expect(seen['aud']).toBe(resource.href)
})

test('the server as a whole is described too, for scripts of any origin', async () => {
  const response = await fetch(`${server.issuer}/.well-known/oauth-protected-resource`, { headers: { origin: 'https://anywhere.example' } })
  expect(response.headers.get('access-control-allow-origin')).toBe('*')
  expect(await response.json()).toMatchObject({ resource: server.issuer, jwks_uri: `${server.issuer}/.well-known/jwks.json` })
})

describe('every refusal says where to read on', () => {
  test.each([
    ['a token of nobody', { authorization: 'Bearer nonsense' }, /^Bearer error="invalid_token", error_description="[^"]+", resource_metadata="[^"]+"$/],
    ['a token of nobody, with a proof', { authorization: 'DPoP nonsense' }, /^DPoP error="invalid_token", error_description="[^"]+", algs="[^"]+", resource_metadata="[^"]+"$/],
    ['no token', {}, /^Bearer resource_metadata="[^"]+", DPoP algs="[^"]+", resource_metadata="[^"]+"$/],
  ])('%s', async (_name, headers, challenge) => {
    expect((await get(server.issuer, '/userinfo', headers as Record<string, string>)).headers.get('www-authenticate')).toMatch(challenge)
  })

  test('a token without a person, and one that is for another API', async () => {
    const machine = await post(server.issuer, '/oauth/token', { grant_type: 'client_credentials', scope: 'openid' }, { authorization: basic('robot') })
    expect((await get(server.issuer, '/userinfo', { authorization: `Bearer ${machine.body['access_token']}` })).headers.get('www-authenticate')).toMatch(/error="insufficient_scope".*scope="openid", resource_metadata="[^"]+"$/)
    const pkce = newPkce()
    const browser = newBrowser(server.issuer)
    const code = answerOf(await walk(browser, await browser.open(authorizationUrl(server.issuer, pkce, { resource: 'https://calendar.example.org' })))).get('code') ?? ''
    const { body } = await redeem(server.issuer, { code, pkce })
    expect((await get(server.issuer, '/userinfo', { authorization: `Bearer ${body['access_token']}` })).headers.get('www-authenticate')).toMatch(/for another resource", resource_metadata="[^"]+"$/)
  })
})

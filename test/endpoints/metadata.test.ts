import { afterAll, beforeAll, expect, test } from 'vitest'
import { offeredMethods } from '../../src/clients/authentication/offered-methods.ts'
import { grantTypes } from '../../src/grants/index.ts'
import { responseTypes } from '../../src/authorization-request/response-types.ts'
import { responseModes } from '../../src/authorization-request/response-modes/index.ts'
import { PUBLISHED_BEFORE_USE_SECONDS, rotateKeys } from '../../src/keys/store.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { newBrowser } from '../support/browser.ts'
import { get, obtainCode, redeem } from '../support/relying-party.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

const METADATA = '/.well-known/openid-configuration'

test('both documents say the same, and what they say comes from the lists', async () => {
  const { body } = await get(server.issuer, METADATA)
  expect((await get(server.issuer, '/.well-known/oauth-authorization-server')).body).toEqual(body)
  expect(body).toMatchObject({
    issuer: server.issuer,
    grant_types_supported: [...grantTypes.map(({ type }) => type), 'implicit'],
    token_endpoint_auth_methods_supported: offeredMethods(server.ctx.config),
    response_modes_supported: [...responseModes.map(({ name }) => name), 'jwt'],
    response_types_supported: responseTypes.map(({ type }) => type),
    code_challenge_methods_supported: ['S256'],
    subject_types_supported: ['public', 'pairwise'],
    authorization_response_iss_parameter_supported: true,
    request_parameter_supported: true,
    request_uri_parameter_supported: false,
    claims_parameter_supported: true,
  })
  expect(body['id_token_signing_alg_values_supported']).toContain('RS256')
  expect(body['scopes_supported']).toContain('openid')
})

test('every endpoint that is advertised answers', async () => {
  const { body } = await get(server.issuer, METADATA)
  const addresses = Object.entries(body).filter(([name]) => name.endsWith('_endpoint') || name === 'jwks_uri')
  expect(addresses.length).toBeGreaterThan(6)
  for (const [, address] of addresses) {
    expect(String(address).startsWith(`${server.issuer}/`)).toBe(true)
    expect((await fetch(String(address), { redirect: 'manual' })).status).not.toBe(404)
  }
})

test('the keys are public, named, and one of each algorithm', async () => {
  const keys = (await get(server.issuer, '/.well-known/jwks.json')).body['keys'] as Record<string, unknown>[]
  expect(keys.map(({ alg }) => alg).toSorted()).toEqual(['ES256', 'EdDSA', 'RS256'])
  expect(new Set(keys.map(({ kid }) => kid)).size).toBe(keys.length)
  for (const key of keys) {
    expect(key).toMatchObject({ use: 'sig' })
    for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) expect(key).not.toHaveProperty(secret)
  }
})

test('a new key is published before it signs, and the old one stays', async () => {
  const { issuer, ctx } = server
  const kidOf = async () => {
    const { body } = await redeem(issuer, await obtainCode(issuer, newBrowser(issuer)))
    return (JSON.parse(Buffer.from(String(body['id_token']).split('.')[0] ?? '', 'base64url').toString()) as { kid: string }).kid
  }
  const published = async () => ((await get(issuer, '/.well-known/jwks.json')).body['keys'] as { kid: string; alg: string }[]).map(({ kid }) => kid)
  const old = await kidOf()
  const made = await rotateKeys(ctx.db, ctx.sealing, 0)
  expect(await published()).toEqual(expect.arrayContaining([...made, old]))
  expect(await kidOf()).toBe(old)
  await server.advance(PUBLISHED_BEFORE_USE_SECONDS + 1)
  const fresh = await kidOf()
  expect(made).toContain(fresh)
  expect(await published()).toContain(old)
  await server.advance(90_000)
  expect(await published()).not.toContain(old)
})

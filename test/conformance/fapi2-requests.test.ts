import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pageName } from '../support/browser.ts'
import { get, newPkce, post } from '../support/relying-party.ts'
import { newKey, underRs256 } from '../support/strong-client.ts'
import { expectRefusal, type Fapi, type Pushing, startFapi, tokensOf, variants, walkTo } from './fapi.ts'

// The OpenID Foundation's FAPI 2.0 modules about the request, each under its own name: what is pushed, what is refused there with which
// code, and what the browser gets.

const BAD_REQUEST = ['invalid_request', 'invalid_request_object']
const NOT_THE_CLIENT = ['invalid_client', 'invalid_request']

describe.each(variants)('$name', (variant) => {
  let fapi: Fapi
  beforeAll(async () => {
    fapi = await startFapi(variant)
  })
  afterAll(() => fapi.close())

  /** Refused when it is pushed, before any browser. */
  async function refused(pushing: Pushing, codes: string | readonly string[], statuses: readonly number[] = [400]): Promise<void> {
    expectRefusal(await fapi.push(pushing), codes, statuses)
  }

  test('discovery-end-point-verification', async () => {
    const { body } = await get(fapi.server.issuer, variant.openid ? '/.well-known/openid-configuration' : '/.well-known/oauth-authorization-server')
    expect(body).toMatchObject({
      issuer: fapi.server.issuer,
      response_types_supported: expect.arrayContaining(['code']),
      pushed_authorization_request_endpoint: `${fapi.server.issuer}/oauth/par`,
      authorization_response_iss_parameter_supported: true,
      code_challenge_methods_supported: expect.arrayContaining(['S256']),
      token_endpoint_auth_methods_supported: expect.arrayContaining(['private_key_jwt']),
      token_endpoint_auth_signing_alg_values_supported: expect.arrayContaining(['PS256', 'ES256', 'EdDSA']),
      dpop_signing_alg_values_supported: expect.arrayContaining(['PS256', 'ES256', 'EdDSA']),
      response_modes_supported: expect.arrayContaining(['jwt']),
      request_object_signing_alg_values_supported: expect.arrayContaining(['PS256', 'ES256', 'EdDSA']),
    })
  })

  describe('what is in the request', () => {
    test('ensure-authorization-request-without-state-success', async () => {
      const { answer, code } = await walkTo(fapi, { parameters: { state: undefined } })
      expect(code).not.toBeNull()
      expect(answer.has('state')).toBe(false)
    })

    test('state-only-outside-request-object-not-used', async () => {
      const { answer } = await walkTo(fapi, { parameters: { state: undefined } }, { state: 'outside' })
      expect(answer.has('state')).toBe(false)
    })

    test('ensure-different-state-inside-and-outside-request-object', async () => {
      expect((await walkTo(fapi, {}, { state: 'outside' })).answer.get('state')).toBe('the-state')
    })

    test('ensure-authorization-request-with-long-state', async () => {
      const state = 'x'.repeat(1024)
      expect((await walkTo(fapi, { parameters: { state } })).answer.get('state')).toBe(state)
    })

    test('ensure-other-scope-order-succeeds', async () => {
      const { tokens } = await tokensOf(fapi, { parameters: { scope: variant.openid ? 'profile openid' : 'gk_calendar profile' } })
      expect(tokens.status).toBe(200)
    })

    test('ensure-response-type-code-idtoken-fails', () => refused({ parameters: { response_type: 'code id_token' } }, ['unsupported_response_type', 'invalid_request', 'unauthorized_client']))
    test('ensure-response-type-token-fails', () => refused({ parameters: { response_type: 'token' } }, ['unsupported_response_type', 'invalid_request', 'unauthorized_client']))
    test('ensure-request-object-without-redirect-uri-fails', () => refused({ parameters: { redirect_uri: undefined } }, BAD_REQUEST))
    test('ensure-redirect-uri-in-authorization-request', () => refused({ parameters: { redirect_uri: undefined } }, BAD_REQUEST))
    test('plain-fapi-tolerate-unregistered-redirect-uri', () => refused({ parameters: { redirect_uri: 'https://elsewhere.example.org/callback' } }, BAD_REQUEST))
    test('par-ensure-pkce-required', () => refused({ pkce: undefined }, 'invalid_request'))
    test('par-plain-pkce-rejected', () => refused({ parameters: { code_challenge_method: 'plain' } }, 'invalid_request'))
  })

  describe('how it comes', () => {
    test('ensure-unsigned-authorization-request-without-using-par-fails', async () => {
      const { challenge } = newPkce()
      const { one, server, browser } = fapi
      const query = { client_id: one.clientId, response_type: 'code', redirect_uri: one.redirectUri, scope: 'profile', state: 'the-state', code_challenge: challenge, code_challenge_method: 'S256' }
      const page = await browser.open(`${server.issuer}/oauth/authorization?${new URLSearchParams(query)}`)
      expect([page.status, pageName(page)]).toEqual([400, 'error'])
      expect(page.html).toContain('invalid_request')
    })

    test('par-without-duplicate-parameters', async () => {
      expect((await walkTo(fapi)).code).not.toBeNull()
    })

    test('par-authorization-request-containing-request_uri-form-param', async () => {
      await refused({ outside: { request_uri: 'urn:ietf:params:oauth:request_uri:ptr_ru_x' } }, [...BAD_REQUEST, 'request_uri_not_supported'])
    })

    test('par-attempt-invalid-http-method', async () => {
      expect((await get(fapi.server.issuer, '/oauth/par')).status).toBe(405)
    })

    test('par-ensure-reused-request-uri-prior-to-auth-completion-succeeds', async () => {
      const pushed = await fapi.push()
      const query = new URLSearchParams({ client_id: 'one', request_uri: String(pushed.body['request_uri']) })
      expect(pageName(await fapi.browser.open(`${fapi.server.issuer}/oauth/authorization?${query}`))).not.toBe('error')
      expect((await fapi.read(await fapi.open(pushed.body['request_uri']))).has('code')).toBe(true)
    })

    test('par-attempt-reuse-request_uri', async () => {
      const pushed = await fapi.push()
      await fapi.open(pushed.body['request_uri'])
      const page = await fapi.open(pushed.body['request_uri'])
      expect(page).toMatchObject({ status: 400 })
      expect(page.html).toContain('invalid_request_uri')
    })

    test('par-attempt-to-use-expired-request_uri', async () => {
      const pushed = await fapi.push()
      await fapi.server.advance(Number(pushed.body['expires_in']) + 1)
      const page = await fapi.open(pushed.body['request_uri'])
      expect(page).toMatchObject({ status: 400 })
      expect(page.html).toContain('invalid_request_uri')
    })

    test('par-attempt-to-use-request_uri-for-different-client', async () => {
      const pushed = await fapi.push()
      const page = await fapi.open(pushed.body['request_uri'], fapi.two)
      expect(page).toMatchObject({ status: 400 })
      expect(page.html).toContain('invalid_request_uri')
    })
  })

  describe('who pushes it', () => {
    test('par-test-array-as-audience-fails', () => refused({ assertion: { aud: [fapi.server.issuer] } }, NOT_THE_CLIENT, [400, 401]))
    test('par-test-par-endpoint-url-as-audience-fails', () => refused({ assertion: { aud: `${fapi.server.issuer}/oauth/par` } }, NOT_THE_CLIENT, [400, 401]))
    test('par-test-token-endpoint-url-as-audience-fails', () => refused({ assertion: { aud: `${fapi.server.issuer}/oauth/token` } }, NOT_THE_CLIENT, [400, 401]))

    test('par-ensure-jwt-client-assertions-nbf-8-seconds-in-the-future-is-accepted', async () => {
      expect((await fapi.push({ assertion: { nbf: fapi.now() + 8 } })).status).toBe(201)
    })

    test('par-ensure-jwt-client-assertions-nbf-over-60-seconds-in-the-future-fails', async () => {
      const later = fapi.now() + 70
      await refused({ assertion: { iat: later, nbf: later, exp: later + 60 } }, NOT_THE_CLIENT, [400, 401])
    })
  })

  describe('keys of DPoP', () => {
    const proofAtPar = (changes = {}): Promise<string> => fapi.prove('/oauth/par', changes)

    test('ensure-mismatched-dpop-jkt-fails', async () => {
      await refused({ proof: await proofAtPar(), parameters: { dpop_jkt: 'x'.repeat(43) } }, ['invalid_request', 'invalid_dpop_proof'])
    })

    test.each([-10, 10])('ensure-dpopproof-with-iat-10seconds-before-succeeds, ensure-dpopproof-with-iat-10seconds-after-succeeds: at PAR, %i s', async (shift) => {
      expect((await fapi.push({ proof: await proofAtPar({ iat: fapi.now() + shift }) })).status).toBe(201)
    })
  })

  // Message signing only: what is pushed is a signed object.
  if (variant.messageSigning) describe('the request object', () => {
    const HOUR = 3600
    const object = (claims: Pushing['claims'], more: Pushing = {}): Promise<void> => refused({ claims: claims ?? {}, ...more }, 'invalid_request_object')

    test('ensure-request-object-with-multiple-aud-succeeds', async () => {
      expect((await fapi.push({ claims: { aud: [fapi.server.issuer, 'https://other.example'] } })).status).toBe(201)
    })

    test('ensure-request-object-with-nbf-8-seconds-in-the-future-is-accepted', async () => {
      expect((await fapi.push({ claims: { nbf: fapi.now() + 8 } })).status).toBe(201)
    })

    test('ensure-request-object-without-exp-fails', () => object({ exp: undefined }))
    test('ensure-request-object-without-nbf-fails', () => object({ nbf: undefined }))
    test('ensure-expired-request-object-fails', () => object({ exp: fapi.now() - 60 }))
    test('ensure-request-object-with-bad-aud-fails', () => object({ aud: 'https://other.example' }))
    test('ensure-request-object-with-exp-over-60-fails', () => object({ exp: fapi.now() + HOUR + 600 }))
    test('ensure-request-object-with-nbf-over-60-fails', () => object({ nbf: fapi.now() - HOUR - 600 }))
    test('par-authorization-request-containing-request_uri', () => object({ request_uri: 'urn:ietf:params:oauth:request_uri:x' }))

    test('ensure-signed-request-object-with-RS256-fails', async () => {
      const key = await underRs256(fapi.one)
      await object({}, { header: { alg: 'RS256' }, key })
    })

    test('ensure-request-object-signature-algorithm-is-not-none', async () => {
      const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
      const now = fapi.now()
      const unsigned = `${part({ alg: 'none' })}.${part({ iss: 'one', aud: fapi.server.issuer, client_id: 'one', nbf: now, exp: now + 60 })}.`
      await refused({ outside: { request: unsigned } }, 'invalid_request_object')
    })

    test('ensure-request-object-with-invalid-signature-fails', async () => object({}, { key: (await newKey('PS256')).keys.privateKey }))
    test('ensure-matching-key-in-authorization-request', () => refused({ header: { alg: 'ES256', kid: fapi.two.jwk.kid }, key: fapi.two.keys.privateKey }, BAD_REQUEST))

    test('ensure-unsigned-request-at-par-endpoint-fails', async () => {
      const { challenge } = newPkce()
      await refused({ outside: { request: undefined, response_type: 'code', redirect_uri: fapi.one.redirectUri, scope: 'profile', code_challenge: challenge, code_challenge_method: 'S256' } }, 'invalid_request')
    })
  })

  test('a push by nobody is refused', async () => {
    expectRefusal(await post(fapi.server.issuer, '/oauth/par', { client_id: 'one', response_type: 'code' }), NOT_THE_CLIENT, [400, 401])
  })
})

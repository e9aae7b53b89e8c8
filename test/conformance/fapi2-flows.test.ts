import { calculateJwkThumbprint, decodeJwt, decodeProtectedHeader } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pageName } from '../support/browser.ts'
import { get, newPkce, type Parameters, post } from '../support/relying-party.ts'
import { ASSERTION_TYPE, assertionOf, newKey, underRs256 } from '../support/strong-client.ts'
import { crossed, expectRefusal, type Fapi, startFapi, tokensOf, variants, walkTo } from './fapi.ts'

// The OpenID Foundation's FAPI 2.0 modules about the answer, the code and the tokens, each under its own name.

const NOT_HELD = ['invalid_request', 'invalid_grant', 'invalid_dpop_proof']
const NOT_THE_CLIENT = ['invalid_client', 'invalid_request']

async function happyFlow(fapi: Fapi, name: 'one' | 'two'): Promise<void> {
  const { server, variant } = fapi
  const as = fapi[name]
  const { answer, tokens } = await tokensOf(fapi, { as })
  expect(answer.get('state')).toBe('the-state')
  expect(answer.get('iss')).toBe(server.issuer)
  const resource = await fapi.resource(tokens.body['access_token'])
  expect(resource.status).toBe(200)
  expect(resource.headers.get('date')).not.toBeNull()
  if (variant.openid) expect(decodeJwt(String(tokens.body['id_token']))).toMatchObject({ iss: server.issuer, aud: as.clientId, nonce: 'the-nonce' })
  else expect(tokens.body).not.toHaveProperty('id_token')
  // FAPI 2.0 §5.4.1: what we sign for such a client has no RS256 either.
  if (variant.openid) expect(decodeProtectedHeader(String(tokens.body['id_token'])).alg).toBe('ES256')
}

test.each(crossed)('happy-flow: $name', async (variant) => {
  const fapi = await startFapi(variant)
  try {
    await happyFlow(fapi, 'one')
  } finally {
    await fapi.close()
  }
})

describe.each(variants)('$name', (variant) => {
  let fapi: Fapi
  beforeAll(async () => {
    fapi = await startFapi(variant)
  })
  afterAll(() => fapi.close())

  describe('the way that is meant', () => {
    test.each(['one', 'two'] as const)('happy-flow: client %s', (name) => happyFlow(fapi, name))

    test('user-rejects-authentication', async () => {
      const pushed = await fapi.push()
      const { browser, server } = fapi
      await tokensOf(fapi)
      const page = await browser.open(`${server.issuer}/oauth/authorization?${new URLSearchParams({ client_id: 'one', request_uri: String(pushed.body['request_uri']) })}`)
      const asked = pageName(page) === 'chooser' ? await browser.submit(page, 'account', { account: /data-account="([^"]+)"/.exec(page.html)?.[1] ?? '' }) : page
      expect(pageName(asked)).toBe('consent')
      const answer = await fapi.read(await browser.submit(asked, 'decision', { decision: 'deny' }))
      expect([answer.get('error'), answer.get('state'), answer.get('iss')]).toEqual(['access_denied', 'the-state', server.issuer])
    })

    test('ensure-dpopproof-at-par-endpoint-binding-success', async () => {
      await tokensOf(fapi, { proof: await fapi.prove('/oauth/par') })
    })

    test('check-dpop-proof-nbf-exp', async () => {
      const now = fapi.now()
      const { code, pkce } = await walkTo(fapi)
      expect((await fapi.redeem(code, { pkce, proof: await fapi.prove('/oauth/token', { nbf: now - 10, exp: now + 60 }) })).status).toBe(200)
    })

    test.each([-10, 10])('ensure-dpopproof-with-iat-10seconds-before-succeeds, ensure-dpopproof-with-iat-10seconds-after-succeeds: at token and resource, %i s', async (shift) => {
      const { code, pkce } = await walkTo(fapi)
      const tokens = await fapi.redeem(code, { pkce, proof: await fapi.prove('/oauth/token', { iat: fapi.now() + shift }) })
      expect(tokens.status).toBe(200)
    })
  })

  if (variant.openid) describe('with OpenID Connect', () => {
    const idToken = async (parameters: Parameters): Promise<Record<string, unknown>> => decodeJwt(String((await tokensOf(fapi, { parameters })).tokens.body['id_token']))

    test('ensure-authorization-request-without-nonce-success', async () => {
      expect(await idToken({ nonce: undefined })).not.toHaveProperty('nonce')
    })

    test('ensure-authorization-request-with-64-char-nonce-success', async () => {
      expect((await idToken({ nonce: 'n'.repeat(64) }))['nonce']).toBe('n'.repeat(64))
    })

    test('ensure-authorization-request-with-long-nonce', async () => {
      expect((await idToken({ nonce: 'n'.repeat(384) }))['nonce']).toBe('n'.repeat(384))
    })

    test('ensure-different-nonce-inside-and-outside-request-object', async () => {
      const { code, pkce } = await walkTo(fapi, {}, { nonce: 'outside' })
      expect(decodeJwt(String((await fapi.redeem(code, { pkce })).body['id_token']))['nonce']).toBe('the-nonce')
    })

    test('test-claims-parameter-identity-claims', async () => {
      const { body } = await get(fapi.server.issuer, '/.well-known/openid-configuration')
      expect(body['claims_parameter_supported']).toBe(true)
      const has = ['name', 'given_name', 'family_name', 'email', 'email_verified', 'phone_number', 'address', 'groups']
      expect(body['claims_supported']).toEqual(expect.arrayContaining(has))
      const wishes = Object.fromEntries(has.map((name) => [name, { essential: true }]))
      const { tokens } = await tokensOf(fapi, { parameters: { claims: JSON.stringify({ userinfo: wishes, id_token: wishes }) } })
      const userinfo = await fapi.resource(tokens.body['access_token'])
      for (const name of has) {
        expect(userinfo.body).toHaveProperty(name)
        expect(decodeJwt(String(tokens.body['id_token']))).toHaveProperty(name)
      }
    })
  })

  describe('the code', () => {
    test('ensure-pkce-code-verifier-required', async () => {
      const { code, pkce } = await walkTo(fapi)
      expectRefusal(await fapi.redeem(code, { pkce, changes: { code_verifier: undefined } }), 'invalid_grant')
    })

    test('incorrect-pkce-code-verifier-rejected', async () => {
      const { code } = await walkTo(fapi)
      expectRefusal(await fapi.redeem(code, { pkce: newPkce() }), 'invalid_grant')
    })

    test('ensure-authorization-code-is-bound-to-client', async () => {
      const { code, pkce } = await walkTo(fapi)
      expectRefusal(await fapi.redeem(code, { pkce, as: fapi.two, changes: { redirect_uri: fapi.one.redirectUri } }), 'invalid_grant')
    })

    test('attempt-reuse-authorization-code-after-one-second', async () => {
      const { code, pkce, tokens } = await tokensOf(fapi)
      await fapi.server.advance(1)
      expectRefusal(await fapi.redeem(code, { pkce }), 'invalid_grant')
      expect((await fapi.resource(tokens.body['access_token'])).status).toBe(401)
    })

    test('ensure-token-endpoint-fails-with-expired-auth-code', async () => {
      const { code, pkce } = await walkTo(fapi)
      await fapi.server.advance(61)
      expectRefusal(await fapi.redeem(code, { pkce }), 'invalid_grant')
    })

    test('ensure-dpop-auth-code-binding-success, ensure-token-endpoint-fails-with-mismatched-dpop-jkt', async () => {
      const { keys, jwk } = await newKey()
      const jkt = await calculateJwkThumbprint(jwk)
      const { code, pkce } = await walkTo(fapi, { parameters: { dpop_jkt: jkt } })
      expectRefusal(await fapi.redeem(code, { pkce }), NOT_HELD)
      expect((await fapi.redeem(code, { pkce, proof: await fapi.prove('/oauth/token', {}, 'POST', keys) })).status).toBe(200)
    })

    test('ensure-token-endpoint-fails-with-mismatched-dpop-proof-jkt', async () => {
      const { keys } = await newKey()
      const { code, pkce } = await walkTo(fapi, { proof: await fapi.prove('/oauth/par', {}, 'POST', keys) })
      expectRefusal(await fapi.redeem(code, { pkce }), NOT_HELD)
    })
  })

  describe('who redeems it', () => {
    test('ensure-holder-of-key-required', async () => {
      const { code, pkce } = await walkTo(fapi)
      expectRefusal(await fapi.redeem(code, { pkce, proof: undefined }), NOT_HELD)
    })

    test('ensure-client-id-in-token-endpoint', async () => {
      const { code, pkce } = await walkTo(fapi)
      expectRefusal(await fapi.redeem(code, { pkce, changes: { client_id: 'two' } }), ['invalid_client', 'invalid_grant'], [400, 401])
    })

    test('ensure-client-assertion-in-token-endpoint', async () => {
      const { code, pkce } = await walkTo(fapi)
      expectRefusal(await fapi.redeem(code, { pkce, changes: { client_id: 'one', client_assertion: undefined, client_assertion_type: undefined } }), NOT_THE_CLIENT, [400, 401])
    })

    test('ensure-signed-client-assertion-with-RS256-fails', async () => {
      const { code, pkce } = await walkTo(fapi)
      const key = await underRs256(fapi.one)
      const now = fapi.now()
      const client_assertion = await assertionOf(fapi.server, fapi.one, { iat: now, exp: now + 60 }, { alg: 'RS256' }, key)
      expectRefusal(await fapi.redeem(code, { pkce, changes: { client_assertion, client_assertion_type: ASSERTION_TYPE } }), 'invalid_client', [400, 401])
    })

    test.each([
      ['ensure-client-assertion-with-exp-is-5-minutes-in-past-fails', () => ({ exp: fapi.now() - 300 })],
      ['ensure-client-assertion-with-wrong-aud-fails', () => ({ aud: 'https://other.example' })],
      ['ensure-client-assertion-with-no-sub-fails', () => ({ sub: undefined })],
    ])('%s', async (_name, assertion) => {
      const { code, pkce } = await walkTo(fapi)
      expectRefusal(await fapi.redeem(code, { pkce, assertion: assertion() }), NOT_THE_CLIENT, [400, 401])
    })
  })

  test('refresh-token', async () => {
    const scope = `${variant.openid ? 'openid ' : ''}profile offline_access`
    const { tokens } = await tokensOf(fapi, { parameters: { scope } })
    const token = String(tokens.body['refresh_token'])
    const refresh = (changes: Parameters, proof?: string, as = fapi.one) => assertionOf(fapi.server, as, { iat: fapi.now(), exp: fapi.now() + 60 }).then((client_assertion) => post(fapi.server.issuer, '/oauth/token', { grant_type: 'refresh_token', refresh_token: token, client_assertion_type: ASSERTION_TYPE, client_assertion, ...changes }, proof === undefined ? {} : { dpop: proof }))
    const first = await refresh({}, await fapi.prove('/oauth/token'))
    expect(first.headers.get('cache-control')).toBe('no-store')
    // FAPI 2.0 §5.3.2.1: not rotated, so the one that the client has goes on.
    expect(first.body['refresh_token']).toBe(token)
    await fapi.server.advance(31)
    expect((await refresh({}, await fapi.prove('/oauth/token'))).status).toBe(200)
    expectRefusal(await refresh({}), [...NOT_HELD, 'invalid_client'], [400, 401])
    expectRefusal(await refresh({ client_id: 'one', client_assertion: undefined, client_assertion_type: undefined }, await fapi.prove('/oauth/token')), NOT_THE_CLIENT, [400, 401])
    expectRefusal(await refresh({}, await fapi.prove('/oauth/token'), fapi.two), ['invalid_grant'])
  })

  test('access-token-type-header-case-sensitivity', async () => {
    const { tokens } = await tokensOf(fapi)
    for (const scheme of ['dpop', 'DPOP', 'dPoP']) expect((await fapi.resource(tokens.body['access_token'], { scheme })).status).toBe(200)
    expect((await fapi.resource(tokens.body['access_token'], { scheme: 'Bearer', proof: undefined })).status).toBe(401)
  })
})

import { decodeProtectedHeader, exportJWK, generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TestServer } from '../support/app.ts'
import { type Browser, newBrowser, pageName, type Page } from '../support/browser.ts'
import { get, providerLink } from '../support/relying-party.ts'
import { checkTokenError, checkTokenResponse, claimsOf } from './checks.ts'
import { answerAt, exchange, expectErrorPage, open, type Party, received, redeem, register, registerParty, request, signIn, startProvider } from './party.ts'
import { stories } from './stories.ts'
import { startSuite, type Suite } from './suite.ts'

// The dynamic plan: clients that registered themselves, with keys at an address of theirs.

let server: TestServer
let suite: Suite
let first: Signer
let browser: Browser
beforeAll(async () => {
  ;[server, suite, first] = await Promise.all([startProvider(), startSuite(), newSigner('first')])
  browser = newBrowser(server.issuer)
})
afterAll(() => Promise.all([server.close(), suite.close()]))

type Key = Awaited<ReturnType<typeof generateKeyPair>>['privateKey']

interface Signer {
  readonly kid: string
  readonly key: Key
  /** The set that a client publishes. */
  readonly set: string
}

async function newSigner(kid: string): Promise<Signer> {
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true })
  return { kid, key: privateKey, set: JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid, alg: 'RS256', use: 'sig' }] }) }
}

function sign({ kid, key }: Pick<Signer, 'kid' | 'key'>, claims: JWTPayload): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid }).sign(key)
}

function assertion(clientId: string, signer: Pick<Signer, 'kid' | 'key'>): Promise<string> {
  const now = Math.floor(server.ctx.clock.now() / 1000)
  return sign(signer, { iss: clientId, sub: clientId, aud: server.issuer, jti: crypto.randomUUID(), iat: now, exp: now + 60 })
}

interface KeyedParty {
  readonly party: Party
  /** Where its keys are. */
  readonly jwks: string
}

/** A client that proves itself by a key that the server has to fetch. */
async function keyed(responseType = 'code', metadata: object = {}): Promise<KeyedParty> {
  const jwks = `/jwks/${crypto.randomUUID()}`
  suite.publish(jwks, first.set)
  const party = await registerParty({ server, responseType }, { token_endpoint_auth_method: 'private_key_jwt', jwks_uri: suite.at(jwks), ...metadata })
  expect(party.secret).toBe('undefined')
  return { party: { ...party, browser, assert: () => assertion(party.clientId, first) }, jwks }
}

/** The page on which a newcomer types the password. */
async function loginPage(metadata: object): Promise<Page> {
  const party = await registerParty({ server, responseType: 'code' }, metadata)
  const newcomer = newBrowser(server.issuer)
  const page = await newcomer.open(providerLink(await newcomer.open(request(party).url), 'ntu'))
  expect(pageName(page)).toBe('login')
  return page
}

describe.each(['code', 'code id_token', 'id_token token'])('%s', (responseType) => {
  test.each(['oidcc-server', 'oidcc-ensure-request-object-with-redirect-uri'])('%s', async (module) => {
    await stories[module]?.((await keyed(responseType)).party)
  })

  test('oidcc-idtoken-rs256', async () => {
    const { idToken } = await signIn((await keyed(responseType, { id_token_signed_response_alg: 'RS256' })).party)
    expect(decodeProtectedHeader(idToken).alg).toBe('RS256')
  })

  test('oidcc-userinfo-rs256', async () => {
    expect((await get(server.issuer, '/.well-known/openid-configuration')).body['userinfo_signing_alg_values_supported']).toContain('RS256')
    const { party } = await keyed(responseType, { userinfo_signed_response_alg: 'RS256' })
    const asked = request(party)
    const answer = answerAt(party, await open(party, asked), asked)
    const token = answer.get('access_token') ?? (await redeem(party, answer.get('code'))).body['access_token']
    const response = await fetch(`${server.issuer}/userinfo`, { headers: { authorization: `Bearer ${token}` } })
    expect([response.status, response.headers.get('content-type')]).toEqual([200, expect.stringMatching(/^application\/jwt/)])
    const jwt = await response.text()
    expect(decodeProtectedHeader(jwt).alg).toBe('RS256')
    const claims = await claimsOf(server, jwt, party.clientId)
    expect(claims.sub).toEqual(expect.any(String))
    expect(claims).not.toHaveProperty('nonce')
  })

  test('oidcc-redirect-uri-query-OK', async () => {
    const redirectUri = 'https://query.example.org/callback?foo=bar'
    const { party } = await keyed(responseType, { redirect_uris: [redirectUri] })
    const asked = request({ ...party, redirectUri })
    const page = await open(party, asked)
    expect(new URL(page.url).searchParams.get('foo')).toBe('bar')
    await received({ ...party, redirectUri }, asked, page)
  })

  test('oidcc-request-uri-signed-rs256', async () => {
    const path = `/request/${crypto.randomUUID()}`
    const { party } = await keyed(responseType, { request_uris: [suite.at(path)] })
    const inside = request(party)
    suite.publish(path, await sign(first, { ...inside.parameters, iss: party.clientId, aud: server.issuer }), 'application/oauth-authz-req+jwt')
    // Only what the specification asks for stands outside; state and nonce are inside.
    const url = `${server.issuer}/oauth/authorization?${new URLSearchParams({ client_id: party.clientId, response_type: responseType, scope: 'openid', request_uri: suite.at(path) })}`
    await received(party, inside, await open(party, { ...inside, url }))
  })
})

describe('what is registered', () => {
  test('oidcc-registration-jwks-uri', async () => {
    const { party, jwks } = await keyed()
    const { tokens } = await signIn(party)
    expect(tokens?.status).toBe(200)
    expect(suite.heard.filter(({ path }) => path === jwks)).toHaveLength(1)
    const stranger = await generateKeyPair('RS256')
    const asked = request(party)
    const code = answerAt(party, await open(party, asked), asked).get('code')
    checkTokenError(await redeem({ ...party, assert: () => assertion(party.clientId, { kid: 'first', key: stranger.privateKey }) }, code), 'invalid_client', 401)
  })

  test('oidcc-registration-logo-uri', async () => {
    const page = await loginPage({ logo_uri: 'https://logo.example.org/logo.png' })
    expect(page.html).toMatch(/<img[^>]* src="https:\/\/logo\.example\.org\/logo\.png"/)
    expect(page.headers.get('content-security-policy')).toMatch(/img-src [^;]*https:\/\/logo\.example\.org/)
  })

  test.each([
    ['oidcc-registration-policy-uri', 'policy_uri'],
    ['oidcc-registration-tos-uri', 'tos_uri'],
  ])('%s', async (_module, member) => {
    const uri = `https://rp.example.org/${member}`
    expect((await loginPage({ [member]: uri })).html).toMatch(new RegExp(`<a [^>]*href="${uri}"`))
  })

  test('oidcc-redirect-uri-regfrag', async () => {
    checkTokenError(await register(server, { redirect_uris: ['https://rp.example.org/callback#fragment'] }), 'invalid_redirect_uri')
  })

  test('the values of a response type are in no order', async () => {
    const { status, body } = await register(server, { redirect_uris: ['https://rp.example.org/callback'], grant_types: ['implicit'], response_types: ['token id_token'] })
    expect([status, body['response_types']]).toEqual([201, ['id_token token']])
    for (const type of ['code magic', 'token token id_token', '']) checkTokenError(await register(server, { redirect_uris: ['https://rp.example.org/callback'], grant_types: ['authorization_code', 'implicit'], response_types: [type] }), 'invalid_client_metadata')
  })
})

describe('where answers go', () => {
  test('oidcc-ensure-redirect-uri-in-authorization-request', async () => {
    const party = await registerParty({ server, responseType: 'code' }, { redirect_uris: ['https://rp.example.org/one', 'https://rp.example.org/two'] })
    expectErrorPage(await party.browser.open(request(party, { redirect_uri: undefined }).url))
  })

  test('oidcc-redirect-uri-query-mismatch', async () => {
    const party = await registerParty({ server, responseType: 'code' }, { redirect_uris: ['https://rp.example.org/callback?foo=bar'] })
    for (const query of ['?foo=baz', '?foo=bar&foo=bar', '?FOO=bar', '']) expectErrorPage(await party.browser.open(request(party, { redirect_uri: `https://rp.example.org/callback${query}` }).url))
  })

  test('oidcc-redirect-uri-query-added', async () => {
    const party = await registerParty({ server, responseType: 'code' })
    expectErrorPage(await party.browser.open(request(party, { redirect_uri: `${party.redirectUri}?foo=bar` }).url))
  })
})

test('oidcc-refresh-token', async () => {
  await stories['oidcc-refresh-token']?.((await keyed()).party)
})

test('oidcc-refresh-token-rp-key-rotation', async () => {
  const { party, jwks } = await keyed()
  const before = await signIn(party, { scope: 'openid offline_access' })
  const next = await newSigner('second')
  suite.publish(jwks, next.set)
  await server.advance(60)
  const rotated = { ...party, assert: () => assertion(party.clientId, next) }
  checkTokenResponse(await exchange(rotated, { grant_type: 'refresh_token', refresh_token: String(before.tokens?.body['refresh_token']) }))
})

test('oidcc-ensure-client-assertion-with-iss-aud-succeeds', async () => {
  const { party } = await keyed()
  expect((await signIn(party)).tokens?.status).toBe(200)
})

test('oidcc-request-uri-unsigned', async () => {
  const { body } = await get(server.issuer, '/.well-known/openid-configuration')
  expect([body['request_uri_parameter_supported'], body['request_object_signing_alg_values_supported']]).toEqual([true, expect.not.arrayContaining(['none'])])
  const path = '/request/unsigned'
  const { party } = await keyed('code', { request_uris: [suite.at(path)] })
  const asked = request(party)
  suite.publish(path, new UnsecuredJWT({ ...asked.parameters, iss: party.clientId, aud: server.issuer }).encode(), 'application/oauth-authz-req+jwt')
  const outside = request(party, { state: asked.parameters['state'], request_uri: suite.at(path) })
  expect(answerAt(party, await browser.open(outside.url), outside).get('error')).toBe('invalid_request_object')
})

import { createHash } from 'node:crypto'
import { SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { OPERATOR } from '../../src/management/diagnosis/read-diagnosis.ts'
import { listTraces } from '../../src/diagnosis/store.ts'
import type { Cause } from '../../src/protocol/causes.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { newBrowser } from '../support/browser.ts'
import { answerOf, authorizationUrl, basic, get, newPkce, obtainCode, type Parameters, post, providerLink, redeem, refresh } from '../support/relying-party.ts'
import { CALLBACK, SECRET } from '../support/world.ts'
import { ask, developer, diagnosisOf, hintNames, pair, referenceOf } from './stage.ts'

// Each cause by the real request that has it: the owner of the client opens the reference and finds the cause, both values and the mend.

const SPECIAL = 'a-secret+with%20signs/of-128-bits-77aa'
const MORE = `
kind: client
client_id: signs
client_secret: { value: '${SPECIAL}' }
organization: ntu
application_type: service
scope: gk_calendar
---
kind: client
client_id: sleeper
client_secret: { value: ${SECRET} }
organization: ntu
application_type: service
status: disabled
---
kind: client
client_id: pusher
client_secret: { value: ${SECRET} }
organization: ntu
redirect_uris: [https://pusher.example.org/callback]
grant_types: [authorization_code]
require_pushed_authorization_requests: true
scope: openid
---
kind: client
client_id: tv
application_type: device
organization: ntu
client_name: Television
token_endpoint_auth_method: none
grant_types: ['urn:ietf:params:oauth:grant-type:device_code']
scope: openid profile
---
kind: client
client_id: hybrid
client_secret: { value: ${SECRET} }
organization: ntu
redirect_uris: [https://hybrid.example.org/callback]
grant_types: [implicit, authorization_code]
response_types: [code, code token]
compatibility: [implicit]
scope: openid
---
kind: client
client_id: asserter
client_secret: { value: ${SECRET} }
organization: ntu
application_type: service
token_endpoint_auth_method: client_secret_jwt
scope: gk_calendar
`

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
  await server.apply(MORE)
})
afterAll(() => server.close())

const CREDENTIALS = { grant_type: 'client_credentials' }

/** The reference of a request at the authorization endpoint, whichever way its refusal goes. */
async function open(changes: Parameters, pkce = newPkce()): Promise<string> {
  const answer = await fetch(authorizationUrl(server.issuer, pkce, changes), { redirect: 'manual', headers: { accept: 'application/json' } })
  const location = answer.headers.get('location')
  const told = location === null ? ((await answer.json()) as Record<string, unknown>)['error_uri'] : (new URL(location).searchParams.get('error_uri') ?? new URLSearchParams(new URL(location).hash.slice(1)).get('error_uri'))
  return String(told).slice(-9)
}

async function token(parameters: Parameters, headers?: Readonly<Record<string, string>>): Promise<string> {
  return referenceOf(await ask(server, parameters, headers))
}

async function signedIn(scope = 'openid profile offline_access'): Promise<Awaited<ReturnType<typeof redeem>>> {
  return redeem(server.issuer, await obtainCode(server.issuer, newBrowser(server.issuer), { scope }))
}

async function assertion(claims: Record<string, unknown>, seconds = 60): Promise<Parameters> {
  const now = Math.floor(server.ctx.clock.now() / 1000)
  const jwt = await new SignJWT({ jti: String(Math.random()), ...claims }).setProtectedHeader({ alg: 'HS256' }).setIssuer('asserter').setSubject('asserter').setExpirationTime(now + seconds).sign(new TextEncoder().encode(SECRET))
  return { client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer', client_assertion: jwt }
}

interface Expected {
  readonly hints?: readonly string[]
  readonly pair?: readonly [name: string, sent: unknown, expected: unknown]
  readonly operator?: true
}

type Row = readonly [cause: Cause, what: string, send: () => Promise<string>, expected?: Expected]

const about = (uri: string): (() => Promise<string>) => () => open({ redirect_uri: uri })
const raw = (text: string): Readonly<Record<string, string>> => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` })

const addresses: readonly Row[] = [
  ['redirect_uri.mismatch', 'http for https', about('http://planner.example.org/callback'), { hints: ['difference_scheme'], pair: ['redirect_uri', 'http://planner.example.org/callback', CALLBACK] }],
  ['redirect_uri.mismatch', 'another host', about('https://planer.example.org/callback'), { hints: ['difference_host'] }],
  ['redirect_uri.mismatch', 'another port', about('https://planner.example.org:8443/callback'), { hints: ['difference_port'] }],
  ['redirect_uri.mismatch', 'capitals in the path', about('https://planner.example.org/Callback'), { hints: ['difference_path_case'] }],
  ['redirect_uri.mismatch', 'an encoded letter', about('https://planner.example.org/call%62ack'), { hints: ['difference_encoding'] }],
  ['redirect_uri.mismatch', 'a query', about(`${CALLBACK}?x=1`), { hints: ['difference_query'] }],
  ['redirect_uri.mismatch', 'a fragment', about(`${CALLBACK}#x`), { hints: ['difference_fragment'] }],
  ['redirect_uri.mismatch', 'localhost for 127.0.0.1', about('http://localhost/callback'), { hints: ['difference_localhost'] }],
  ['redirect_uri.missing', 'none, of two registered', () => open({ redirect_uri: undefined }), { pair: ['redirect_uri', undefined, `${CALLBACK} http://127.0.0.1/callback`] }],
]

const clients: readonly Row[] = [
  ['client.unknown', 'a typing error', () => open({ client_id: 'planer' }), { operator: true, hints: ['nearest_client'], pair: ['client_id', 'planer', undefined] }],
  ['client.disabled', 'at the authorization endpoint', () => open({ client_id: 'sleeper' }), { pair: ['status', 'disabled', 'development, production'] }],
  ['client.disabled', 'at the token endpoint', () => token(CREDENTIALS, { authorization: basic('sleeper') })],
  ['client_auth.method', 'in the body for Basic', () => token({ ...CREDENTIALS, client_id: 'planner', client_secret: SECRET }, {}), { pair: ['token_endpoint_auth_method', 'client_secret_post', 'client_secret_basic'] }],
  ['client_auth.several', 'both at once', () => token({ ...CREDENTIALS, client_id: 'planner', client_secret: SECRET })],
  ['client_auth.missing', 'none', () => token(CREDENTIALS, {}), { operator: true }],
  ['client_auth.malformed', 'a header without a colon', () => token({ ...CREDENTIALS, client_id: 'planner' }, raw('planner')), { pair: ['Authorization', undefined, 'Basic base64(id:secret)'] }],
  ['client_auth.secret', 'with a line end', () => token(CREDENTIALS, { authorization: basic('planner', `${SECRET}\n`) }), { hints: ['secret_whitespace'] }],
  ['client_auth.secret', 'in quotation marks', () => token(CREDENTIALS, { authorization: basic('planner', `"${SECRET}"`) }), { hints: ['secret_quotes'] }],
  ['client_auth.secret', 'not form-encoded', () => token(CREDENTIALS, raw(`signs:${SPECIAL}`)), { hints: ['secret_not_encoded'] }],
  ['client_auth.secret', 'encoded twice', () => token(CREDENTIALS, { authorization: basic('signs', encodeURIComponent(SPECIAL)) }), { hints: ['secret_encoded_twice'] }],
  ['client_auth.secret', 'another client of mine', () => token(CREDENTIALS, { authorization: basic('planner', SPECIAL) }), { hints: ['secret_length', 'secret_other_client'] }],
  ['client_auth.assertion', 'for another audience', async () => token({ ...CREDENTIALS, ...(await assertion({ aud: 'https://elsewhere.example' })) }, {}), { hints: ['jwt_fault'] }],
  ['client_auth.assertion', 'too old', async () => token({ ...CREDENTIALS, ...(await assertion({ aud: server.issuer }, -100)) }, {}), { hints: ['jwt_fault'], pair: ['exp (seconds from now)', expect.stringMatching(/^-10[0-9]$/), '> 0, ≤ 300'] }],
  ['client_auth.assertion', 'used twice', async () => {
    const proof = await assertion({ aud: server.issuer })
    await ask(server, { ...CREDENTIALS, ...proof }, {})
    return token({ ...CREDENTIALS, ...proof }, {})
  }, { hints: ['seen_before'] }],
]

const codes: readonly Row[] = [
  ['code.unknown', 'of nobody', () => token({ grant_type: 'authorization_code', code: 'nothing', redirect_uri: CALLBACK })],
  ['code.expired', 'after 75 seconds', async () => {
    const grant = await obtainCode(server.issuer, newBrowser(server.issuer))
    await server.advance(75)
    return referenceOf(await redeem(server.issuer, grant))
  }, { pair: ['code: age (s)', '75', '≤ 60'] }],
  ['code.other_client', 'by another client', async () => referenceOf(await redeem(server.issuer, await obtainCode(server.issuer, newBrowser(server.issuer)), { client_id: 'spa', redirect_uri: CALLBACK }, {})), { operator: true }],
  ['code.redirect_uri', 'with another address', async () => referenceOf(await redeem(server.issuer, await obtainCode(server.issuer, newBrowser(server.issuer)), { redirect_uri: 'http://127.0.0.1/callback' })), { pair: ['redirect_uri', 'http://127.0.0.1/callback', CALLBACK] }],
  ['pkce.missing', 'no challenge', () => open({ code_challenge: undefined, code_challenge_method: undefined }), { pair: ['code_challenge_method', undefined, 'S256'] }],
  ['pkce.method', 'plain', () => open({ code_challenge_method: 'plain' }), { hints: ['plain_method'] }],
  ['pkce.malformed', 'in hex', () => open({ code_challenge: createHash('sha256').update('x').digest('hex') }), { hints: ['challenge_hex'] }],
  ['pkce.malformed', 'padded', () => open({ code_challenge: createHash('sha256').update('x').digest('base64') }), { hints: ['challenge_padded'] }],
  ['pkce.missing', 'no verifier', async () => referenceOf(await redeem(server.issuer, await obtainCode(server.issuer, newBrowser(server.issuer)), { code_verifier: undefined })), { hints: ['verifier_absent'] }],
  ['pkce.mismatch', 'the challenge itself', async () => {
    const grant = await obtainCode(server.issuer, newBrowser(server.issuer))
    return referenceOf(await redeem(server.issuer, grant, { code_verifier: grant.pkce.challenge }))
  }, { hints: ['verifier_is_challenge', 'challenge_is_verifier'] }],
  ['pkce.mismatch', 'too short', async () => referenceOf(await redeem(server.issuer, await obtainCode(server.issuer, newBrowser(server.issuer)), { code_verifier: 'short' })), { hints: ['verifier_length'] }],
  ['refresh.reused', 'an old one', async () => {
    const first = await signedIn()
    await refresh(server.issuer, first.body['refresh_token'])
    await server.advance(40)
    return referenceOf(await refresh(server.issuer, first.body['refresh_token']))
  }, { hints: ['first_used', 'all_revoked', 'two_workers'], pair: ['refresh_token: replaced before (s)', '40', '≤ 30'] }],
  ['refresh.unknown', 'of nobody', () => token({ grant_type: 'refresh_token', refresh_token: 'nothing' })],
  ['scope.wider', 'than what was granted', async () => referenceOf(await refresh(server.issuer, (await signedIn()).body['refresh_token'], { scope: 'openid email' })), { pair: ['scope', 'openid email', 'openid profile offline_access'] }],
]

const requests: readonly Row[] = [
  ['scope.not_registered', 'a typing error', () => open({ scope: 'openid profil' }), { hints: ['scope_typo'], pair: ['scope', 'profil', expect.stringContaining('profile')] }],
  ['scope.malformed', 'an odd character', () => open({ scope: 'openid "x"' })],
  ['grant.not_allowed', 'not registered', () => token(CREDENTIALS), { pair: ['grant_type', 'client_credentials', 'authorization_code, refresh_token'] }],
  ['grant.unknown', 'of another world', () => token({ grant_type: 'magic' }), { pair: ['grant_type', 'magic', 'authorization_code, refresh_token'] }],
  ['response_type.not_allowed', 'a token', () => open({ response_type: 'token' }), { pair: ['response_type', 'token', 'code'] }],
  ['response_type.unknown', 'of another world', () => open({ response_type: 'magic' }), { pair: ['response_type', 'magic', undefined] }],
  ['response_mode.not_allowed', 'of another world', () => open({ response_mode: 'magic' }), { pair: ['response_mode', 'magic', expect.stringContaining('query')] }],
  ['request.duplicate_param', 'scope twice', async () => {
    const location = (await fetch(`${authorizationUrl(server.issuer, newPkce())}&scope=openid`, { redirect: 'manual' })).headers.get('location') ?? ''
    return String(new URL(location).searchParams.get('error_uri')).slice(-9)
  }, { pair: ['scope', '2', '1'], hints: ['parameter'] }],
  ['request.not_form', 'JSON', async () => referenceOf(await post(server.issuer, '/oauth/token', '{"grant_type":"x"}', { 'content-type': 'application/json', authorization: basic('planner') })), { operator: true }],
  ['request.get_on_token', 'GET', async () => referenceOf(await get(server.issuer, '/oauth/token?client_id=planner')), { pair: ['HTTP', 'GET', 'POST'] }],
  ['request.query', 'parameters in the address', async () => referenceOf(await post(server.issuer, '/oauth/token?grant_type=x', {}, { authorization: basic('planner') })), { hints: ['in_the_address'] }],
  ['request.too_large', 'a long state', () => open({ state: 'x'.repeat(5000) }), { pair: ['state (characters)', '5000', '≤ 4096'] }],
  ['request.parameter', 'no grant type', () => token({}), { hints: ['parameter'] }],
  ['resource.unknown', 'of nobody', () => open({ resource: 'https://nowhere.example' }), { pair: ['resource', 'https://nowhere.example', undefined] }],
  ['login.required', 'prompt=none', () => open({ prompt: 'none' })],
  ['par.required', 'a request that was not pushed', () => open({ client_id: 'pusher', redirect_uri: 'https://pusher.example.org/callback', scope: 'openid' })],
  ['par.expired', 'after 75 seconds', async () => {
    const { challenge } = newPkce()
    const pushed = await post(server.issuer, '/oauth/par', { response_type: 'code', redirect_uri: 'https://pusher.example.org/callback', scope: 'openid', code_challenge: challenge, code_challenge_method: 'S256' }, { authorization: basic('pusher') })
    await server.advance(75)
    const answer = await fetch(`${server.issuer}/oauth/authorization?${new URLSearchParams({ client_id: 'pusher', request_uri: String(pushed.body['request_uri']) })}`, { headers: { accept: 'application/json' } })
    return answer.headers.get('x-request-id') ?? ''
  }, { pair: ['request_uri: age (s)', '75', '≤ 60'] }],
  ['jar.invalid', 'not a JWT', () => open({ request: 'nothing' }), { hints: ['jwt_fault'] }],
  ['device.too_fast', 'two polls at once', async () => {
    const { body } = await post(server.issuer, '/oauth/device_authorization', { client_id: 'tv', scope: 'openid' })
    const poll = { grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code: String(body['device_code']), client_id: 'tv' }
    await ask(server, poll, {})
    return token(poll, {})
  }, { pair: ['interval (s)', undefined, '≥ 5'] }],
  ['device.expired', 'when nobody came in time', async () => {
    const { body } = await post(server.issuer, '/oauth/device_authorization', { client_id: 'tv', scope: 'openid' })
    await server.advance(Number(body['expires_in']) + 1)
    return token({ grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code: String(body['device_code']), client_id: 'tv' }, {})
  }],
  ['dpop.proof', 'not a proof', () => token({ grant_type: 'refresh_token', refresh_token: 'x' }, { authorization: basic('planner'), dpop: 'nothing' }), { hints: ['jwt_fault'] }],
  ['discovery.path', 'a slash at the end', async () => (await fetch(`${server.issuer}/.well-known/openid-configuration/`)).headers.get('x-request-id') ?? '', { operator: true, hints: ['trailing_slash'] }],
]

const tokens: readonly Row[] = [
  ['token.missing', 'none', async () => referenceOf(await get(server.issuer, '/userinfo')), { operator: true }],
  ['token.unknown', 'of nobody', async () => referenceOf(await get(server.issuer, '/userinfo', { authorization: 'Bearer nothing' })), { operator: true }],
  ['token.expired', 'after its hour', async () => {
    const { body } = await signedIn()
    await server.advance(3700)
    return referenceOf(await get(server.issuer, '/userinfo', { authorization: `Bearer ${body['access_token']}` }))
  }, { pair: ['exp (seconds from now)', '-100', '> 0'] }],
  ['token.revoked', 'by its client', async () => {
    const { body } = await signedIn()
    await post(server.issuer, '/oauth/revocation', { token: String(body['access_token']) }, { authorization: basic('planner') })
    return referenceOf(await get(server.issuer, '/userinfo', { authorization: `Bearer ${body['access_token']}` }))
  }, { hints: ['revoked_at'] }],
  ['token.revoked', 'with its grant', async () => {
    const { body } = await signedIn()
    await post(server.issuer, '/oauth/revocation', { token: String(body['refresh_token']) }, { authorization: basic('planner') })
    return referenceOf(await get(server.issuer, '/userinfo', { authorization: `Bearer ${body['access_token']}` }))
  }, { hints: ['revoked_by_grant'] }],
  ['token.binding', 'a plain token with the name of a bound one', async () => {
    const { body } = await signedIn()
    return referenceOf(await get(server.issuer, '/userinfo', { authorization: `DPoP ${body['access_token']}` }))
  }, { pair: ['token_type', 'DPoP', 'Bearer'] }],
  ['token.audience', 'at userinfo', async () => {
    const grant = await obtainCode(server.issuer, newBrowser(server.issuer), { scope: 'openid gk_calendar', resource: 'https://calendar.example.org' })
    return referenceOf(await get(server.issuer, '/userinfo', { authorization: `Bearer ${(await redeem(server.issuer, grant)).body['access_token']}` }))
  }, { pair: ['aud', 'https://calendar.example.org', expect.stringContaining('/userinfo')] }],
]

describe.each([['addresses', addresses], ['clients', clients], ['codes and refresh tokens', codes], ['requests', requests], ['access tokens', tokens]] as const)('%s', (_, rows) => {
  test.each(rows.map(([cause, what, send, expected = {}]) => ({ cause, what, send, expected })))('$cause: $what', async ({ cause, send, expected }) => {
    const found = await diagnosisOf(server, await send(), expected.operator === true ? OPERATOR : developer)
    expect(found.cause).toBe(cause)
    if (expected.hints !== undefined) expect(hintNames(found)).toEqual(expected.hints)
    if (expected.pair !== undefined) expect(pair(found, expected.pair[0])).toEqual(expected.pair.slice(1))
  })
})

describe('what passes', () => {
  const causesOf = async (client: string): Promise<readonly string[]> => {
    await server.ctx.diagnosis.flush()
    return (await listTraces(server.ctx.db, client, 500)).filter(({ level }) => level === 'warning').map(({ cause }) => cause)
  }

  test('is warned about: no state, no nonce, scopes that nobody asks for; each once in a while', async () => {
    for (let i = 0; i < 3; i++) await fetch(authorizationUrl(server.issuer, newPkce(), { client_id: 'spa', redirect_uri: 'https://spa.example.org/callback', scope: 'openid', state: undefined, nonce: undefined }), { redirect: 'manual' })
    // The browser app is nobody's: operators read it.
    expect((await causesOf('spa')).toSorted()).toEqual(['warning.no_nonce', 'warning.no_state', 'warning.unused_scopes'])
  })

  test('plain http, no PKCE, and a secret in a page', async () => {
    await fetch(authorizationUrl(server.issuer, newPkce(), { client_id: 'unsafe', redirect_uri: 'http://dev.planner.example/callback', scope: 'openid profile' }), { redirect: 'manual' })
    expect(await causesOf('unsafe')).toEqual(['warning.http_redirect'])
    await fetch(authorizationUrl(server.issuer, undefined, { client_id: 'certified', redirect_uri: 'https://certified.example.org/callback' }), { redirect: 'manual' })
    expect(await causesOf('certified')).toContain('warning.no_pkce')
    await ask(server, { grant_type: 'refresh_token', refresh_token: 'x' }, { authorization: basic('planner'), origin: 'https://plan.example.org' })
    expect(await causesOf('planner')).toEqual(expect.arrayContaining(['warning.secret_in_browser', 'cors.origin']))
  })

  test('a token in the address', async () => {
    await fetch(authorizationUrl(server.issuer, newPkce(), { client_id: 'hybrid', redirect_uri: 'https://hybrid.example.org/callback', response_type: 'code token', scope: 'openid' }), { redirect: 'manual' })
    expect(await causesOf('hybrid')).toContain('warning.implicit')
  })

  test('a refused return after a sign-out', async () => {
    const grant = await obtainCode(server.issuer, newBrowser(server.issuer))
    const idToken = String((await redeem(server.issuer, grant)).body['id_token'])
    await fetch(`${server.issuer}/oauth/logout?${new URLSearchParams({ id_token_hint: idToken, post_logout_redirect_uri: 'https://planner.example.org' })}`, { redirect: 'manual' })
    expect(await causesOf('planner')).toContain('logout.redirect_uri')
  })
})

test('who cancels the sign-in, and who does not consent', async () => {
  const browser = newBrowser(server.issuer)
  const only = { client_id: 'only-ntu', redirect_uri: 'https://only.example.org/callback' }
  const cancelled = answerOf(await browser.submit(await browser.open(authorizationUrl(server.issuer, newPkce(), only)), 'username', { cancel: '1' }))
  expect(await diagnosisOf(server, String(cancelled.get('error_uri')).slice(-9), OPERATOR)).toMatchObject({ cause: 'login.cancelled', error: 'access_denied' })
  const login = await browser.open(providerLink(await browser.open(authorizationUrl(server.issuer, newPkce(), { prompt: 'consent' })), 'ntu'))
  const consent = await browser.submit(login, 'username', { username: 'ada', password: 'ada has a password' })
  const refused = answerOf(await browser.submit(consent, 'decision', { decision: 'deny' }))
  expect(await diagnosisOf(server, String(refused.get('error_uri')).slice(-9))).toMatchObject({ cause: 'consent.refused', error: 'access_denied' })
})

import { UnsecuredJWT, decodeProtectedHeader } from 'jose'
import { expect } from 'vitest'
import { newBrowser, pageName, type Page } from '../support/browser.ts'
import { get, newPkce, type Parameters, post, walk } from '../support/relying-party.ts'
import { checkClaims, checkTokenError, checkTokenResponse, checkIdToken, keysOf } from './checks.ts'
import { answerAt, type Asked, exchange, expectErrorPage, open, type Party, received, redeem, register, registerParty, request, signIn } from './party.ts'

// What the modules of the basic, implicit and hybrid plans ask, told once; the test files say for which response types and modes.

export type Story = (party: Party) => Promise<void>

const fresh = (party: Party): ReturnType<typeof newBrowser> => newBrowser(party.server.issuer)

/** A request that must go well, whatever it brings. */
function succeedsWith(changes: Parameters): Story {
  return async (party) => void (await signIn(party, changes))
}

/** The same for somebody who has not been here. */
function signsInWith(changes: Parameters): Story {
  return async (party) => void (await signIn(party, changes, { browser: fresh(party) }))
}

/** The claims of a scope where they belong, each of its type. */
function tells(scope: string, claims: Readonly<Record<string, unknown>>): Story {
  return async (party) => {
    const { person } = await signIn(party, { scope: `openid ${scope}` })
    expect(person).toMatchObject(claims)
  }
}

const NAME = { name: 'Ada Example', given_name: 'Ada', family_name: 'Example' }
const EMAIL = { email: 'ada@ntu.example', email_verified: true }
const ADDRESS = { address: { formatted: 'Storgata 1, Oslo', country: 'Norway' } }
const PHONE = { phone_number: '+4712345678', phone_number_verified: false }

/** The refusal of a request that never showed a page. */
async function refused(party: Party, changes: Parameters, browser = fresh(party)): Promise<string | null> {
  const asked = request(party, changes)
  const answer = answerAt(party, await browser.open(asked.url), asked)
  expect([answer.has('code'), answer.has('access_token'), answer.has('id_token')]).toEqual([false, false, false])
  return answer.get('error')
}

async function asksUserinfo(party: Party, ask: (accessToken: string) => ReturnType<typeof get>): Promise<void> {
  const { accessToken = '', claims } = await signIn(party, { scope: 'openid profile' })
  const { status, headers, body } = await ask(accessToken)
  expect([status, headers.get('content-type'), body['sub']]).toEqual([200, expect.stringMatching(/^application\/json/), claims.sub])
  checkClaims(body)
}

/** A second request of the same browser that shows nothing: the same person and the same sign-in. */
async function silently(party: Party, first: Awaited<ReturnType<typeof signIn>>, changes: Parameters, browser: ReturnType<typeof newBrowser>): Promise<void> {
  const asked = request(party, changes)
  const { claims } = await received(party, asked, await browser.open(asked.url))
  expect([claims.sub, claims['auth_time']]).toEqual([first.claims.sub, first.claims['auth_time']])
}

/** The sign-in page comes again, and the second sign-in is a later one of the same person. */
async function signsInAgain(party: Party, changes: Parameters): Promise<void> {
  const browser = fresh(party)
  const first = await signIn(party, {}, { browser })
  await party.server.advance(2)
  const asked = request(party, changes)
  const login = await browser.open(asked.url)
  expect(pageName(login)).toBe('login')
  const { claims } = await received(party, asked, await walk(browser, login))
  expect(claims.sub).toBe(first.claims.sub)
  expect(claims['auth_time']).toBeGreaterThan(Number(first.claims['auth_time']))
  expect(party.server.ctx.clock.now() / 1000 - Number(claims['auth_time'])).toBeLessThan(15)
}

/** An object that nobody signed says nothing here: it is refused, and never passed over. */
async function refusesUnsigned(party: Party, asked: Asked, errors: readonly string[]): Promise<void> {
  const browser = fresh(party)
  const page: Page = await browser.open(asked.url)
  const answer = answerAt(party, page, asked)
  expect(errors).toContain(answer.get('error'))
}

async function noneIsNotAdvertised(party: Party, member: string): Promise<void> {
  const { body } = await get(party.server.issuer, '/.well-known/openid-configuration')
  expect(body[member]).toContain('RS256')
  expect(body[member]).not.toContain('none')
}

function unsigned(party: Party, claims: Readonly<Record<string, unknown>>): string {
  return new UnsecuredJWT(claims).setIssuer(party.clientId).setAudience(party.server.issuer).setExpirationTime('5m').encode()
}

export const stories: Readonly<Record<string, Story>> = {
  'oidcc-server': signsInWith({}),
  'oidcc-response-type-missing': async (party) => {
    expect(await refused(party, { response_type: undefined })).toBe('invalid_request')
  },
  'oidcc-idtoken-signature': async (party) => {
    const { idToken } = await signIn(await registerParty(party))
    const { alg, kid } = decodeProtectedHeader(idToken)
    expect(alg).toBe('RS256')
    expect((await keysOf(party.server)).map((key) => key.kid)).toContain(kid)
  },
  'oidcc-idtoken-unsigned': async (party) => {
    await noneIsNotAdvertised(party, 'id_token_signing_alg_values_supported')
    checkTokenError(await register(party.server, { redirect_uris: [party.redirectUri], id_token_signed_response_alg: 'none' }), 'invalid_client_metadata')
  },
  'oidcc-userinfo-get': (party) => asksUserinfo(party, (token) => get(party.server.issuer, '/userinfo', { authorization: `Bearer ${token}` })),
  'oidcc-userinfo-post-header': (party) => asksUserinfo(party, (token) => post(party.server.issuer, '/userinfo', {}, { authorization: `Bearer ${token}` })),
  'oidcc-userinfo-post-body': (party) => asksUserinfo(party, (token) => post(party.server.issuer, '/userinfo', { access_token: token })),
  // That the id token has no nonce either is looked at with every id token.
  'oidcc-ensure-request-without-nonce-succeeds-for-code-flow': async (party) => void (await signIn(party, { nonce: undefined })),
  'oidcc-ensure-request-without-nonce-fails': async (party) => {
    expect(await refused(party, { nonce: undefined })).toBe('invalid_request')
  },
  'oidcc-scope-profile': tells('profile', NAME),
  'oidcc-scope-email': tells('email', EMAIL),
  'oidcc-scope-address': tells('address', ADDRESS),
  'oidcc-scope-phone': tells('phone', PHONE),
  'oidcc-scope-all': tells('profile email address phone', { ...NAME, ...EMAIL, ...ADDRESS, ...PHONE }),
  'oidcc-alternate-happy-flow': async (party) => {
    const { parameters } = request(party, { scope: 'email profile openid' })
    const url = `${party.server.issuer}/oauth/authorization?${new URLSearchParams(Object.entries(parameters).toReversed())}`
    const { person } = await received(party, { parameters, url }, await open(party, { parameters, url }))
    expect(person).toMatchObject({ ...NAME, ...EMAIL })
  },
  'oidcc-display-page': succeedsWith({ display: 'page' }),
  'oidcc-display-popup': succeedsWith({ display: 'popup' }),
  'oidcc-prompt-login': (party) => signsInAgain(party, { prompt: 'login' }),
  'oidcc-prompt-none-not-logged-in': async (party) => {
    expect(await refused(party, { prompt: 'none' })).toBe('login_required')
  },
  'oidcc-prompt-none-logged-in': async (party) => silently(party, await signIn(party), { prompt: 'none' }, party.browser),
  'oidcc-max-age-1': (party) => signsInAgain(party, { max_age: '1' }),
  'oidcc-max-age-10000': async (party) => {
    const browser = fresh(party)
    const first = await signIn(party, { max_age: '15000' }, { browser })
    await party.server.advance(1)
    await silently(party, first, { max_age: '10000' }, browser)
  },
  'oidcc-ensure-request-with-unknown-parameter-succeeds': succeedsWith({ extra: 'foobar' }),
  'oidcc-id-token-hint': async (party) => {
    const first = await signIn(party)
    await silently(party, first, { prompt: 'none', id_token_hint: first.idToken }, party.browser)
  },
  'oidcc-login-hint': signsInWith({ login_hint: 'buffy@localhost' }),
  'oidcc-ui-locales': signsInWith({ ui_locales: 'se' }),
  'oidcc-claims-locales': succeedsWith({ claims_locales: 'se' }),
  'oidcc-ensure-request-with-acr-values-succeeds': async (party) => {
    const { body } = await get(party.server.issuer, '/.well-known/openid-configuration')
    const offered = body['acr_values_supported'] as readonly string[]
    const { claims } = await signIn(party, { acr_values: offered.join(' ') })
    expect(offered).toContain(claims['acr'])
  },
  'oidcc-codereuse': async (party) => {
    const { answer } = await signIn(party)
    checkTokenError(await redeem(party, answer.get('code')), 'invalid_grant')
  },
  'oidcc-codereuse-30seconds': async (party) => {
    const { answer, accessToken } = await signIn(party)
    await party.server.advance(30)
    checkTokenError(await redeem(party, answer.get('code')), 'invalid_grant')
    expect((await get(party.server.issuer, '/userinfo', { authorization: `Bearer ${accessToken}` })).status).toBe(401)
  },
  'oidcc-ensure-registered-redirect-uri': async (party) => {
    for (const redirect_uri of [`${party.redirectUri}/more`, party.redirectUri.replace('/callback', '/other'), 'https://evil.example.org/callback', 'http://127.0.0.1:4000/callback']) {
      expectErrorPage(await party.browser.open(request(party, { redirect_uri }).url))
    }
  },
  'oidcc-ensure-post-request-succeeds': async (party) => {
    const asked = request(party)
    const browser = fresh(party)
    const page = await browser.open(`${party.server.issuer}/oauth/authorization`, { method: 'POST', body: new URLSearchParams(asked.parameters).toString(), headers: { 'content-type': 'application/x-www-form-urlencoded', origin: new URL(party.redirectUri).origin, 'sec-fetch-site': 'cross-site' } })
    await received(party, asked, await walk(browser, page))
  },
  'oidcc-server-client-secret-post': async (party) => {
    const other = await registerParty(party, { token_endpoint_auth_method: 'client_secret_post' })
    const { tokens } = await signIn({ ...other, method: 'client_secret_post' })
    expect(tokens?.status).toBe(200)
  },
  'oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported': async (party) => {
    await noneIsNotAdvertised(party, 'request_object_signing_alg_values_supported')
    await refusesUnsigned(party, request(party, { request_uri: 'https://suite.example.org/request' }), ['invalid_request_uri', 'request_uri_not_supported'])
  },
  'oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported': async (party) => {
    await noneIsNotAdvertised(party, 'request_object_signing_alg_values_supported')
    const { parameters } = request(party)
    await refusesUnsigned(party, request(party, { state: parameters['state'], request: unsigned(party, { ...parameters, nonce: 'inside' }), nonce: parameters['nonce'] }), ['invalid_request_object', 'request_not_supported'])
  },
  'oidcc-ensure-request-object-with-redirect-uri': async (party) => {
    const { parameters } = request(party)
    const outer = request(party, { redirect_uri: `${party.redirectUri}/not-registered`, request: unsigned(party, parameters) })
    expectErrorPage(await party.browser.open(outer.url))
  },
  'oidcc-claims-essential': async (party) => {
    const place = party.responseType === 'id_token' ? 'id_token' : 'userinfo'
    const { person } = await signIn(party, { claims: JSON.stringify({ [place]: { name: { essential: true } } }) }, { asked: ['name'] })
    expect(person['name']).toBe('Ada Example')
  },
  'oidcc-refresh-token': async (party) => {
    const first = await signIn(party, { scope: 'openid offline_access' })
    const refreshing = { grant_type: 'refresh_token', refresh_token: String(first.tokens?.body['refresh_token']) }
    const other = await registerParty(party)
    checkTokenError(await exchange(other, refreshing), 'invalid_grant')
    const second = await exchange(party, refreshing)
    checkTokenResponse(second)
    expect(second.body['access_token']).not.toBe(first.accessToken)
    const nonce = first.claims['nonce'] as string
    const claims = await checkIdToken(party.server, String(second.body['id_token']), { clientId: party.clientId, nonce, accessToken: String(second.body['access_token']), place: 'token endpoint', alone: false })
    expect([claims.sub, claims.aud, claims['auth_time']]).toEqual([first.claims.sub, first.claims.aud, first.claims['auth_time']])
    expect((await get(party.server.issuer, '/.well-known/openid-configuration')).body['grant_types_supported']).toContain('refresh_token')
  },
  'oidcc-ensure-request-with-valid-pkce-succeeds': async (party) => {
    const { verifier, challenge } = newPkce()
    const { tokens } = await signIn(party, { code_challenge: challenge, code_challenge_method: 'S256' }, { redeeming: { code_verifier: verifier } })
    expect(tokens?.status).toBe(200)
  },
}

/** The story of a module; there is one for each that a plan names. */
export function storyOf(module: string): Story {
  const story = stories[module]
  if (story === undefined) throw new Error(`no story of ${module}`)
  return story
}

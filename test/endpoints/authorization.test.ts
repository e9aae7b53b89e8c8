import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../support/app.ts'
import { newBrowser, pageName } from '../support/browser.ts'
import { answerOf, authorizationUrl, newPkce, type Parameters } from '../support/relying-party.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

const open = (url: string) => newBrowser(server.issuer).open(url)
const ask = (changes: Parameters) => open(authorizationUrl(server.issuer, newPkce(), changes))

describe('what cannot be sent back to a client is a page', () => {
  test.each<[string, Parameters]>([
    ['no client', { client_id: undefined }],
    ['an unknown client', { client_id: 'nobody' }],
    ['a client id that cannot be one', { client_id: "planner' or 1=1 --" }],
    ['an unregistered redirect URI', { redirect_uri: 'https://planner.example.org/other' }],
    ['a slash more', { redirect_uri: 'https://planner.example.org/callback/' }],
    ['another case', { redirect_uri: 'https://planner.example.org/Callback' }],
    ['an encoded letter', { redirect_uri: 'https://planner.example.org/%63allback' }],
    ['a query more', { redirect_uri: 'https://planner.example.org/callback?x=1' }],
    ['a fragment', { redirect_uri: 'https://planner.example.org/callback#x' }],
    ['a user name in front', { redirect_uri: 'https://planner.example.org@evil.example/callback' }],
    ['localhost for 127.0.0.1', { redirect_uri: 'http://localhost/callback' }],
    ['another path on loopback', { redirect_uri: 'http://127.0.0.1:4000/other' }],
    ['none, with openid', { redirect_uri: undefined }],
  ])('%s', async (_, changes) => {
    const page = await ask(changes)
    expect(page.status).toBe(400)
    expect(pageName(page)).toBe('error')
    expect(page.html).toMatch(/[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}/)
    expect(page.html).not.toContain('https://planner.example.org/callback')
    expect(page.html).not.toMatch(/at .*\.[jt]s/)
  })

  test('a disabled client is answered like an unknown one', async () => {
    await server.apply('kind: client\nclient_id: asleep\nclient_secret: { value: 0123456789abcdef0123456789abcdef }\nredirect_uris: [https://asleep.example.org/cb]\nstatus: disabled\n')
    const [asleep, unknown] = [await ask({ client_id: 'asleep', redirect_uri: 'https://asleep.example.org/cb' }), await ask({ client_id: 'nobody' })]
    const shape = (html: string) => html.replaceAll(/[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}|<time[\s\S]*?<\/time>|asleep|nobody|return=[^"]*/g, '')
    expect(asleep.status).toBe(unknown.status)
    expect(shape(asleep.html)).toBe(shape(unknown.html))
  })

  test.each([
    ['broken percent-encoding', 'client_id=planner&state=%ZZ'],
    ['bytes that are no UTF-8', 'client_id=planner&state=%C3%28'],
    ['a lone surrogate', 'client_id=planner&state=%ED%A0%80'],
    ['NUL', 'client_id=planner&state=%00'],
    ['the client twice', 'client_id=planner&client_id=second'],
    ['a hundred and one parameters', Array.from({ length: 101 }, (_, i) => `p${i}=1`).join('&')],
  ])('%s', async (_, query) => {
    const page = await open(`${server.issuer}/oauth/authorization?${query}`)
    expect(page.status).toBe(400)
    expect(pageName(page)).toBe('error')
  })
})

describe('everything else goes back to the client with error, state and iss', () => {
  test.each<[string, Parameters, string]>([
    ['no response type', { response_type: undefined }, 'invalid_request'],
    ['an unknown response type', { response_type: 'code magic' }, 'unsupported_response_type'],
    ['a response type that the client may not use', { response_type: 'token' }, 'unauthorized_client'],
    ['a response type that nobody has', { response_type: 'code coffee' }, 'unsupported_response_type'],
    ['an unknown response mode', { response_mode: 'pigeon' }, 'invalid_request'],
    ['no PKCE', { code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
    ['PKCE without a method, which means plain', { code_challenge_method: undefined }, 'invalid_request'],
    ['plain PKCE', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['a challenge that is no SHA-256', { code_challenge: 'short' }, 'invalid_request'],
    ['a scope that is not registered', { scope: 'openid debt.unsecured.presentation' }, 'invalid_scope'],
    ['a scope with forbidden characters', { scope: 'openid "x"' }, 'invalid_scope'],
    ['an unknown resource', { resource: 'https://nowhere.example.org' }, 'invalid_target'],
    ['a resource with a fragment', { resource: 'https://calendar.example.org#x' }, 'invalid_target'],
    ['resource and audience that differ', { resource: 'https://calendar.example.org', audience: 'https://grades.example.org' }, 'invalid_request'],
    ['an unknown prompt', { prompt: 'dance' }, 'invalid_request'],
    ['prompt=none with company', { prompt: 'none login' }, 'invalid_request'],
    ['max_age that is no number', { max_age: 'soon' }, 'invalid_request'],
    ['claims that are no JSON', { claims: '{' }, 'invalid_request'],
    ['an unsigned request object', { request: 'eyJhbGciOiJub25lIn0.e30.' }, 'invalid_request_object'],
    ['a request by reference', { request_uri: 'https://planner.example.org/request' }, 'request_uri_not_supported'],
    ['a foreign id token as hint', { id_token_hint: 'eyJhbGciOiJub25lIn0.e30.' }, 'invalid_request'],
    ['nobody signed in and prompt=none', { prompt: 'none' }, 'login_required'],
  ])('%s', async (_, changes, error) => {
    const answer = answerOf(await ask(changes))
    expect(Object.fromEntries(answer)).toMatchObject({ error, state: 'the-state', iss: server.issuer })
    expect(answer.get('error_description')).toMatch(/^[\x20-\x21\x23-\x5B\x5D-\x7E]+$/)
  })

  test('a repeated parameter, once client and redirect URI are proven', async () => {
    const answer = answerOf(await open(`${authorizationUrl(server.issuer, newPkce())}&nonce=another`))
    expect(Object.fromEntries(answer)).toMatchObject({ error: 'invalid_request', state: 'the-state', iss: server.issuer })
  })

  test('in the fragment or as a form when the client asked for that', async () => {
    const fragment = await ask({ prompt: 'none', response_mode: 'fragment' })
    expect(fragment.url).toMatch(/^https:\/\/planner\.example\.org\/callback#error=login_required/)
    const form = await ask({ prompt: 'none', response_mode: 'form_post' })
    expect(form.status).toBe(200)
    expect(form.html).toContain('action="https://planner.example.org/callback"')
    expect(form.html).toMatch(/name="error" value="login_required"/)
    expect(form.headers.get('content-security-policy')).toContain('form-action https://planner.example.org')
  })
})

describe('what must never fail a request', () => {
  test.each<[string, Parameters]>([
    ['an unknown parameter', { extra: 'foobar' }],
    ['display', { display: 'popup' }],
    ['ui_locales nobody speaks', { ui_locales: 'se' }],
    ['claims_locales', { claims_locales: 'se' }],
    ['a login_hint of nobody', { login_hint: 'buffy@nowhere.example' }],
    ['acr_values', { acr_values: '1 2' }],
    ['no nonce', { nonce: undefined }],
    ['no state', { state: undefined }],
    ['no scope: all that is registered', { scope: undefined, redirect_uri: 'https://planner.example.org/callback' }],
    ['another port of a loopback address', { redirect_uri: 'http://127.0.0.1:51234/callback' }],
    ['an essential claim', { claims: '{"userinfo":{"name":{"essential":true}}}' }],
  ])('%s', async (_, changes) => {
    expect(pageName(await ask(changes))).toBe('discovery')
  })

  test('a request posted from the client site, without our cookies', async () => {
    const query = authorizationUrl(server.issuer, newPkce()).split('?')[1] ?? ''
    const page = await newBrowser(server.issuer).open(`${server.issuer}/oauth/authorization`, { method: 'POST', body: query, headers: { 'content-type': 'application/x-www-form-urlencoded', origin: 'https://planner.example.org', 'sec-fetch-site': 'cross-site' } })
    expect(pageName(page)).toBe('discovery')
  })
})

test('HEAD mints nothing, and other methods are refused', async () => {
  for (const method of ['HEAD', 'PUT', 'DELETE', 'PATCH']) {
    const response = await fetch(authorizationUrl(server.issuer, newPkce()), { method, redirect: 'manual' })
    expect(response.status).toBe(405)
    expect(response.headers.get('allow')).toBe('GET, POST')
  }
})

test('no answer of the endpoint may be read by a page of another origin', async () => {
  const response = await fetch(authorizationUrl(server.issuer, newPkce()), { redirect: 'manual', headers: { origin: 'https://planner.example.org' } })
  expect(response.headers.get('access-control-allow-origin')).toBeNull()
})

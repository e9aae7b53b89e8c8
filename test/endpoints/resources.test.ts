import { createRemoteJWKSet, jwtVerify } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../support/app.ts'
import { newBrowser } from '../support/browser.ts'
import { answerOf, authorizationUrl, basic, get, type JsonAnswer, newPkce, obtainCode, type Parameters, post, redeem } from '../support/relying-party.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

const signIn = async (changes: Parameters = {}): Promise<JsonAnswer> => redeem(server.issuer, await obtainCode(server.issuer, newBrowser(server.issuer), changes))
const machine = (parameters: Parameters = {}) => post(server.issuer, '/oauth/token', { grant_type: 'client_credentials', ...parameters }, { authorization: basic('robot') })
const introspect = (token: unknown, client = 'planner') => post(server.issuer, '/oauth/introspection', { token: String(token) }, { authorization: basic(client) })
const revoke = (token: unknown, client = 'planner') => post(server.issuer, '/oauth/revocation', { token: String(token) }, { authorization: basic(client) })

describe('/userinfo', () => {
  test('answers GET and POST, header and body, with the claims of the scopes', async () => {
    const [browser, pkce] = [newBrowser(server.issuer), newPkce()]
    await obtainCode(server.issuer, browser)
    const asked = await browser.open(authorizationUrl(server.issuer, pkce, { scope: 'openid profile email phone address groups userid', max_age: '1000' }))
    const answer = answerOf(await browser.submit(asked, 'decision', { decision: 'allow', optional_scope: ['groups'] }))
    const { body } = await redeem(server.issuer, { code: answer.get('code') ?? '', pkce })
    const bearer = { authorization: `Bearer ${body['access_token']}` }
    const answers = [await get(server.issuer, '/userinfo', bearer), await post(server.issuer, '/userinfo', {}, bearer), await post(server.issuer, '/userinfo', { access_token: String(body['access_token']) })]
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
    const { sub, ...claims } = answers[0]?.body ?? {}
    expect(claims).toEqual({
      name: 'Ada Example',
      given_name: 'Ada',
      family_name: 'Example',
      email: 'ada@ntu.example',
      email_verified: true,
      phone_number: '+4712345678',
      phone_number_verified: false,
      address: { formatted: 'Storgata 1, Oslo', country: 'Norway' },
      groups: ['fc:org:ntu.example', 'staff', 'planners'],
      userid: sub,
    })
  })

  test('answers what the claims parameter asked for, there and in the id token', async () => {
    const { body } = await signIn({ scope: 'openid', claims: '{"userinfo":{"email":null},"id_token":{"given_name":{"essential":true}}}' })
    const userinfo = await get(server.issuer, '/userinfo', { authorization: `Bearer ${body['access_token']}` })
    expect(userinfo.body).toEqual({ sub: userinfo.body['sub'], email: 'ada@ntu.example' })
    const claims = JSON.parse(Buffer.from(String(body['id_token']).split('.')[1] ?? '', 'base64url').toString()) as object
    expect(claims).toMatchObject({ given_name: 'Ada' })
    expect(claims).not.toHaveProperty('email')
  })

  test.each<[string, () => Promise<JsonAnswer>, number, string | RegExp]>([
    ['no token', () => get(server.issuer, '/userinfo'), 401, /^Bearer resource_metadata="[^"]+", DPoP algs="PS256 ES256 EdDSA", resource_metadata="[^"]+"$/],
    ['a token of nobody', () => get(server.issuer, '/userinfo', { authorization: 'Bearer nonsense' }), 401, /error="invalid_token"/],
    ['a token in the address', () => get(server.issuer, '/userinfo?access_token=x'), 400, /error="invalid_request"/],
    ['two ways at once', () => post(server.issuer, '/userinfo', { access_token: 'x' }, { authorization: 'Bearer x' }), 400, /error="invalid_request"/],
    ['a header that is no token', () => get(server.issuer, '/userinfo', { authorization: 'Bearer a b' }), 400, /error="invalid_request"/],
  ])('with %s', async (_, ask, status, challenge) => {
    const answer = await ask()
    expect(answer.status).toBe(status)
    expect(answer.headers.get('www-authenticate')).toEqual(typeof challenge === 'string' ? challenge : expect.stringMatching(challenge))
  })

  test('a token for an API does not open it; one for both does', async () => {
    const request = { resource: 'https://calendar.example.org', scope: 'openid profile' }
    const [browser, pkce] = [newBrowser(server.issuer), newPkce()]
    await obtainCode(server.issuer, browser)
    const alone = await signIn(request)
    const refused = await get(server.issuer, '/userinfo', { authorization: `Bearer ${alone.body['access_token']}` })
    expect(refused.status).toBe(401)
    expect(refused.headers.get('www-authenticate')).toMatch(/error="invalid_token"/)
    const both = answerOf(await browser.open(`${authorizationUrl(server.issuer, pkce, { ...request, max_age: '1000' })}&resource=${encodeURIComponent(server.issuer)}`))
    const tokens = await redeem(server.issuer, { code: both.get('code') ?? '', pkce })
    expect((await get(server.issuer, '/userinfo', { authorization: `Bearer ${tokens.body['access_token']}` })).body).toMatchObject({ name: 'Ada Example' })
  })

  test('a client for itself has nothing to learn there: 403, not 401', async () => {
    const { body } = await machine({ scope: 'openid profile' })
    const answer = await get(server.issuer, '/userinfo', { authorization: `Bearer ${body['access_token']}` })
    expect(answer.status).toBe(403)
    expect(answer.headers.get('www-authenticate')).toMatch(/error="insufficient_scope".*scope="openid"/)
  })
})

describe('a JWT access token', () => {
  test('is what RFC 9068 says, for the one API', async () => {
    const { body } = await signIn({ resource: 'https://grades.example.org', scope: 'openid profile' })
    const keys = createRemoteJWKSet(new URL(`${server.issuer}/.well-known/jwks.json`))
    const { payload, protectedHeader } = await jwtVerify(String(body['access_token']), keys, { issuer: server.issuer, audience: 'https://grades.example.org', typ: 'at+jwt' })
    expect(protectedHeader.alg).toBe('ES256')
    expect(body['expires_in']).toBe(300)
    expect(payload).toMatchObject({ client_id: 'planner', scope: 'openid profile', amr: ['pwd'], subject_type: 'user' })
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(300)
    expect(payload['auth_time']).toBeTypeOf('number')
  })

  test('of a client for itself has a subject that no person can have', async () => {
    const { body } = await machine({ audience: 'https://grades.example.org', scope: 'gk_calendar' })
    expect(JSON.parse(Buffer.from(String(body['access_token']).split('.')[1] ?? '', 'base64url').toString())).toMatchObject({ sub: 'client:robot', client_id: 'robot', aud: 'https://grades.example.org', subject_type: 'client' })
  })

  test('is revoked, and dead after its time, where we are asked', async () => {
    const [one, other] = [await machine({ resource: 'https://grades.example.org' }), await machine({ resource: 'https://grades.example.org' })]
    expect((await introspect(one.body['access_token'], 'robot')).body['active']).toBe(true)
    await revoke(one.body['access_token'], 'robot')
    expect((await introspect(one.body['access_token'], 'robot')).text).toBe('{"active":false}')
    await server.advance(301)
    expect((await introspect(other.body['access_token'], 'robot')).text).toBe('{"active":false}')
  })

  test.each([
    ['its padding', (jwt: string) => `${jwt}=`],
    ['a line end', (jwt: string) => `${jwt}\n`],
    ['alg none', (jwt: string) => `${Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url')}.${jwt.split('.')[1]}.`],
    ['another payload', (jwt: string) => `${jwt.split('.')[0]}.${Buffer.from('{"sub":"x"}').toString('base64url')}.${jwt.split('.')[2]}`],
  ])('changed by %s is nobody', async (_, change) => {
    const { body } = await machine({ resource: 'https://grades.example.org' })
    expect((await introspect(change(String(body['access_token'])), 'robot')).text).toBe('{"active":false}')
  })

  test('an id token is no access token', async () => {
    const { body } = await signIn()
    expect((await introspect(body['id_token'])).text).toBe('{"active":false}')
    expect((await get(server.issuer, '/userinfo', { authorization: `Bearer ${body['id_token']}` })).status).toBe(401)
  })
})

describe('/oauth/introspection', () => {
  test('is for clients that authenticate', async () => {
    expect((await post(server.issuer, '/oauth/introspection', { token: 'x' })).status).toBe(401)
    expect(await post(server.issuer, '/oauth/introspection', { token: 'x', client_id: 'spa' })).toMatchObject({ status: 401, body: { error: 'invalid_client' } })
    expect(await post(server.issuer, '/oauth/introspection', {}, { authorization: basic('planner') })).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
  })

  test('unknown, expired and revoked are the same bytes', async () => {
    const [revoked, expired] = [await machine(), await machine()]
    await revoke(revoked.body['access_token'], 'robot')
    const dead = [await introspect('ptr_at_unknown', 'robot'), await introspect(revoked.body['access_token'], 'robot')]
    await server.advance(3601)
    dead.push(await introspect(expired.body['access_token'], 'robot'))
    expect(new Set(dead.map(({ text }) => text))).toEqual(new Set(['{"active":false}']))
  })

  test('tells a refresh token to its own client only', async () => {
    const { body } = await signIn()
    expect((await introspect(body['refresh_token'])).body).toMatchObject({ active: true, client_id: 'planner' })
    expect((await introspect(body['refresh_token'], 'robot')).text).toBe('{"active":false}')
  })
})

describe('/oauth/revocation', () => {
  test('of something unknown, or of another client, is 200 and changes nothing', async () => {
    const { body } = await signIn()
    expect((await revoke('nonsense', 'robot')).status).toBe(200)
    expect((await revoke(body['access_token'], 'robot')).status).toBe(200)
    expect((await revoke(body['refresh_token'], 'robot')).status).toBe(200)
    expect((await introspect(body['access_token'])).body['active']).toBe(true)
  })

  test('of a refresh token takes the access tokens with it', async () => {
    const { body } = await signIn()
    await revoke(body['refresh_token'])
    expect((await introspect(body['access_token'])).text).toBe('{"active":false}')
  })

  test('of an access token leaves the grant', async () => {
    const { body } = await signIn()
    await revoke(body['access_token'])
    expect((await introspect(body['access_token'])).text).toBe('{"active":false}')
    expect((await introspect(body['refresh_token'])).body['active']).toBe(true)
  })
})

describe('pages of other origins', () => {
  const preflight = (path: string, origin: string) => fetch(server.issuer + path, { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'POST' } })

  test.each(['/oauth/token', '/userinfo', '/oauth/revocation'])('%s is open to the registered origins', async (path) => {
    expect((await preflight(path, 'https://planner.example.org')).headers.get('access-control-allow-origin')).toBe('https://planner.example.org')
    expect((await preflight(path, 'https://evil.example')).headers.get('access-control-allow-origin')).toBeNull()
  })

  test('the answer itself only to the origins of the very client', async () => {
    const ask = (client: string, origin: string) => post(server.issuer, '/oauth/token', { grant_type: 'client_credentials' }, { authorization: basic(client), origin })
    expect((await ask('planner', 'https://planner.example.org')).headers.get('access-control-allow-origin')).toBe('https://planner.example.org')
    expect((await ask('robot', 'https://planner.example.org')).headers.get('access-control-allow-origin')).toBeNull()
  })

  test('metadata and keys are for everybody', async () => {
    for (const path of ['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server', '/.well-known/jwks.json']) {
      expect((await fetch(server.issuer + path, { headers: { origin: 'https://anywhere.example' } })).headers.get('access-control-allow-origin')).toBe('*')
    }
  })
})

import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../support/app.ts'
import { type Browser, newBrowser, type Page, pageName } from '../support/browser.ts'
import { answerOf, authorizationUrl, basic, get, type JsonAnswer, newPkce, type Parameters, post, redeem, refresh, walk } from '../support/relying-party.ts'
import { ASSERTION_TYPE, assertionOf, registerKeyedClient, signed } from '../support/strong-client.ts'
import { CALLBACK, SECRET } from '../support/world.ts'

// Two ways to say more exactly what is wanted: claims by name (OpenID Connect Core §5.5), and the APIs that a token is for (RFC 8707).

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
  await server.apply(`
kind: client
client_id: narrow
client_secret: { value: ${SECRET} }
client_name: Narrow
redirect_uris: [${CALLBACK}]
scope: openid profile
`)
})
afterAll(() => server.close())

const CALENDAR = 'https://calendar.example.org'
const GRADES = 'https://grades.example.org'

/** Query parameters of which one may stand several times. */
function repeated(url: string, more: readonly (readonly [string, string])[]): string {
  return `${url}&${new URLSearchParams(more.map(([name, value]): [string, string] => [name, value]))}`
}

interface SignedIn {
  readonly tokens: JsonAnswer
  readonly idToken: Record<string, unknown>
  readonly userinfo: Record<string, unknown>
}

async function signIn(wishes: object, changes: Parameters = {}, browser = newBrowser(server.issuer), username = 'ada'): Promise<SignedIn> {
  const pkce = newPkce()
  const clientId = changes['client_id'] ?? 'planner'
  const code = answerOf(await walk(browser, await browser.open(authorizationUrl(server.issuer, pkce, { scope: 'openid', claims: JSON.stringify(wishes), ...changes })), username)).get('code') ?? ''
  const tokens = await redeem(server.issuer, { code, pkce }, {}, { authorization: basic(clientId) })
  const userinfo = await get(server.issuer, '/userinfo', { authorization: `Bearer ${tokens.body['access_token']}` })
  return { tokens, idToken: decodeJwt(String(tokens.body['id_token'])), userinfo: userinfo.body }
}

async function goOn(browser: Browser, page: Page): Promise<Page> {
  return pageName(page) === 'chooser' ? browser.submit(page, 'account', { account: /data-account="([^"]+)"/.exec(page.html)?.[1] ?? '' }) : page
}

describe('claims by name', () => {
  test('come where they were asked for, essential or not, and only there', async () => {
    const { idToken, userinfo } = await signIn({ userinfo: { name: { essential: true }, email: null }, id_token: { given_name: null } })
    expect(userinfo).toMatchObject({ name: 'Ada Example', email: 'ada@ntu.example' })
    expect(userinfo).not.toHaveProperty('given_name')
    expect(idToken['given_name']).toBe('Ada')
    expect(idToken).not.toHaveProperty('email')
  })

  test('an essential claim that nobody has fails nothing', async () => {
    const { userinfo } = await signIn({ userinfo: { website: { essential: true }, nobody_knows: { essential: true } } })
    expect(userinfo).not.toHaveProperty('website')
  })

  test('with a value or values come when they are among them', async () => {
    const { userinfo } = await signIn({ userinfo: { name: { value: 'Ada Example' }, given_name: { values: ['Eve', 'Ada'] }, family_name: { value: 'Other' }, email: { values: ['x@ntu.example'] } } })
    expect(userinfo).toMatchObject({ name: 'Ada Example', given_name: 'Ada' })
    expect(userinfo).not.toHaveProperty('family_name')
    expect(userinfo).not.toHaveProperty('email')
  })

  test('of a scope that the client did not register do not come', async () => {
    const { userinfo, idToken } = await signIn({ userinfo: { email: { essential: true }, name: null }, id_token: { phone_number: null } }, { client_id: 'narrow' })
    expect(userinfo['name']).toBe('Ada Example')
    expect(userinfo).not.toHaveProperty('email')
    expect(idToken).not.toHaveProperty('phone_number')
  })

  test('are asked of the person as scopes are, and not given where they say no', async () => {
    const browser = newBrowser(server.issuer)
    const claims = JSON.stringify({ userinfo: { email: null, groups: null } })
    const open = (pkce = newPkce(), more: Parameters = {}) => browser.open(authorizationUrl(server.issuer, pkce, { scope: 'openid', ...more }))
    answerOf(await walk(browser, await open(newPkce(), { scope: 'openid' }), 'lin'))
    const silent = answerOf(await open(newPkce(), { claims, prompt: 'none' }))
    expect(silent.get('error')).toBe('consent_required')
    const pkce = newPkce()
    const page = await goOn(browser, await open(pkce, { claims }))
    expect(pageName(page)).toBe('consent')
    expect(page.html).toContain('lin@ntu.example')
    // Groups may be left out, and they were.
    const code = answerOf(await browser.submit(page, 'decision', { decision: 'allow', optional_scope: [] })).get('code') ?? ''
    const tokens = await redeem(server.issuer, { code, pkce })
    expect(tokens.body['scope']).toBe('openid')
    const { body } = await get(server.issuer, '/userinfo', { authorization: `Bearer ${tokens.body['access_token']}` })
    expect(body['email']).toBe('lin@ntu.example')
    expect(body).not.toHaveProperty('groups')
  })

  test('an acr that must be met and cannot is refused', async () => {
    const browser = newBrowser(server.issuer)
    for (const acr of [{ essential: true, value: 'urn:example:smartcard' }, { essential: true, values: ['urn:example:smartcard', 'urn:example:other'] }]) {
      const answer = answerOf(await walk(browser, await browser.open(authorizationUrl(server.issuer, newPkce(), { claims: JSON.stringify({ id_token: { acr } }) }))))
      expect(answer.get('error')).toBe('unmet_authentication_requirements')
    }
    const wished = answerOf(await walk(browser, await browser.open(authorizationUrl(server.issuer, newPkce(), { claims: JSON.stringify({ id_token: { acr: { value: 'urn:example:smartcard' } } }) }))))
    expect(wished.get('code')).not.toBeNull()
  })

  test.each(['{', '[]', '{"userinfo":[]}', '{"id_token":{"acr":"x"}}', '{"userinfo":{"name":{"values":"x"}}}'])('%s is no claims request', async (claims) => {
    expect(answerOf(await newBrowser(server.issuer).open(authorizationUrl(server.issuer, newPkce(), { claims }))).get('error')).toBe('invalid_request')
  })
})

describe('the person by name', () => {
  const asking = (sub: object): string => JSON.stringify({ id_token: { sub } })

  test('only that person will do', async () => {
    const browser = newBrowser(server.issuer)
    const ada = String((await signIn({}, {}, browser)).idToken['sub'])
    const lin = String((await signIn({}, {}, newBrowser(server.issuer), 'lin')).idToken['sub'])
    const silently = async (sub: object): Promise<URLSearchParams> => answerOf(await browser.open(authorizationUrl(server.issuer, newPkce(), { scope: 'openid', prompt: 'none', claims: asking(sub) })))
    expect((await silently({ value: ada })).has('code')).toBe(true)
    expect((await silently({ values: [lin, ada] })).has('code')).toBe(true)
    expect((await silently({ value: lin })).get('error')).toBe('login_required')
    expect((await silently({ values: [lin, 'nobody'] })).get('error')).toBe('login_required')
    expect((await silently({ values: [] })).get('error')).toBe('invalid_request')
  })

  test('a hint for one and a claim for another cannot be met', async () => {
    const browser = newBrowser(server.issuer)
    const { tokens } = await signIn({}, {}, browser)
    const answer = answerOf(await browser.open(authorizationUrl(server.issuer, newPkce(), { scope: 'openid', prompt: 'none', id_token_hint: String(tokens.body['id_token']), claims: asking({ value: 'somebody' }) })))
    expect(answer.get('error')).toBe('invalid_request')
  })
})

describe('several APIs', () => {
  async function tokensFor(resources: readonly string[], at: string | readonly string[] = []): Promise<JsonAnswer> {
    const [browser, pkce] = [newBrowser(server.issuer), newPkce()]
    const url = repeated(authorizationUrl(server.issuer, pkce, { scope: 'openid offline_access gk_calendar' }), resources.map((one) => ['resource', one]))
    const code = answerOf(await walk(browser, await browser.open(url))).get('code') ?? ''
    const form = new URLSearchParams({ grant_type: 'authorization_code', code, redirect_uri: CALLBACK, code_verifier: pkce.verifier })
    for (const one of [at].flat()) form.append('resource', one)
    return post(server.issuer, '/oauth/token', form, { authorization: basic('planner') })
  }
  const audienceOf = async (token: unknown): Promise<unknown> => (await post(server.issuer, '/oauth/introspection', { token: String(token) }, { authorization: basic('planner') })).body['aud']

  test('are asked for at once; one token is for all of them, or for the one that it is wanted for', async () => {
    const all = await tokensFor([CALENDAR, GRADES])
    expect(await audienceOf(all.body['access_token'])).toEqual([CALENDAR, GRADES])
    const one = await refresh(server.issuer, all.body['refresh_token'], { resource: GRADES })
    expect(decodeJwt(String(one.body['access_token']))['aud']).toBe(GRADES)
    const other = await refresh(server.issuer, one.body['refresh_token'], { resource: CALENDAR })
    expect(await audienceOf(other.body['access_token'])).toBe(CALENDAR)
    expect(await audienceOf((await refresh(server.issuer, other.body['refresh_token'])).body['access_token'])).toEqual([CALENDAR, GRADES])
    expect(await audienceOf((await tokensFor([CALENDAR, GRADES], CALENDAR)).body['access_token'])).toBe(CALENDAR)
  })

  test('none that was not asked for: with the code, with the refresh token; neither is spent', async () => {
    const refused = { status: 400, body: { error: 'invalid_target' } }
    expect(await tokensFor([CALENDAR], GRADES)).toMatchObject(refused)
    expect(await tokensFor([CALENDAR], [CALENDAR, GRADES])).toMatchObject(refused)
    const { body } = await tokensFor([CALENDAR])
    expect(await refresh(server.issuer, body['refresh_token'], { resource: GRADES })).toMatchObject(refused)
    expect((await refresh(server.issuer, body['refresh_token'])).status).toBe(200)
  })

  test.each(['https://nobody.example.org', 'no uri', `${CALENDAR}#part`])('%s is refused wherever it stands among good ones', async (bad) => {
    const page = await newBrowser(server.issuer).open(repeated(authorizationUrl(server.issuer, newPkce()), [['resource', CALENDAR], ['resource', bad]]))
    expect(answerOf(page).get('error')).toBe('invalid_target')
    const form = new URLSearchParams([['grant_type', 'client_credentials'], ['resource', CALENDAR], ['resource', bad]])
    expect(await post(server.issuer, '/oauth/token', form, { authorization: basic('robot') })).toMatchObject({ status: 400, body: { error: 'invalid_target' } })
  })

  test('for a machine, and in a pushed object as a list', async () => {
    const form = new URLSearchParams([['grant_type', 'client_credentials'], ['scope', 'gk_calendar'], ['resource', CALENDAR], ['resource', GRADES]])
    const machine = await post(server.issuer, '/oauth/token', form, { authorization: basic('robot') })
    expect((await post(server.issuer, '/oauth/introspection', { token: String(machine.body['access_token']) }, { authorization: basic('robot') })).body['aud']).toEqual([CALENDAR, GRADES])
    const keyed = await registerKeyedClient(server, 'lists')
    const pkce = newPkce()
    const credentials = async (): Promise<Parameters> => ({ client_assertion_type: ASSERTION_TYPE, client_assertion: await assertionOf(server, keyed) })
    const request = await signed({ iss: 'lists', aud: server.issuer, client_id: 'lists', response_type: 'code', redirect_uri: keyed.redirectUri, scope: 'openid', code_challenge: pkce.challenge, code_challenge_method: 'S256', resource: [CALENDAR, GRADES] }, { alg: 'ES256' }, keyed.keys.privateKey)
    const pushed = await post(server.issuer, '/oauth/par', { client_id: 'lists', request, ...(await credentials()) })
    const browser = newBrowser(server.issuer)
    const code = answerOf(await walk(browser, await browser.open(`${server.issuer}/oauth/authorization?${new URLSearchParams({ client_id: 'lists', request_uri: String(pushed.body['request_uri']) })}`))).get('code') ?? ''
    const tokens = await post(server.issuer, '/oauth/token', { grant_type: 'authorization_code', code, redirect_uri: keyed.redirectUri, code_verifier: pkce.verifier, ...(await credentials()) })
    const seen = await post(server.issuer, '/oauth/introspection', { token: String(tokens.body['access_token']), ...(await credentials()) })
    expect(seen.body['aud']).toEqual([CALENDAR, GRADES])
  })
})

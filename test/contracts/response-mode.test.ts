import { createRemoteJWKSet, jwtVerify } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { responseModes } from '../../src/authorization-request/response-modes/index.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { forms, newBrowser, type Page } from '../support/browser.ts'
import { authorizationUrl, basic, get, newPkce, type Parameters, post, walk } from '../support/relying-party.ts'
import { SECRET } from '../support/world.ts'

// What holds for every way in which an answer reaches a client, good or not.

const CALLBACK = 'https://modes.example.org/callback?kept=1'
let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
  await server.apply(`kind: client\nclient_id: modes\nclient_secret: { value: ${SECRET} }\nclient_name: Modes\nredirect_uris: ['${CALLBACK}']\nscope: openid profile\nauthorization_signed_response_alg: ES256\n`)
})
afterAll(() => server.close())

type Place = 'query' | 'fragment' | 'form'

/** Where the answer stands, and what it says there. */
function answerIn(page: Page): { readonly place: Place; readonly parameters: URLSearchParams } {
  if (page.status === 0) {
    const url = new URL(page.url)
    expect(url.href.startsWith(CALLBACK)).toBe(true)
    url.searchParams.delete('kept')
    return url.hash === '' ? { place: 'query', parameters: url.searchParams } : { place: 'fragment', parameters: new URLSearchParams(url.hash.slice(1)) }
  }
  const form = forms(page).find(({ action }) => action === CALLBACK)
  if (form === undefined) throw new Error(`no answer at ${page.url}`)
  expect(form.method).toBe('POST')
  // To another origin neither says where the person comes from.
  expect(page.headers.get('referrer-policy')).toMatch(/^(same-origin|no-referrer)$/)
  return { place: 'form', parameters: new URLSearchParams({ ...form.fields }) }
}

// A mode that is added to the list without a line here fails the suite.
const places: Readonly<Record<string, Place>> = { query: 'query', fragment: 'fragment', form_post: 'form', 'query.jwt': 'query', 'fragment.jwt': 'fragment', 'form_post.jwt': 'form' }

describe.each(responseModes.map(({ name, signs }) => [name, signs === true] as const))('%s', (mode, signs) => {
  async function ask(changes: Parameters = {}): Promise<{ readonly said: Readonly<Record<string, unknown>>; readonly verifier: string }> {
    const browser = newBrowser(server.issuer)
    const pkce = newPkce()
    const { place, parameters } = answerIn(await walk(browser, await browser.open(authorizationUrl(server.issuer, pkce, { client_id: 'modes', redirect_uri: CALLBACK, response_mode: mode, ...changes }))))
    expect(place).toBe(places[mode])
    if (!signs) return { said: Object.fromEntries(parameters), verifier: pkce.verifier }
    expect([...parameters.keys()]).toEqual(['response'])
    const { payload } = await jwtVerify(parameters.get('response') ?? '', createRemoteJWKSet(new URL(`${server.issuer}/.well-known/jwks.json`)), { issuer: server.issuer, audience: 'modes', requiredClaims: ['exp'] })
    return { said: payload, verifier: pkce.verifier }
  }

  test('brings a code that works, the state and the issuer, in its place and nowhere else', async () => {
    const { said, verifier } = await ask()
    expect(said).toMatchObject({ state: 'the-state', iss: server.issuer })
    expect(said).not.toHaveProperty('error')
    const answer = await post(server.issuer, '/oauth/token', { grant_type: 'authorization_code', code: String(said['code']), redirect_uri: CALLBACK, code_verifier: verifier }, { authorization: basic('modes') })
    expect(answer).toMatchObject({ status: 200, body: { token_type: 'Bearer' } })
  })

  test('brings a refusal the same way', async () => {
    const { said } = await ask({ prompt: 'none' })
    expect(said).toMatchObject({ error: 'login_required', state: 'the-state', iss: server.issuer })
    expect(said).not.toHaveProperty('code')
  })

  test('brings no state where none was sent', async () => {
    expect((await ask({ state: undefined, prompt: 'none' })).said).not.toHaveProperty('state')
  })

  test('is advertised', async () => {
    const { body } = await get(server.issuer, '/.well-known/openid-configuration')
    expect(body['response_modes_supported']).toContain(mode)
  })
})

test('a mode that is not in the list is refused, and the refusal comes the usual way', async () => {
  const browser = newBrowser(server.issuer)
  const page = await browser.open(authorizationUrl(server.issuer, newPkce(), { client_id: 'modes', redirect_uri: CALLBACK, response_mode: 'carrier_pigeon' }))
  const { place, parameters } = answerIn(page)
  expect([place, parameters.get('error'), parameters.get('state')]).toEqual(['query', 'invalid_request', 'the-state'])
})

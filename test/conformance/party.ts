import { randomUUID } from 'node:crypto'
import type { JWTPayload } from 'jose'
import { expect } from 'vitest'
import { startTestServer, type TestServer } from '../support/app.ts'
import { type Browser, forms, newBrowser, type Page, pageName } from '../support/browser.ts'
import { basic, get, type JsonAnswer, type Parameters, post, walk } from '../support/relying-party.ts'
import { ASSERTION_TYPE } from '../support/strong-client.ts'
import { SECRET } from '../support/world.ts'
import { checkAnswer, checkClaims, checkIdToken, checkTokenResponse } from './checks.ts'

// The client that the suite plays: it asks in one response type and mode, and looks at everything that it gets (checks.ts).

export interface Party {
  readonly server: TestServer
  readonly clientId: string
  readonly secret: string
  readonly redirectUri: string
  readonly responseType: string
  readonly responseMode?: 'form_post'
  readonly method: 'client_secret_basic' | 'client_secret_post'
  /** What it proves itself with instead of a secret. */
  readonly assert?: () => Promise<string>
  /** Where one person is signed in, for stories that do not begin with nobody. */
  readonly browser: Browser
}

/** A server as the suite wants it: clients may register themselves, refer to requests, and do what they did before OAuth 2.1. */
export function startProvider(): Promise<TestServer> {
  return startTestServer({ env: { PORTNER_REGISTRATION: 'open', PORTNER_REGISTRATION_PROFILE: 'legacy', PORTNER_FETCH_REQUEST_URIS: '1', PORTNER_TEST_FETCH: '1' } })
}

export const SCOPES = 'openid profile email address phone offline_access'

/** A client that an operator declared, which may use a response type. */
export async function declareParty(server: TestServer, clientId: string, options: Pick<Party, 'responseType' | 'responseMode'> & Partial<Pick<Party, 'method'>>): Promise<Party> {
  const { responseType, method = 'client_secret_basic' } = options
  const implicit = responseType !== 'code'
  const redirectUri = `https://${clientId}.example.org/callback`
  await server.apply(`
kind: client
client_id: ${clientId}
client_secret: { value: ${SECRET} }
client_name: ${clientId}
redirect_uris: [${redirectUri}]
token_endpoint_auth_method: ${method}
grant_types: [authorization_code, refresh_token${implicit ? ', implicit' : ''}]
response_types: [${responseType}]
compatibility: [no_pkce${implicit ? ', implicit' : ''}]
scope: ${SCOPES}
`)
  return { server, clientId, secret: SECRET, redirectUri, method, browser: newBrowser(server.issuer), ...options }
}

/** Registers a client (RFC 7591). */
export async function register(server: TestServer, metadata: object): Promise<JsonAnswer> {
  const response = await fetch(`${server.issuer}/oauth/registration`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(metadata) })
  const text = await response.text()
  expect(response.headers.get('content-type')).toMatch(/^application\/json/)
  return { status: response.status, headers: response.headers, text, body: JSON.parse(text) as Record<string, unknown> }
}

/** A client that registered itself, and is as good as a declared one. */
export async function registerParty({ server, responseType, responseMode }: Pick<Party, 'server' | 'responseType' | 'responseMode'>, metadata: object = {}): Promise<Party> {
  const redirectUri = `https://${randomUUID()}.example.org/callback`
  const parts = responseType.split(' ')
  const grants = [...(parts.includes('code') ? ['authorization_code', 'refresh_token'] : []), ...(responseType === 'code' ? [] : ['implicit'])]
  const { status, body, text } = await register(server, { redirect_uris: [redirectUri], client_name: 'Suite', grant_types: grants, response_types: [responseType], contacts: ['certification@example.org'], ...metadata })
  expect(status, text).toBe(201)
  expect([body['registration_access_token'], body['registration_client_uri']]).toEqual([expect.any(String), expect.stringMatching(/^http/)])
  return { server, responseType, ...(responseMode && { responseMode }), clientId: String(body['client_id']), secret: String(body['client_secret']), redirectUri, method: 'client_secret_basic', browser: newBrowser(server.issuer) }
}

export interface Asked {
  readonly parameters: Readonly<Record<string, string>>
  readonly url: string
}

/** A request of the party; undefined leaves a parameter out. */
export function request(party: Party, changes: Parameters = {}): Asked {
  const all: Parameters = { client_id: party.clientId, redirect_uri: party.redirectUri, scope: 'openid', state: `~ ${randomUUID()}+%&=`, nonce: randomUUID(), response_type: party.responseType, response_mode: party.responseMode, ...changes }
  const parameters = Object.fromEntries(Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined))
  return { parameters, url: `${party.server.issuer}/oauth/authorization?${new URLSearchParams(parameters)}` }
}

/** Opens a request and does what the pages ask, until the answer or a page that does not lead on. */
export async function open(party: Party, asked: Asked, browser = party.browser): Promise<Page> {
  return walk(browser, await browser.open(asked.url))
}

/** That the page goes on by itself, also in a browser that knows no modules: the suite's is one. */
export function expectGoesOn(page: Page): void {
  expect(page.html.match(/<script[^>]*>/g)).toEqual([expect.stringMatching(/^<script defer src="\/assets\/onward\.[0-9a-f]+\.js">$/)])
}

function postedTo(page: Page, redirectUri: string): URLSearchParams {
  const [form, ...more] = forms(page)
  expect([form?.action, form?.method, more.length]).toEqual([redirectUri, 'POST', 0])
  expectGoesOn(page)
  expect(page.headers.get('cache-control')).toContain('no-store')
  return new URLSearchParams(form?.fields)
}

/** The answer in its place: query, fragment, or a form that sends itself. */
export function answerAt(party: Pick<Party, 'server' | 'redirectUri'>, page: Page, { parameters }: Asked): URLSearchParams {
  const { response_type: responseType, response_mode: mode } = parameters
  const take = (): URLSearchParams => {
    if (mode === 'form_post') return postedTo(page, party.redirectUri)
    expect(page.url.startsWith(party.redirectUri), `${page.url} ${pageName(page)}`).toBe(true)
    const { hash, searchParams } = new URL(page.url)
    const place = responseType === 'code' || responseType === undefined ? 'query' : 'fragment'
    expect(hash === '' ? 'query' : 'fragment').toBe(place)
    return place === 'query' ? new URLSearchParams([...searchParams].filter(([name]) => !new URL(party.redirectUri).searchParams.has(name))) : new URLSearchParams(hash.slice(1))
  }
  const answer = take()
  checkAnswer(party.server, answer, { state: parameters['state'], responseType })
  return answer
}

type Credentialed = Pick<Party, 'server' | 'method' | 'clientId' | 'secret' | 'assert'>

/** Parameters and headers by which the party authenticates. */
export async function credentials({ method, clientId, secret, assert }: Credentialed): Promise<{ readonly form: Parameters; readonly headers: Readonly<Record<string, string>> }> {
  if (assert !== undefined) return { form: { client_assertion_type: ASSERTION_TYPE, client_assertion: await assert() }, headers: {} }
  return method === 'client_secret_post' ? { form: { client_id: clientId, client_secret: secret }, headers: {} } : { form: {}, headers: { authorization: basic(clientId, secret) } }
}

export async function exchange(party: Credentialed, parameters: Parameters): Promise<JsonAnswer> {
  const { form, headers } = await credentials(party)
  return post(party.server.issuer, '/oauth/token', { ...form, ...parameters }, headers)
}

export function redeem(party: Credentialed & Pick<Party, 'redirectUri'>, code: string | null, more: Parameters = {}): Promise<JsonAnswer> {
  return exchange(party, { grant_type: 'authorization_code', code: code ?? undefined, redirect_uri: party.redirectUri, ...more })
}

export interface SignedIn {
  readonly answer: URLSearchParams
  /** Of the first id token that came. */
  readonly claims: JWTPayload
  readonly idToken: string
  readonly accessToken: string | undefined
  readonly tokens: JsonAnswer | undefined
  /** What is known of the person: userinfo, or the id token where that is all there is. */
  readonly person: Readonly<Record<string, unknown>>
}

export interface Way {
  readonly browser?: Browser
  /** Of the code, beside what every party sends. */
  readonly redeeming?: Parameters
  /** Claims that were asked for by name. */
  readonly asked?: readonly string[]
}

/** The whole way: a request, the pages, the answer, the tokens, userinfo; each looked at. */
export async function signIn(party: Party, changes: Parameters = {}, way: Way = {}): Promise<SignedIn> {
  const asked = request(party, changes)
  return received(party, asked, await open(party, asked, way.browser), way)
}

export async function received(party: Party, asked: Asked, page: Page, { redeeming, asked: names = [] }: Way = {}): Promise<SignedIn> {
  const { server, clientId } = party
  const answer = answerAt(party, page, asked)
  expect(answer.get('error_description') ?? answer.get('error')).toBeNull()
  const parts = party.responseType.split(' ')
  const [code, front] = [answer.get('code') ?? undefined, answer.get('access_token') ?? undefined]
  const about = { clientId, nonce: asked.parameters['nonce'], alone: party.responseType === 'id_token', asked: names }
  const claims: { readonly idToken: string; readonly payload: JWTPayload }[] = []
  const look = async (idToken: string, place: 'front' | 'token endpoint', accessToken: string | undefined): Promise<void> => {
    claims.push({ idToken, payload: await checkIdToken(server, idToken, { ...about, place, accessToken, code: place === 'front' ? code : undefined }) })
  }
  if (parts.includes('id_token')) await look(answer.get('id_token') ?? '', 'front', front)
  const tokens = code === undefined ? undefined : await redeem(party, code, redeeming)
  if (tokens !== undefined) {
    checkTokenResponse(tokens)
    await look(String(tokens.body['id_token']), 'token endpoint', String(tokens.body['access_token']))
  }
  // Both id tokens of a hybrid flow speak of one person (Core §3.3.3.6).
  expect(new Set(claims.map(({ payload }) => `${payload.iss} ${payload.sub}`)).size).toBe(1)
  const [first] = claims
  if (first === undefined) throw new Error('no id token')
  const accessToken = tokens === undefined ? front : String(tokens.body['access_token'])
  const person = accessToken === undefined ? pick(first.payload) : (await get(server.issuer, '/userinfo', { authorization: `Bearer ${accessToken}` })).body
  checkClaims(person)
  expect(person['sub']).toBe(first.payload.sub)
  return { answer, claims: first.payload, idToken: first.idToken, accessToken, tokens, person }
}

const OF_TOKENS = new Set(['iss', 'aud', 'exp', 'iat', 'nbf', 'jti', 'auth_time', 'nonce', 'acr', 'amr', 'sid', 'at_hash', 'c_hash', 's_hash', 'azp'])

function pick(claims: JWTPayload): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(claims).filter(([name]) => !OF_TOKENS.has(name)))
}

/** A page of ours that tells of an error; the client hears nothing. */
export function expectErrorPage(page: Page): void {
  expect([page.status, pageName(page)], page.url).toEqual([400, 'error'])
  expect(forms(page).filter(({ action }) => !action.includes('/oauth/') && action.startsWith('http'))).toEqual([])
}

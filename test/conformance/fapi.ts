import { createHash } from 'node:crypto'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { expect } from 'vitest'
import { startTestServer, type TestServer } from '../support/app.ts'
import { type Browser, newBrowser, type Page } from '../support/browser.ts'
import { answerOf, get, type JsonAnswer, newPkce, type Parameters, type Pkce, post, walk } from '../support/relying-party.ts'
import { ASSERTION_TYPE, assertionOf, type KeyedClient, newKey, proofOf, registerKeyedClient, signed } from '../support/strong-client.ts'

// What the FAPI 2.0 stories share: two strong clients, a person with a browser, and every request in a form that is good until a story
// changes one thing of it. Times are the server's, which a story may move.

export interface Variant {
  readonly name: string
  readonly openid: boolean
  /** FAPI 2.0 Message Signing: requests are signed objects, answers are signed (JARM). */
  readonly messageSigning: boolean
}

/** The variants that go through every story: each choice of either kind is among them. */
export const variants: readonly Variant[] = [
  { name: 'security profile, openid_connect', openid: true, messageSigning: false },
  { name: 'message signing (signed requests, jarm), plain_oauth', openid: false, messageSigning: true },
]

/** The other two, which are made of the same parts. */
export const crossed: readonly Variant[] = [
  { name: 'security profile, plain_oauth', openid: false, messageSigning: false },
  { name: 'message signing (signed requests, jarm), openid_connect', openid: true, messageSigning: true },
]

type Changes = Readonly<Record<string, unknown>>
export type Keys = KeyedClient['keys']

/** One pushed request: what differs from a good one. */
export interface Pushing {
  readonly as?: KeyedClient
  readonly pkce?: Pkce | undefined
  /** Parameters of the request; undefined leaves one out. */
  readonly parameters?: Parameters
  /** Claims of the request object, beside the parameters. */
  readonly claims?: Changes
  readonly header?: Changes
  readonly key?: Keys['privateKey']
  /** Form parameters beside the request; undefined leaves one out. */
  readonly outside?: Parameters
  readonly assertion?: Changes
  readonly proof?: string
}

export interface Redeeming {
  readonly as?: KeyedClient
  readonly pkce: Pkce
  readonly changes?: Parameters
  readonly assertion?: Changes
  readonly assertionHeader?: Changes
  readonly proof?: string | undefined
}

export interface Fapi {
  readonly variant: Variant
  readonly server: TestServer
  readonly one: KeyedClient
  readonly two: KeyedClient
  /** The key that tokens are bound to. */
  readonly holder: Keys
  readonly browser: Browser
  readonly now: () => number
  readonly push: (pushing?: Pushing) => Promise<JsonAnswer>
  /** Opens a pushed request; the person allows it. */
  readonly open: (requestUri: unknown, as?: KeyedClient, beside?: Parameters) => Promise<Page>
  /** What the answer says, read out of the signed one where there is one. */
  readonly read: (page: Page, as?: KeyedClient) => Promise<URLSearchParams>
  readonly prove: (path: string, changes?: Changes, method?: string, keys?: Keys) => Promise<string>
  readonly redeem: (code: string | null, redeeming: Redeeming) => Promise<JsonAnswer>
  readonly resource: (token: unknown, options?: { readonly proof?: string | undefined; readonly scheme?: string }) => Promise<JsonAnswer>
  readonly close: () => Promise<void>
}

/** The `ath` of a proof. */
export function hashOf(token: unknown): string {
  return createHash('sha256').update(String(token)).digest('base64url')
}

function given(parameters: Parameters): Record<string, string> {
  return Object.fromEntries(Object.entries(parameters).filter((entry): entry is [string, string] => entry[1] !== undefined))
}

async function startClients(server: TestServer, { messageSigning }: Variant): Promise<{ readonly one: KeyedClient; readonly two: KeyedClient }> {
  const more = `profile: fapi2\nrequire_signed_request_object: ${messageSigning}`
  const one = await registerKeyedClient(server, 'one', { alg: 'PS256', more })
  const two = await registerKeyedClient(server, 'two', { alg: 'ES256', more, redirectUri: 'https://two.example.org/callback?dummy1=lorem&dummy2=ipsum' })
  return { one, two }
}

/** A server with two clients of profile `fapi2`. */
export async function startFapi(variant: Variant): Promise<Fapi> {
  const server = await startTestServer()
  const { issuer } = server
  const { one, two } = await startClients(server, variant)
  const { keys: holder } = await newKey()
  const browser = newBrowser(issuer)
  const now = (): number => Math.floor(server.ctx.clock.now() / 1000)
  const jwks = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`))

  const credentials = async (as: KeyedClient, changes: Changes = {}, header: Changes = {}): Promise<Record<string, string>> => ({ client_assertion_type: ASSERTION_TYPE, client_assertion: await assertionOf(server, as, { iat: now(), exp: now() + 60, ...changes }, header) })
  // `prompt=consent`: a browser that is only ever sent straight back is stopped after some rounds.
  const parametersOf = (as: KeyedClient, pkce: Pkce | undefined, changes: Parameters): Record<string, string> =>
    given({
      client_id: as.clientId,
      response_type: 'code',
      redirect_uri: as.redirectUri,
      scope: variant.openid ? 'openid profile' : 'profile',
      state: 'the-state',
      nonce: variant.openid ? 'the-nonce' : undefined,
      prompt: 'consent',
      response_mode: variant.messageSigning ? 'jwt' : undefined,
      ...(pkce && { code_challenge: pkce.challenge, code_challenge_method: 'S256' }),
      ...changes,
    })

  async function formOf(as: KeyedClient, parameters: Record<string, string>, { claims, header, key }: Pushing): Promise<Record<string, string>> {
    if (!variant.messageSigning) return parameters
    const said = { ...parameters, iss: as.clientId, aud: issuer, iat: now(), nbf: now(), exp: now() + 60, ...claims }
    return { client_id: as.clientId, request: await signed(said, { alg: as.jwk.alg, kid: as.jwk.kid, typ: 'oauth-authz-req+jwt', ...header }, key ?? as.keys.privateKey) }
  }

  return {
    variant,
    server,
    one,
    two,
    holder,
    browser,
    now,
    push: async (pushing = {}) => {
      const { as = one, parameters = {}, outside = {}, assertion, proof } = pushing
      const pkce = 'pkce' in pushing ? pushing.pkce : newPkce()
      const form = await formOf(as, parametersOf(as, pkce, parameters), pushing)
      return post(issuer, '/oauth/par', given({ ...form, ...(await credentials(as, assertion)), ...outside }), proof === undefined ? {} : { dpop: proof })
    },
    open: async (requestUri, as = one, beside = {}) => walk(browser, await browser.open(`${issuer}/oauth/authorization?${new URLSearchParams({ client_id: as.clientId, request_uri: String(requestUri), ...given(beside) })}`)),
    read: async (page, as = one) => {
      const answer = answerOf(page)
      if (!variant.messageSigning) return answer
      expect([...answer.keys()].filter((name) => !name.startsWith('dummy'))).toEqual(['response'])
      const { payload, protectedHeader } = await jwtVerify(answer.get('response') ?? '', jwks, { issuer, audience: as.clientId, requiredClaims: ['exp'], currentDate: new Date(now() * 1000) })
      expect(protectedHeader.alg).toBe('ES256')
      return new URLSearchParams(Object.entries(payload).map(([name, value]): [string, string] => [name, String(value)]))
    },
    prove: (path, changes = {}, method = 'POST', keys = holder) => proofOf(keys, method, `${issuer}${path}`, { iat: now(), ...changes }),
    redeem: async (code, { as = one, pkce, changes = {}, assertion, assertionHeader, ...rest }) => {
      const proof = 'proof' in rest ? rest.proof : await proofOf(holder, 'POST', `${issuer}/oauth/token`, { iat: now() })
      const form = { grant_type: 'authorization_code', code: code ?? '', redirect_uri: as.redirectUri, code_verifier: pkce.verifier, ...(await credentials(as, assertion, assertionHeader)) }
      return post(issuer, '/oauth/token', given({ ...form, ...changes }), proof === undefined ? {} : { dpop: proof })
    },
    resource: async (token, { scheme = 'DPoP', ...rest } = {}) => {
      const proof = 'proof' in rest ? rest.proof : await proofOf(holder, 'GET', `${issuer}/userinfo`, { iat: now(), ath: hashOf(token) })
      return get(issuer, '/userinfo', { authorization: `${scheme} ${String(token)}`, ...(proof === undefined ? {} : { dpop: proof }) })
    },
    close: () => server.close(),
  }
}

export interface Walked {
  readonly pkce: Pkce
  readonly answer: URLSearchParams
  readonly code: string | null
}

/** Push, sign in, allow: up to the answer. */
export async function walkTo(fapi: Fapi, pushing: Pushing = {}, beside: Parameters = {}): Promise<Walked> {
  const pkce = pushing.pkce ?? newPkce()
  const pushed = await fapi.push({ ...pushing, pkce })
  expect(pushed, pushed.text).toMatchObject({ status: 201, body: { expires_in: 60 } })
  const answer = await fapi.read(await fapi.open(pushed.body['request_uri'], pushing.as, beside), pushing.as)
  return { pkce, answer, code: answer.get('code') }
}

/** The whole way: the token response. */
export async function tokensOf(fapi: Fapi, pushing: Pushing = {}): Promise<Walked & { readonly tokens: JsonAnswer }> {
  const walked = await walkTo(fapi, pushing)
  const tokens = await fapi.redeem(walked.code, { pkce: walked.pkce, ...(pushing.as && { as: pushing.as }) })
  expect(tokens, tokens.text).toMatchObject({ status: 200, body: { token_type: 'DPoP' } })
  return { ...walked, tokens }
}

/** That a refusal is one of these codes, in the form of RFC 6749 §5.2. */
export function expectRefusal(answer: JsonAnswer, codes: string | readonly string[], statuses: readonly number[] = [400]): void {
  expect([codes].flat(), answer.text).toContain(answer.body['error'])
  expect(statuses).toContain(answer.status)
  expect(answer.headers.get('content-type')).toContain('application/json')
  expect(String(answer.body['error_description'])).toMatch(/^[\x20-\x21\x23-\x5B\x5D-\x7E]*$/)
}

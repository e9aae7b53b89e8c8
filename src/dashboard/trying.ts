import type { FastifyInstance } from 'fastify'
import { compactVerify, createLocalJWKSet, decodeJwt, decodeProtectedHeader, type JSONWebKeySet } from 'jose'
import type { Client } from '../clients/client.ts'
import type { Context } from '../context.ts'
import { basicPost, bearer, type HttpAnswer, type HttpRequest, jsonOf, textOf } from '../demo/exchange.ts'
import type { TriedCheck } from '../http/dashboard-try-views.ts'
import { hmacSha256, sameDigest } from '../lib/digest.ts'
import { randomBytes } from '../lib/random.ts'
import { challengeOf } from '../protocol/pkce.ts'

// Owns a sign-in that a developer makes with an application of theirs: the very requests that the application would send, and what it would
// have to look at in the answers. Nothing is kept meanwhile: what state, nonce and verifier are follows from what was drawn, the application and
// the person, so an answer that somebody else began fits nobody here.

/** Where the answer comes back to, below the issuer. */
export const TRIED = '/dashboard/try'

/** How the applications that can be tried prove themselves at the token endpoint. */
export const TRIABLE_METHODS: readonly string[] = ['none', 'client_secret_basic', 'client_secret_post']

const MASK = '(hidden)'
const DRAWN = /^[A-Za-z0-9_-]{22}$/
const TELLING = ['content-type', 'cache-control', 'www-authenticate', 'x-request-id'] as const

export interface Begun {
  readonly clientId: string
  readonly state: string
  readonly nonce: string
  readonly verifier: string
}

function derive(ctx: Context, purpose: string, clientId: string, userId: string, drawn: string): string {
  return hmacSha256(ctx.sealing.macKey('dashboard-try'), JSON.stringify([purpose, clientId, userId, drawn])).toString('base64url')
}

function begunWith(ctx: Context, clientId: string, userId: string, drawn: string): Begun {
  const name = Buffer.from(clientId).toString('base64url')
  return { clientId, state: `${drawn}.${name}.${derive(ctx, 'state', clientId, userId, drawn)}`, nonce: derive(ctx, 'nonce', clientId, userId, drawn), verifier: derive(ctx, 'verifier', clientId, userId, drawn) }
}

export function begin(ctx: Context, clientId: string, userId: string): Begun {
  return begunWith(ctx, clientId, userId, randomBytes(16).toString('base64url'))
}

/** What was begun with this state by this person; nothing when they did not begin it. */
export function findBegun(ctx: Context, userId: string, state: string): Begun | undefined {
  const [drawn = '', name = ''] = state.split('.')
  if (!DRAWN.test(drawn)) return undefined
  const begun = begunWith(ctx, Buffer.from(name, 'base64url').toString(), userId, drawn)
  return sameDigest(Buffer.from(begun.state), Buffer.from(state)) ? begun : undefined
}

/** The scopes that an application asks for without anything optional. */
function scopeOf({ metadata }: Client): string {
  return metadata.scope.split(' ').filter((scope) => !metadata.optional_scopes.includes(scope)).join(' ')
}

/** The address that begins it (RFC 6749 §4.1.1, RFC 7636 §4.3). */
export function startAddress({ config }: Context, client: Client, { state, nonce, verifier }: Begun): string {
  const parameters = { response_type: 'code', client_id: client.clientId, redirect_uri: `${config.issuer}${TRIED}`, scope: scopeOf(client), state, nonce, code_challenge: challengeOf(verifier) ?? '', code_challenge_method: 'S256' }
  return `/oauth/authorization?${new URLSearchParams(parameters)}`
}

/** The token request of an application (RFC 6749 §4.1.3), and how it is shown: without the secret. */
export function tokenRequest({ config }: Context, client: Client, { verifier }: Begun, code: string, secret: string): { readonly request: HttpRequest; readonly shown: HttpRequest } {
  const url = `${config.issuer}/oauth/token`
  const parameters = { grant_type: 'authorization_code', code, redirect_uri: `${config.issuer}${TRIED}`, code_verifier: verifier }
  const { clientId, metadata } = client
  if (metadata.token_endpoint_auth_method === 'client_secret_basic') {
    const request = basicPost(url, { clientId, secret }, parameters)
    return { request, shown: { ...request, headers: { ...request.headers, Authorization: `Basic ${MASK}` } } }
  }
  const withBody = (members: Readonly<Record<string, string>>): HttpRequest => ({ method: 'POST', url, headers: { 'Content-Type': 'application/x-www-form-urlencoded' }, body: new URLSearchParams({ ...parameters, client_id: clientId, ...members }).toString() })
  const isPublic = metadata.token_endpoint_auth_method === 'none'
  return { request: withBody(isPublic ? {} : { client_secret: secret }), shown: withBody(isPublic ? {} : { client_secret: MASK }) }
}

export function userinfoRequest({ config }: Context, accessToken: string): HttpRequest {
  return bearer(`${config.issuer}/userinfo`, accessToken)
}

/** Asks our own endpoint, past the network: a server need not reach itself by the name that the world calls it. `from` is the address of who asks. */
export async function ask(app: FastifyInstance, { method, url, headers, body }: HttpRequest, from: string): Promise<HttpAnswer> {
  const { host, pathname } = new URL(url)
  const answer = await app.inject({ method, url: pathname, headers: { ...headers, host }, remoteAddress: from, ...(body === undefined ? {} : { payload: body }) })
  const told = TELLING.flatMap((name) => (answer.headers[name] === undefined ? [] : [[name, String(answer.headers[name])] as const]))
  return { status: answer.statusCode, statusText: answer.statusMessage, headers: Object.fromEntries(told), body: answer.body }
}

async function signatureFits(app: FastifyInstance, idToken: string, issuer: string, algorithm: string, from: string): Promise<boolean> {
  const keys: unknown = jsonOf(await ask(app, { method: 'GET', url: `${issuer}/.well-known/jwks.json`, headers: {} }, from))
  try {
    await compactVerify(idToken, createLocalJWKSet(keys as JSONWebKeySet), { algorithms: [algorithm] })
    return true
  } catch {
    return false
  }
}

/** What the application has to look at in the ID token of an answer (OpenID Connect Core §3.1.3.7); nothing where there is none that can be read. */
export async function idTokenChecks(app: FastifyInstance, ctx: Context, client: Client, { nonce }: Begun, answer: HttpAnswer, from: string): Promise<readonly TriedCheck[]> {
  const idToken = textOf(answer, 'id_token')
  if (idToken === undefined || client.metadata.id_token_encrypted_response_alg !== undefined) return []
  const { issuer } = ctx.config
  const algorithm = client.metadata.id_token_signed_response_alg
  const claims = decodeJwt(idToken)
  const good = await signatureFits(app, idToken, issuer, algorithm, from)
  return [
    { name: 'signature', value: `${algorithm} ${decodeProtectedHeader(idToken).kid ?? ''}`, good },
    { name: 'iss', value: String(claims.iss), good: claims.iss === issuer },
    { name: 'aud', value: String(claims.aud), good: claims.aud === client.clientId },
    { name: 'exp', value: String(claims.exp), good: (claims.exp ?? 0) * 1000 > ctx.clock.now() },
    { name: 'nonce', value: String(claims['nonce']), good: claims['nonce'] === nonce },
    { name: 'sub', value: String(claims.sub), good: claims.sub !== undefined },
  ]
}

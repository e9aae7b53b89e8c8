import { basic, get, post } from './load/request.ts'
import { AUDIENCE, REDIRECT_URI, SECRET, SERVICE, WEB } from './portner/documents.ts'
import { insertCodes, sampleAccessTokens, sampleLimitRows, sampleRefreshTokens, VERIFIER } from './portner/rows.ts'
import type { Client } from 'pg'

// Owns what is measured: the limit routes and the paths, with the requests of each and the goal of each.

export type LimitName = 'GET' | 'POST' | 'POST + INSERT' | 'W' | 'GET + SELECT' | 'R' | 'POST + ES256'

/** At most so many times a limit route's CPU, and so many signatures on top. */
export interface Goal {
  readonly of: 'W' | 'R' | 'POST + INSERT'
  readonly times: number
  readonly signatures: number
  /** What node-oidc-provider must cost at least, as a multiple of ours. */
  readonly peer: number
}

export interface RouteRequests {
  readonly list: readonly string[]
  readonly rotates: boolean
}

export interface Route {
  readonly name: string
  /** The same requests every round, or new ones for each. */
  readonly requests: RouteRequests | ((count: number) => Promise<RouteRequests>)
}

export interface Path extends Route {
  readonly goal: Goal | undefined
  /** The limit route that it is compared with where time counts, not CPU. */
  readonly limit: 'W' | 'R'
}

const FORM = { grant_type: 'client_credentials', scope: 'gk_bench' }

/** What the rest is measured against. */
export async function limitRoutes(client: Client, rows: number): Promise<readonly (Route & { readonly name: LimitName })[]> {
  const ids = await sampleLimitRows(client, rows)
  const same = (request: string): RouteRequests => ({ list: [request], rotates: false })
  const service = basic(SERVICE, SECRET)
  return [
    { name: 'GET', requests: same(get('/constant')) },
    { name: 'POST', requests: same(post('/constant', FORM, service)) },
    { name: 'POST + INSERT', requests: same(post('/insert', FORM, service)) },
    { name: 'W', requests: same(post('/insert-batched', FORM, service)) },
    { name: 'GET + SELECT', requests: { list: ids.map((id) => get(`/select/${id}`)), rotates: false } },
    { name: 'R', requests: { list: ids.map((id) => get(`/select-batched/${id}`)), rotates: false } },
    { name: 'POST + ES256', requests: same(post('/sign', FORM, service)) },
  ]
}

function goal(of: Goal['of'], times: number, signatures: number, peer: number): Goal {
  return { of, times, signatures, peer }
}

async function exchanges(client: Client, count: number): Promise<readonly string[]> {
  const codes = await insertCodes(client, count)
  return codes.map((code) => post('/oauth/token', { grant_type: 'authorization_code', code, redirect_uri: REDIRECT_URI, code_verifier: VERIFIER }, basic(WEB, SECRET)))
}

/** Tokens issued and codes redeemed in turn. */
export function issueAndRedeem(client: Client): Route {
  const issue = post('/oauth/token', FORM, basic(SERVICE, SECRET))
  return { name: 'issue and redeem', requests: async (count) => ({ list: (await exchanges(client, Math.ceil(count / 2))).flatMap((redeem) => [issue, redeem]), rotates: false }) }
}

/** The hot paths of the product, for the first server of a run or the second. */
export async function productPaths(client: Client, rows: number, server: 0 | 1): Promise<readonly Path[]> {
  const web = basic(WEB, SECRET)
  const service = basic(SERVICE, SECRET)
  const tokens = await sampleAccessTokens(client, rows)
  const refresh = async (openid: boolean): Promise<RouteRequests> => ({
    list: (await sampleRefreshTokens(client, rows, openid, server)).map((token) => post('/oauth/token', { grant_type: 'refresh_token', refresh_token: token }, web)),
    rotates: true,
  })
  const exchange = async (count: number): Promise<RouteRequests> => ({ list: await exchanges(client, count), rotates: false })
  return [
    { name: 'client_credentials', limit: 'W', goal: goal('W', 1.5, 0, 6), requests: { list: [post('/oauth/token', FORM, service)], rotates: false } },
    { name: 'client_credentials, JWT', limit: 'W', goal: undefined, requests: { list: [post('/oauth/token', { ...FORM, resource: AUDIENCE }, service)], rotates: false } },
    { name: 'code exchange, id token', limit: 'W', goal: goal('W', 2, 1, 10), requests: exchange },
    { name: 'refresh', limit: 'W', goal: goal('W', 2, 0, 10), requests: await refresh(false) },
    { name: 'refresh, id token', limit: 'W', goal: goal('POST + INSERT', 0.95, 0, 10), requests: await refresh(true) },
    { name: 'userinfo', limit: 'R', goal: goal('R', 1.5, 0, 10), requests: { list: tokens.map((token) => get('/userinfo', `Authorization: Bearer ${token}`)), rotates: false } },
    { name: 'introspection', limit: 'R', goal: goal('R', 1.5, 0, 10), requests: { list: tokens.map((token) => post('/oauth/introspection', { token }, service)), rotates: false } },
  ]
}

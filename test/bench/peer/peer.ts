import { basic, get, post } from '../load/request.ts'
import { REDIRECT_URI, SECRET, SERVICE, WEB } from '../portner/documents.ts'
import { VERIFIER } from '../portner/rows.ts'
import type { BenchPostgres } from '../postgres.ts'
import { type Child, startChild } from '../process.ts'
import type { Route, RouteRequests } from '../routes.ts'
import { PEER_TABLE } from './postgres-adapter.ts'

export interface Peer {
  readonly child: Child
  readonly port: number
  /** Named like the paths of ours that they are compared with. */
  readonly routes: readonly Route[]
}

const TOKENS = 2000

/** Starts node-oidc-provider on the same PostgreSQL. */
export async function startPeer(postgres: BenchPostgres): Promise<Peer> {
  await postgres.client.query(PEER_TABLE)
  const { child, port } = await startChild('./peer/peer-server.ts', { BENCH_CONNECTION: JSON.stringify(postgres.connection) })
  const make = (kind: string, count: number): Promise<readonly string[]> => child.ask({ kind, count })
  const web = basic(WEB, SECRET)
  const tokens = await make('AccessToken', TOKENS)
  const refreshTokens = await make('RefreshToken', TOKENS)
  const exchange = async (count: number): Promise<RouteRequests> => ({
    list: (await make('AuthorizationCode', count)).map((code) => post('/token', { grant_type: 'authorization_code', code, redirect_uri: REDIRECT_URI, code_verifier: VERIFIER }, web)),
    rotates: false,
  })
  return {
    child,
    port,
    routes: [
      { name: 'client_credentials', requests: { list: [post('/token', { grant_type: 'client_credentials', scope: 'gk_bench' }, basic(SERVICE, SECRET))], rotates: false } },
      { name: 'code exchange, id token', requests: exchange },
      { name: 'refresh, id token', requests: { list: refreshTokens.map((token) => post('/token', { grant_type: 'refresh_token', refresh_token: token }, web)), rotates: true } },
      { name: 'userinfo', requests: { list: tokens.map((token) => get('/me', `Authorization: Bearer ${token}`)), rotates: false } },
      { name: 'introspection', requests: { list: tokens.map((token) => post('/token/introspection', { token }, web)), rotates: false } },
    ],
  }
}

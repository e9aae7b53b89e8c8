import * as client from 'openid-client'
import { z } from 'zod'
import type { Callback } from './connector.ts'
import { UpstreamFailure } from './connector.ts'

// Owns the exchange of a code for a checked ID token. The token endpoint is asked once, whatever follows: its answer is held, so that it can
// be looked at again with the keys of this moment (a provider that has just changed its keys), or as the answer of the tenant that it names
// (Microsoft: one address, one issuer a tenant).

/** What is known of the other side. */
export interface Peer {
  readonly server: client.ServerMetadata
  readonly clientId: string
  readonly metadata: Partial<client.ClientMetadata>
  readonly authentication: client.ClientAuth
  readonly insecure: boolean
  /** Its keys, as they were last fetched. Replaced as new ones come. */
  keys: client.ExportedJWKSCache | undefined
}

export interface Redeemed {
  readonly configuration: client.Configuration
  readonly tokens: client.TokenEndpointResponse & client.TokenEndpointResponseHelpers
}

/** What the exchange must show, beside being the provider's. */
export interface Checks {
  readonly nonce: string
  readonly verifier: string
}

/** Stands in an issuer for the tenant. */
export const TENANT = '{tenantid}'
const tenantId = z.guid().transform((text) => text.toLowerCase())
const UNKNOWN_KEY = 'OAUTH_KEY_SELECTION_FAILED'

/** The library's view of a peer under one issuer. */
export function configure(peer: Peer, issuer: string, fetch: client.CustomFetch): client.Configuration {
  const configuration = new client.Configuration({ ...peer.server, issuer }, peer.clientId, peer.metadata, peer.authentication)
  configuration[client.customFetch] = fetch
  client.enableNonRepudiationChecks(configuration)
  if (peer.insecure) client.allowInsecureRequests(configuration)
  if (peer.keys !== undefined) client.setJwksCache(configuration, peer.keys)
  return configuration
}

interface Held {
  readonly status: number
  readonly headers: [string, string][]
  readonly body: string
}

/** Asks the token endpoint once and then says again what it said. */
function holding(endpoint: string | undefined, fetch: client.CustomFetch): { readonly fetch: client.CustomFetch; readonly held: () => Held | undefined } {
  let held: Held | undefined
  return {
    held: () => held,
    fetch: async (url, options) => {
      if (url !== endpoint) return fetch(url, options)
      if (held === undefined) {
        const answer = await fetch(url, options)
        held = { status: answer.status, headers: [...answer.headers], body: await answer.text() }
      }
      return new Response(held.body, held)
    },
  }
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? Object.entries(value).find(([key]) => key === name)?.[1] : undefined
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

/** The tenant that an unread token names: believed only when the whole token then proves to be that tenant's. */
function tenantOf({ body }: Held): string {
  const token = memberOf(parsed(body), 'id_token')
  const claims = typeof token === 'string' ? parsed(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')) : undefined
  const tenant = tenantId.safeParse(memberOf(claims, 'tid'))
  if (!tenant.success) throw new UpstreamFailure('invalid', 'tid')
  return tenant.data
}

function isUnknownKey(error: unknown): boolean {
  return error instanceof Error && ('code' in error && error.code === UNKNOWN_KEY ? true : isUnknownKey(error.cause))
}

/**
 * Exchanges a code. `tenants` are the only ones taken where the issuer has a place for one; nothing takes each. Throws what the library
 * throws, or UpstreamFailure.
 */
export async function redeem(peer: Peer, fetch: client.CustomFetch, { redirectUri, state, parameters }: Callback, { nonce, verifier }: Checks, tenants: readonly string[] | undefined): Promise<Redeemed> {
  const { fetch: once, held } = holding(peer.server.token_endpoint, fetch)
  const exchange = async (issuer: string, brought: URLSearchParams): Promise<Redeemed> => {
    const configuration = configure(peer, issuer, once)
    const answer = new URL(redirectUri)
    answer.search = brought.toString()
    const tokens = await client.authorizationCodeGrant(configuration, answer, { expectedState: state, expectedNonce: nonce, pkceCodeVerifier: verifier, idTokenExpected: true })
    peer.keys = client.getJwksCache(configuration) ?? peer.keys
    return { configuration, tokens }
  }
  const exchangeWithNewKeys = async (issuer: string): Promise<Redeemed> => {
    try {
      return await exchange(issuer, parameters)
    } catch (error) {
      if (peer.keys === undefined || !isUnknownKey(error)) throw error
      peer.keys = undefined
      return exchange(issuer, parameters)
    }
  }
  if (!peer.server.issuer.includes(TENANT)) return exchangeWithNewKeys(peer.server.issuer)
  // Which issuer it must be is known only when the answer is here. What the browser brought as `iss` is compared with that one below.
  await exchange(peer.server.issuer, new URLSearchParams([...parameters].filter(([name]) => name !== 'iss'))).catch((error: unknown) => {
    if (held()?.status !== 200) throw error
  })
  const answered = held()
  const tenant = answered === undefined ? '' : tenantOf(answered)
  if (tenants !== undefined && !tenants.includes(tenant)) throw new UpstreamFailure('refused', 'tenant')
  return exchangeWithNewKeys(peer.server.issuer.replace(TENANT, tenant))
}

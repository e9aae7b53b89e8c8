import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose'
import type { TestServer } from './app.ts'

// A client with keys of its own, as text of a declaration and as a maker of JWTs, good and bad.

export interface KeyedClient {
  readonly clientId: string
  readonly redirectUri: string
  readonly keys: CryptoKeyPair
  readonly jwk: JWK
}

type CryptoKeyPair = Awaited<ReturnType<typeof generateKeyPair>>

export interface KeyedClientOptions {
  readonly alg?: 'ES256' | 'PS256' | 'RS256' | 'EdDSA'
  /** More YAML lines. */
  readonly more?: string
  /** Where the keys are, instead of the keys themselves. */
  readonly jwksUri?: string
  readonly redirectUri?: string
  readonly grantTypes?: readonly string[]
}

export async function newKey(alg: KeyedClientOptions['alg'] = 'ES256'): Promise<{ readonly keys: CryptoKeyPair; readonly jwk: JWK }> {
  const keys = await generateKeyPair(alg, { extractable: true })
  return { keys, jwk: { ...(await exportJWK(keys.publicKey)), kid: `key-of-${alg}`, alg, use: 'sig' } }
}

/** Registers a client that proves itself with private_key_jwt. */
export async function registerKeyedClient(server: TestServer, clientId: string, options: KeyedClientOptions = {}): Promise<KeyedClient> {
  const { keys, jwk } = await newKey(options.alg)
  const redirectUri = options.redirectUri ?? `https://${clientId}.example.org/callback`
  const known = options.jwksUri === undefined ? `jwks: ${JSON.stringify({ keys: [jwk] })}` : `jwks_uri: ${options.jwksUri}`
  await server.apply(`
kind: client
client_id: ${clientId}
client_name: ${clientId}
redirect_uris: [${redirectUri}]
grant_types: ${JSON.stringify(options.grantTypes ?? ['authorization_code', 'refresh_token', 'client_credentials'])}
token_endpoint_auth_method: private_key_jwt
scope: openid profile email phone address groups offline_access gk_calendar
${known}
${options.more ?? ''}
`)
  return { clientId, redirectUri, keys, jwk }
}

const now = (): number => Math.floor(Date.now() / 1000)

/** A client assertion for this server; claims and header may be changed, undefined leaves one out. */
export function assertionOf(server: TestServer, client: KeyedClient, changes: Readonly<Record<string, unknown>> = {}, header: Readonly<Record<string, unknown>> = {}, key: CryptoKeyPair['privateKey'] = client.keys.privateKey): Promise<string> {
  const claims: JWTPayload = { iss: client.clientId, sub: client.clientId, aud: server.issuer, jti: crypto.randomUUID(), iat: now(), exp: now() + 60, ...changes }
  return signed(claims, { alg: client.jwk.alg, kid: client.jwk.kid, ...header }, key)
}

/** A JWT of these claims and header. */
export function signed(claims: JWTPayload, header: Readonly<Record<string, unknown>>, key: CryptoKeyPair['privateKey'] | Uint8Array): Promise<string> {
  const said = Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined))
  return new SignJWT(said).setProtectedHeader({ alg: 'ES256', ...header }).sign(key)
}

export const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/** A DPoP proof. */
export async function proofOf(keys: CryptoKeyPair, method: string, url: string, changes: Readonly<Record<string, unknown>> = {}, header: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const jwk = await exportJWK(keys.publicKey)
  return signed({ jti: crypto.randomUUID(), htm: method, htu: url, iat: now(), ...changes }, { alg: 'ES256', typ: 'dpop+jwt', jwk, ...header }, keys.privateKey)
}

/** An RSA key of a client as one for RS256, which is not what it registered. */
export async function underRs256({ keys }: KeyedClient): Promise<CryptoKeyPair['privateKey']> {
  return crypto.subtle.importKey('jwk', { ...(await crypto.subtle.exportKey('jwk', keys.privateKey)), alg: 'RS256' }, { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }, true, ['sign'])
}

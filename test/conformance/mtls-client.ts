import { freePort, startTestServer, type TestServer } from '../support/app.ts'
import { newBrowser } from '../support/browser.ts'
import { newCertificate, newClientAuthority, type TestCertificate } from '../support/client-certificates.ts'
import { certificateFetch } from '../support/mtls-client.ts'
import { answerOf, type JsonAnswer, newPkce, type Parameters, type Pkce, walk } from '../support/relying-party.ts'
import { ASSERTION_TYPE, assertionOf, type KeyedClient, newKey, proofOf } from '../support/strong-client.ts'

// What the stories about client certificates share: a server with a TLS port that asks for them, two clients with certificates and keys,
// and connections that show a certificate or none.

export interface MtlsClient extends KeyedClient {
  readonly shown: TestCertificate
}

/** How a client proves who it is, and what its tokens are bound to. */
export interface Variant {
  readonly authentication: 'private_key_jwt' | 'tls_client_auth' | 'self_signed_tls_client_auth'
  readonly constraint: 'dpop' | 'mtls'
}

export const variants: readonly Variant[] = [
  { authentication: 'tls_client_auth', constraint: 'mtls' },
  { authentication: 'self_signed_tls_client_auth', constraint: 'mtls' },
  { authentication: 'private_key_jwt', constraint: 'mtls' },
  { authentication: 'tls_client_auth', constraint: 'dpop' },
]

export interface MtlsWorld {
  readonly server: TestServer
  readonly port: number
  /** The address of the port that asks for certificates. */
  readonly base: string
  readonly client: (clientId: string) => MtlsClient
  /** Posts there; `shown` null shows no certificate. */
  readonly post: (path: string, parameters: Parameters, shown: TestCertificate | null, headers?: Readonly<Record<string, string>>) => Promise<JsonAnswer>
  readonly get: (path: string, shown: TestCertificate | null, headers: Readonly<Record<string, string>>) => Promise<JsonAnswer>
  readonly close: () => Promise<void>
}

async function answer(response: Response): Promise<JsonAnswer> {
  const text = await response.text()
  return { status: response.status, headers: response.headers, text, body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) }
}

async function newClient(clientId: string, authority: TestCertificate, selfMade: boolean): Promise<MtlsClient> {
  const { keys, jwk } = await newKey('PS256')
  const shown = newCertificate({ subject: [['O', 'Example'], ['CN', clientId]], ...(selfMade ? {} : { issuer: authority }) })
  return { clientId, redirectUri: `https://${clientId}.example.org/callback`, keys, jwk, shown }
}

function declaration({ clientId, redirectUri, jwk, shown }: MtlsClient, { authentication, constraint }: Variant, more: string): string {
  const keys = [jwk, { ...shown.keys.publicKey.export({ format: 'jwk' }), x5c: [shown.der.toString('base64')] }]
  const name = authentication === 'tls_client_auth' ? `tls_client_auth_subject_dn: CN=${clientId},O=Example\n` : ''
  const bound = constraint === 'mtls' ? 'tls_client_certificate_bound_access_tokens' : 'dpop_bound_access_tokens'
  return `kind: client\nclient_id: ${clientId}\nclient_name: ${clientId}\nredirect_uris: [${redirectUri}]\ngrant_types: [authorization_code, refresh_token, 'urn:openid:params:grant-type:ciba']\nprofile: fapi2\nconsent: implied\nscope: openid profile offline_access\ntoken_endpoint_auth_method: ${authentication}\n${name}${bound}: true\njwks: ${JSON.stringify({ keys })}\n${more}`
}

/** A server with two clients for each variant, called `one-…` and `two-…` by its place. */
export async function startMtlsWorld(all: readonly Variant[], more = ''): Promise<MtlsWorld> {
  const authority = newClientAuthority()
  const ours = newCertificate({ issuer: authority, subject: [['CN', 'localhost']], names: [['dns', 'localhost']] })
  const port = await freePort()
  const server = await startTestServer({ env: { PORTNER_MTLS_PORT: String(port), PORTNER_TLS_CERT: ours.pem, PORTNER_TLS_KEY: ours.keyPem, PORTNER_CLIENT_CERTIFICATE_CA: authority.pem } })
  const clients = new Map<string, MtlsClient>()
  for (const [i, variant] of all.entries()) for (const name of ['one', 'two']) clients.set(`${name}-${i}`, await newClient(`${name}-${i}`, authority, variant.authentication === 'self_signed_tls_client_auth'))
  await server.apply(all.flatMap((variant, i) => ['one', 'two'].map((name) => declaration(clients.get(`${name}-${i}`) as MtlsClient, variant, more))).join('---\n'))
  const connections = new Map<TestCertificate | null, ReturnType<typeof certificateFetch>>()
  const through = (shown: TestCertificate | null): typeof fetch => {
    const known = connections.get(shown) ?? certificateFetch(authority.pem, shown ?? undefined)
    connections.set(shown, known)
    return known.fetch
  }
  const base = `https://localhost:${port}`
  return {
    server,
    port,
    base,
    client: (clientId) => clients.get(clientId) as MtlsClient,
    post: async (path, parameters, shown, headers = {}) => {
      const body = new URLSearchParams(Object.entries(parameters).filter((entry): entry is [string, string] => entry[1] !== undefined)).toString()
      return answer(await through(shown)(base + path, { method: 'POST', body, headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers } }))
    },
    get: async (path, shown, headers) => answer(await through(shown)(base + path, { headers })),
    close: async () => {
      await Promise.all([...connections.values()].map(({ close }) => close()))
      await server.close()
    },
  }
}

/** What a client sends to prove who it is, beside its certificate. */
export async function proofOfClient({ server }: MtlsWorld, { authentication }: Variant, as: MtlsClient): Promise<Parameters> {
  return authentication === 'private_key_jwt' ? { client_id: as.clientId, client_assertion_type: ASSERTION_TYPE, client_assertion: await assertionOf(server, as) } : { client_id: as.clientId }
}

/** A DPoP proof for the address that asks for certificates, where tokens are bound so. */
export async function proofOfHolder({ base }: MtlsWorld, { constraint }: Variant, as: MtlsClient, method: string, path: string, accessToken?: string): Promise<Readonly<Record<string, string>>> {
  if (constraint !== 'dpop') return {}
  const ath = accessToken === undefined ? {} : { ath: Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(accessToken))).toString('base64url') }
  const keys = as.jwk.alg === 'ES256' ? as.keys : await holderKeys(as)
  return { dpop: await proofOf(keys, method, base + path, ath) }
}

const holders = new WeakMap<MtlsClient, Promise<Awaited<ReturnType<typeof newKey>>>>()

async function holderKeys(as: MtlsClient): Promise<KeyedClient['keys']> {
  const known = holders.get(as) ?? newKey('ES256')
  holders.set(as, known)
  return (await known).keys
}

/** Pushes a request, signs ada in, and comes back with the code. */
export async function obtainCode(world: MtlsWorld, variant: Variant, as: MtlsClient): Promise<{ readonly pkce: Pkce; readonly pushed: JsonAnswer; readonly code: string }> {
  const pkce = newPkce()
  const request = { response_type: 'code', redirect_uri: as.redirectUri, scope: 'openid profile offline_access', prompt: 'consent', code_challenge: pkce.challenge, code_challenge_method: 'S256', nonce: 'n', state: 's' }
  const pushed = await world.post('/oauth/par', { ...request, ...(await proofOfClient(world, variant, as)) }, as.shown, await proofOfHolder(world, variant, as, 'POST', '/oauth/par'))
  const { issuer } = world.server
  const browser = newBrowser(issuer)
  const address = `${issuer}/oauth/authorization?${new URLSearchParams({ client_id: as.clientId, request_uri: String(pushed.body['request_uri']) })}`
  return { pkce, pushed, code: answerOf(await walk(browser, await browser.open(address))).get('code') ?? '' }
}

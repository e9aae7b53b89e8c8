import { createHash, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose'

// An OpenID provider of the other side, small and real: authorization endpoint, token endpoint, keys, userinfo, over HTTP. It asks nobody
// anything (who signs in is set by the test) and can be told to misbehave in every way a provider can.

export interface Misbehaviour {
  /** The authorization endpoint answers with this error. */
  readonly error?: string
  /** Changes the ID token's claims; undefined leaves one out. */
  readonly claims?: Readonly<Record<string, unknown>>
  readonly algorithm?: 'none' | 'other-key' | 'HS256'
  /** `iss` of the authorization response; null leaves it out. */
  readonly iss?: string | null
  readonly state?: string
  /** These endpoints never answer, answer 503, or answer nonsense. */
  readonly hang?: readonly string[]
  readonly down?: readonly string[]
  readonly garbage?: readonly string[]
  readonly redirect?: readonly string[]
  /** Changes the metadata. */
  readonly metadata?: Readonly<Record<string, unknown>>
  readonly userinfo?: Readonly<Record<string, unknown>>
}

export interface UpstreamProvider {
  readonly issuer: string
  /** The claims of whoever signs in next. */
  person: Readonly<Record<string, unknown>>
  misbehave: Misbehaviour
  /** Requests to the authorization endpoint. */
  readonly asked: URLSearchParams[]
  /** What came to the token endpoint. */
  readonly redeemed: { readonly parameters: URLSearchParams; readonly authorization: string | undefined; readonly pkceHolds: boolean }[]
  /** How often each path was asked for. */
  readonly hits: Map<string, number>
  /** Signs with a new key from now on; the old one is gone. */
  rotateKey(): Promise<void>
  /** Follows a browser that was sent here: where it is sent back to. */
  visit(url: string): Promise<string>
  close(): Promise<void>
}

const CLIENT_ID = 'portner-at-upstream'
export const UPSTREAM_SECRET = 'secret: of upstream, with signs like + and %'

async function bodyOf(request: IncomingMessage): Promise<URLSearchParams> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'))
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

interface IssuedCode {
  readonly challenge: string | null
  readonly nonce: string | null
  readonly redirectUri: string | null
  readonly person: Readonly<Record<string, unknown>>
}

/** The declaration of such a provider. */
export function providerYaml(upstream: UpstreamProvider, id: string, more = ''): string {
  return `
kind: provider
provider_id: ${id}
protocol: oidc
name: Upstream ${id}
organization: ntu
issuer: ${upstream.issuer}
client_id: ${CLIENT_ID}
client_secret: { value: '${UPSTREAM_SECRET}' }
${more}
`
}

export async function startUpstream(): Promise<UpstreamProvider> {
  const drawKey = async (kid: string) => {
    const pair = await generateKeyPair('ES256', { extractable: true })
    return { kid, privateKey: pair.privateKey, jwk: { ...(await exportJWK(pair.publicKey)), kid, alg: 'ES256', use: 'sig' } }
  }
  const other = await generateKeyPair('ES256')
  let own = await drawKey('k1')
  const codes = new Map<string, IssuedCode>()
  const server = createServer((request, response) => {
    void answer(request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const issuer = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
  const upstream: UpstreamProvider = {
    issuer,
    person: { sub: 'ada-at-upstream', name: 'Ada Upstream', email: 'ada@ntu.example', email_verified: true },
    misbehave: {},
    asked: [],
    redeemed: [],
    hits: new Map(),
    rotateKey: async () => {
      own = await drawKey(`${own.kid}+`)
    },
    visit: async (url) => (await fetch(url, { redirect: 'manual' })).headers.get('location') ?? '',
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }

  function authorize(query: URLSearchParams, response: ServerResponse): void {
    upstream.asked.push(query)
    const back = new URL(query.get('redirect_uri') ?? '')
    const { error, iss, state } = upstream.misbehave
    if (error === undefined) {
      const code = randomBytes(16).toString('base64url')
      codes.set(code, { challenge: query.get('code_challenge'), nonce: query.get('nonce'), redirectUri: query.get('redirect_uri'), person: upstream.person })
      back.searchParams.set('code', code)
    } else back.searchParams.set('error', error)
    back.searchParams.set('state', state ?? query.get('state') ?? '')
    if (iss !== null) back.searchParams.set('iss', iss ?? issuer)
    response.writeHead(302, { location: back.href }).end()
  }

  async function sign(claims: Record<string, unknown>): Promise<string> {
    const { algorithm } = upstream.misbehave
    if (algorithm === 'none') return new UnsecuredJWT(claims).encode()
    if (algorithm === 'HS256') return new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from(UPSTREAM_SECRET.padEnd(32)))
    return new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: own.kid }).sign(algorithm === 'other-key' ? other.privateKey : own.privateKey)
  }

  async function token(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parameters = await bodyOf(request)
    const code = parameters.get('code') ?? ''
    const issued = codes.get(code)
    codes.delete(code)
    const challenge = createHash('sha256').update(parameters.get('code_verifier') ?? '').digest('base64url')
    const pkceHolds = issued?.challenge === challenge
    upstream.redeemed.push({ parameters, authorization: request.headers.authorization, pkceHolds })
    if (issued === undefined || !pkceHolds || issued.redirectUri !== parameters.get('redirect_uri')) return json(response, 400, { error: 'invalid_grant' })
    const now = Math.floor(Date.now() / 1000)
    const claims: Record<string, unknown> = { iss: issuer, aud: CLIENT_ID, iat: now, exp: now + 300, nonce: issued.nonce, auth_time: now, ...issued.person, ...upstream.misbehave.claims }
    json(response, 200, { access_token: 'at', token_type: 'Bearer', expires_in: 60, id_token: await sign(claims) })
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', issuer)
    const { hang, down, garbage, redirect, metadata, userinfo } = upstream.misbehave
    const path = url.pathname
    upstream.hits.set(path, (upstream.hits.get(path) ?? 0) + 1)
    if (hang?.includes(path) === true) return
    if (down?.includes(path) === true) return json(response, 503, { error: 'temporarily_unavailable' })
    if (garbage?.includes(path) === true) return void response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>It works!</h1>')
    if (redirect?.includes(path) === true) return void response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()
    if (path.endsWith('/.well-known/openid-configuration')) {
      return json(response, 200, {
        issuer,
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${issuer}/token`,
        jwks_uri: `${issuer}/jwks`,
        ...(userinfo === undefined ? {} : { userinfo_endpoint: `${issuer}/userinfo` }),
        response_types_supported: ['code'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['ES256'],
        authorization_response_iss_parameter_supported: true,
        ...metadata,
      })
    }
    if (path === '/jwks') return json(response, 200, { keys: [own.jwk] })
    if (path === '/userinfo') return json(response, 200, userinfo ?? {})
    if (path === '/authorize') return authorize(url.searchParams, response)
    if (path === '/token') return token(request, response)
    json(response, 404, {})
  }
  return upstream
}

import { generateKeyPairSync } from 'node:crypto'
import { Provider } from 'oidc-provider'
import { Pool } from 'pg'
import { challengeOf } from '../../../src/protocol/pkce.ts'
import { REDIRECT_URI, SECRET, SERVICE, WEB } from '../portner/documents.ts'
import { VERIFIER } from '../portner/rows.ts'
import { postgresAdapter } from './postgres-adapter.ts'

// node-oidc-provider as an operator would run it: ES256 id tokens, rotating refresh tokens, static clients, the same PostgreSQL. Codes and
// tokens are made by its own models when the benchmark asks for them.

const SCOPE = 'openid profile email offline_access'
const CLAIMS = { name: 'Ada Example', given_name: 'Ada', family_name: 'Example', preferred_username: 'ada', email: 'ada@bench.example', email_verified: true, locale: 'nb-NO' }
const AT_ONCE = 20

const pool = new Pool({ ...(JSON.parse(process.env['BENCH_CONNECTION'] ?? '{}') as object), max: 8, idleTimeoutMillis: 0 })
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const provider = new Provider('http://localhost', {
  adapter: postgresAdapter(pool),
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'ES256' }] },
  clients: [
    { client_id: WEB, client_secret: SECRET, redirect_uris: [REDIRECT_URI], grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'], id_token_signed_response_alg: 'ES256', scope: SCOPE },
    { client_id: SERVICE, client_secret: SECRET, redirect_uris: [], grant_types: ['client_credentials'], response_types: [], scope: 'gk_bench', id_token_signed_response_alg: 'ES256' },
  ],
  clientAuthMethods: ['client_secret_basic'],
  scopes: ['openid', 'offline_access', 'profile', 'email', 'gk_bench'],
  claims: { openid: ['sub'], profile: ['name', 'family_name', 'given_name', 'preferred_username', 'locale'], email: ['email', 'email_verified'] },
  enabledJWA: { idTokenSigningAlgValues: ['ES256'] },
  features: { devInteractions: { enabled: false }, clientCredentials: { enabled: true }, introspection: { enabled: true, allowedPolicy: () => true }, userinfo: { enabled: true } },
  findAccount: (_context: unknown, accountId: string) => ({ accountId, claims: () => ({ sub: accountId, ...CLAIMS }) }),
  rotateRefreshToken: true,
  cookies: { keys: [SECRET] },
  ttl: { AccessToken: 3600, AuthorizationCode: 3600, ClientCredentials: 3600, Grant: 86_400, IdToken: 3600, RefreshToken: 86_400 },
})

type Kind = 'AccessToken' | 'RefreshToken' | 'AuthorizationCode'

async function makeOne(kind: Kind, number: number): Promise<string> {
  const client = await provider.Client.find(WEB)
  const accountId = `person-${number % 1000}`
  const grant = new provider.Grant({ clientId: client.clientId, accountId })
  grant.addOIDCScope(SCOPE)
  const shared = { client, accountId, grantId: await grant.save(), scope: SCOPE, gty: 'authorization_code', authTime: Math.floor(Date.now() / 1000), sessionUid: 'bench', claims: {} }
  return new provider[kind]({ ...shared, ...(kind === 'AuthorizationCode' ? { redirectUri: REDIRECT_URI, codeChallenge: challengeOf(VERIFIER), codeChallengeMethod: 'S256', nonce: 'n-0S6_WzA2Mj' } : {}) }).save()
}

async function make(kind: Kind, count: number): Promise<readonly string[]> {
  const texts: string[] = []
  while (texts.length < count) texts.push(...(await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - texts.length) }, (_, i) => makeOne(kind, texts.length + i)))))
  return texts
}

process.on('message', ({ kind, count }: { kind: Kind; count: number }) => {
  make(kind, count).then(
    (texts) => process.send?.(texts),
    (error: unknown) => {
      process.stderr.write(`peer: ${String(error)}\n`)
      process.exit(1)
    },
  )
})
process.on('disconnect', () => process.exit(0))
const server = provider.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.send?.({ port: typeof address === 'object' ? address?.port : undefined })
})

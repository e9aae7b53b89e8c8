import { sql } from 'kysely'
import { startTestServer, type TestServer } from '../../support/app.ts'
import { behindProxy, newClientAuthority } from '../../support/client-certificates.ts'
import { newKey } from '../../support/strong-client.ts'
import { type GitHub, githubYaml, startGitHub } from '../../support/upstream-github.ts'
import { startUpstreamApi } from '../../support/upstream-api.ts'
import { providerYaml, startUpstream, type UpstreamProvider } from '../../support/upstream-oidc.ts'
import { SECRET } from '../../support/world.ts'

// Where the stories of causes happen: one server, clients that get one thing wrong each, and the others that a request may come by.

export const SPECIAL = 'a-secret+with%20signs/of-128-bits-77aa'
export const CIBA = 'urn:openid:params:grant-type:ciba'
export const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code'
export const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
export const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
/** Vouches for programs, and for applications that register themselves. */
export const VOUCHER = 'https://workloads.example.org'

function client(id: string, ...lines: readonly string[]): string {
  return [`kind: client`, `client_id: ${id}`, `client_name: ${id}`, 'organization: ntu', ...lines].join('\n')
}

const secret = (text = SECRET): string => `client_secret: { value: '${text}' }`
const returnsTo = (id: string): string => `redirect_uris: [https://${id}.example.org/callback]`
const SERVICE = 'application_type: service'

const clients: readonly string[] = [
  client('signs', secret(SPECIAL), SERVICE, 'scope: gk_calendar'),
  client('sleeper', secret(), SERVICE, 'status: disabled'),
  client('asserter', secret(), SERVICE, 'token_endpoint_auth_method: client_secret_jwt', 'scope: gk_calendar'),
  client('holder', 'token_endpoint_auth_method: tls_client_auth', 'tls_client_auth_subject_dn: CN=holder', SERVICE, 'scope: gk_calendar'),
  client('outgrown', secret(), SERVICE, 'scope: gk_calendar'),
  client('pusher', secret(), returnsTo('pusher'), 'grant_types: [authorization_code]', 'require_pushed_authorization_requests: true', 'scope: openid'),
  client('signer', secret(), returnsTo('signer'), 'grant_types: [authorization_code]', 'require_signed_request_object: true', 'scope: openid'),
  client('hybrid', secret(), returnsTo('hybrid'), 'grant_types: [implicit, authorization_code]', 'response_types: [code, code token]', 'compatibility: [implicit]', 'scope: openid'),
  client('tv', 'application_type: device', 'token_endpoint_auth_method: none', `grant_types: ['${DEVICE}']`, 'scope: openid profile'),
  client('bank', secret(), `grant_types: ['${CIBA}']`, 'scope: openid profile'),
  client('old', secret(), 'grant_types: [password]', 'profile: legacy', 'compatibility: [password]', 'scope: openid profile'),
  client('worker', secret(), `grant_types: ['${JWT_BEARER}', '${EXCHANGE}']`, 'scope: gk_calendar'),
  client('bound', 'application_type: spa', returnsTo('bound'), 'grant_types: [authorization_code, refresh_token]', 'dpop_bound_access_tokens: true', 'scope: openid profile offline_access', 'consent: implied'),
  client('rider', secret(), SERVICE, 'scope: gk_calendar gk_gone gk_slow gk_signed'),
  client('pickers', secret(), returnsTo('pickers'), 'grant_types: [authorization_code]', 'login_providers: [ntu]', 'scope: openid'),
  client('twice', secret(), returnsTo('twice'), 'grant_types: [authorization_code]', 'scope: openid profile', 'consent: implied'),
]

function apis(upstream: string): readonly string[] {
  const api = (id: string, ...lines: readonly string[]): string => [`kind: api`, `api_id: ${id}`, `name: ${id}`, 'organization: lunmal', ...lines].join('\n')
  return [api('gone', 'upstream: http://127.0.0.1:1'), api('slow', `upstream: ${upstream}`, 'upstream_timeout: 1'), api('signed', `upstream: ${upstream}`, 'approval: organization')]
}

export interface Place {
  readonly server: TestServer
  readonly upstream: UpstreamProvider
  readonly github: GitHub
  /** Of the voucher. */
  readonly key: Awaited<ReturnType<typeof newKey>>
  readonly close: () => Promise<void>
}

export async function openPlace(): Promise<Place> {
  const [upstream, github, calendar, key] = await Promise.all([startUpstream(), startGitHub(), startUpstreamApi(), newKey()])
  const env = { ...behindProxy(newClientAuthority()), PORTNER_TEST_FETCH: '1', PORTNER_FETCH_REQUEST_URIS: '1', PORTNER_REGISTRATION: 'open' }
  const server = await startTestServer({ env })
  const voucher = `kind: trusted_issuer\nissuer: ${VOUCHER}\naccepts: [authorization_grants, software_statements]\njwks: ${JSON.stringify({ keys: [key.jwk] })}`
  await server.apply([...clients, ...apis(calendar.url), voucher, providerYaml(upstream, 'up'), githubYaml(github, 'github')].join('\n---\n'))
  // Registered with a secret, and under a profile of later that wants more than that.
  await sql`update clients set document = document || '{"profile": "fapi2"}' where client_id = 'outgrown'`.execute(server.ctx.db)
  return {
    server,
    upstream,
    github,
    key,
    close: async () => {
      await server.close()
      await Promise.all([upstream.close(), github.close(), calendar.close()])
    },
  }
}

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { freePort, startTestServer, type TestServer } from '../support/app.ts'
import { certificateHeader, newCertificate, newClientAuthority, behindProxy, type TestCertificate } from '../support/client-certificates.ts'
import { certificateFetch } from '../support/mtls-client.ts'
import { post } from '../support/relying-party.ts'
import { startUpstreamApi, type UpstreamApi } from '../support/upstream-api.ts'
import { gatekeptApis } from './world.ts'

// Certificates on both sides of the gatekeeper: an API that asks for ours and shows its own, and callers whose tokens are bound to theirs.

const authority = newClientAuthority('Authority of the data centre')
const stranger = newClientAuthority('Somebody else')
const gatekeeper = newCertificate({ issuer: authority, subject: [['CN', 'gatekeeper']], purpose: 'client' })
const serverOf = (issuer: TestCertificate, name: string): TestCertificate => newCertificate({ issuer, subject: [['CN', 'api']], names: [['ip', name]], purpose: 'server' })
const robot = newCertificate({ issuer: authority, subject: [['CN', 'robot']], purpose: 'client' })
const thief = newCertificate({ issuer: authority, subject: [['CN', 'thief']], purpose: 'client' })
const ours = newCertificate({ issuer: authority, subject: [['CN', 'localhost']], names: [['dns', 'localhost']] })

/** An API that lets in whom the authority knows. */
const strictApi = ({ pem, keyPem }: TestCertificate): Promise<UpstreamApi> => startUpstreamApi({ tls: { cert: pem, key: keyPem, ca: authority.pem, requestCert: true, rejectUnauthorized: true } })

const closing: (() => Promise<unknown>)[] = []
let upstreams: readonly UpstreamApi[]
let server: TestServer
beforeAll(async () => {
  const [strict, misnamed, strange, plain] = await Promise.all([strictApi(serverOf(authority, '127.0.0.1')), strictApi(serverOf(authority, '127.0.0.2')), strictApi(serverOf(stranger, '127.0.0.1')), startUpstreamApi()])
  upstreams = [strict, misnamed, strange, plain]
  server = await startTestServer({ env: behindProxy(authority) })
  const pem = (text: string): string => JSON.stringify(text)
  const api = (id: string, { url }: UpstreamApi, more: string): string => `---\nkind: api\napi_id: ${id}\nname: ${id}\nallow_unauthenticated: true\nupstream: ${url}\n${more}`
  const proving = `upstream_auth: { type: mtls, certificate: ${pem(gatekeeper.pem)} }\ngatekeeper_secret: { value: ${pem(gatekeeper.keyPem)} }\n`
  const ca = (one: TestCertificate): string => `upstream_ca: ${pem(one.pem)}\n`
  await server.apply(`${gatekeptApis(plain.url)}${api('strict', strict, proving + ca(authority))}${api('misnamed', misnamed, proving + ca(authority))}${api('strange', strange, proving + ca(authority))}${api('everybody', strict, proving)}${api('unproven', strict, ca(authority))}---
kind: client
client_id: bound
client_name: Bound
application_type: service
grant_types: [client_credentials]
token_endpoint_auth_method: tls_client_auth
tls_client_auth_subject_dn: CN=robot
tls_client_certificate_bound_access_tokens: true
scope: gk_calendar
`)
})
afterAll(async () => {
  await Promise.all([...closing.map((close) => close()), server.close(), ...upstreams.map(({ close }) => close())])
})
const seen = (): readonly unknown[] => upstreams.flatMap((upstream) => upstream.seen())
beforeEach(() => void seen())

describe('an API that asks for our certificate', () => {
  test('is shown it', async () => {
    const answer = await fetch(`${server.issuer}/gk/strict/x`)
    expect([answer.status, seen().length]).toEqual([200, 1])
  })

  test.each([
    ['has a certificate for another name', 'misnamed'],
    ['has one that somebody else issued', 'strange'],
    ['has one that not everybody trusts, where nobody said whom to trust', 'everybody'],
    ['gets none of ours', 'unproven'],
  ])('and %s is not called: 502 with a reference', async (_how, id) => {
    const answer = await fetch(`${server.issuer}/gk/${id}/x`)
    expect([answer.status, await answer.json(), seen()]).toEqual([502, expect.objectContaining({ error: 'upstream_unavailable' }), []])
    expect(server.logged()).toContain(`"ref":"${answer.headers.get('x-request-id') ?? 'none'}"`)
  })

  test('is named with https, and its authority with it', async () => {
    await expect(server.apply(`kind: api\napi_id: plain\nname: Plain\nupstream: http://127.0.0.1:1\nupstream_ca: ${JSON.stringify(authority.pem)}\n`)).rejects.toThrow(/upstream_ca/)
    await expect(server.apply('kind: api\napi_id: plain\nname: Plain\nupstream: https://127.0.0.1:1\nupstream_ca: nobody\n')).rejects.toThrow(/PEM/)
  })
})

describe('a token that is bound to a certificate', () => {
  const bound = async (): Promise<string> => String((await post(server.issuer, '/oauth/token', { grant_type: 'client_credentials', client_id: 'bound', scope: 'gk_calendar' }, certificateHeader(robot))).body['access_token'])
  const proxied = async (token: string, shown: TestCertificate | undefined, path = '/gk/calendar/x', more = {}): Promise<number> =>
    (await fetch(server.issuer + path, { headers: { authorization: `Bearer ${token}`, ...(shown && certificateHeader(shown)), ...more } })).status

  test('is its holder\'s alone: at a proxy of ours, and where another proxy asks', async () => {
    const token = await bound()
    expect([await proxied(token, robot), await proxied(token, thief), await proxied(token, undefined)]).toEqual([200, 401, 401])
    expect(seen()).toHaveLength(1)
    const original = { 'x-original-method': 'GET', 'x-original-uri': '/x' }
    expect([await proxied(token, robot, '/gk/calendar', original), await proxied(token, thief, '/gk/calendar', original), await proxied(token, undefined, '/gk/calendar', original)]).toEqual([200, 401, 401])
  })

  test('is its holder\'s alone at the port that asks for certificates', async () => {
    const strictServer = await startTestServer({ env: { PORTNER_MTLS_PORT: String(await freePort()), PORTNER_TLS_CERT: ours.pem, PORTNER_TLS_KEY: ours.keyPem, PORTNER_CLIENT_CERTIFICATE_CA: authority.pem } })
    closing.push(strictServer.close)
    const { mtlsUrl } = strictServer.ctx.config
    await strictServer.apply(`${gatekeptApis(upstreams[3]?.url ?? '')}---\nkind: client\nclient_id: bound\nclient_name: Bound\napplication_type: service\ngrant_types: [client_credentials]\ntoken_endpoint_auth_method: tls_client_auth\ntls_client_auth_subject_dn: CN=robot\ntls_client_certificate_bound_access_tokens: true\nscope: gk_calendar\n`)
    const through = (shown: TestCertificate | undefined): typeof fetch => {
      const { fetch: send, close } = certificateFetch(authority.pem, shown)
      closing.push(close)
      return send
    }
    const form = new URLSearchParams({ grant_type: 'client_credentials', client_id: 'bound', scope: 'gk_calendar' }).toString()
    const issued = await through(robot)(`${mtlsUrl}/oauth/token`, { method: 'POST', body: form, headers: { 'content-type': 'application/x-www-form-urlencoded' } })
    const { access_token: token } = (await issued.json()) as Record<string, string>
    const status = async (shown: TestCertificate | undefined): Promise<number> => (await through(shown)(`${mtlsUrl}/gk/calendar/x`, { headers: { authorization: `Bearer ${token}`, ...certificateHeader(robot) } })).status
    expect([await status(robot), await status(thief), await status(undefined)]).toEqual([200, 401, 401])
  })
})

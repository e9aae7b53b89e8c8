import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../support/app.ts'
import { behindProxy, type CertificateOptions, certificateHeader, newCertificate, newClientAuthority, type TestCertificate } from '../support/client-certificates.ts'
import { type JsonAnswer, post } from '../support/relying-party.ts'

// Who is not let in with a certificate, and whose word about certificates is not heard. The certificates come from a proxy on this machine.

const authority = newClientAuthority()
const sameName = newClientAuthority()
const noAuthority = newCertificate({ issuer: authority, subject: [['CN', 'middle']] })
const selfMade = newCertificate()
const renewed = newCertificate({ keys: selfMade.keys })
const short = newCertificate({ until: 40 })
const pinned = newCertificate()
const pinnedAgain = newCertificate({ keys: pinned.keys })
const byThumbprint = newCertificate()
const jwk = (of: TestCertificate, more: object = {}): object => ({ ...of.keys.publicKey.export({ format: 'jwk' }), ...more })

const REGISTERED: Readonly<Record<string, string>> = {
  dn: 'tls_client_auth_subject_dn: "CN=Planner,O=Example,C=NO"',
  dns: 'tls_client_auth_san_dns: planner.example.org',
  uri: 'tls_client_auth_san_uri: https://planner.example.org/app',
  ip: 'tls_client_auth_san_ip: 192.0.2.7',
  email: 'tls_client_auth_san_email: planner@example.org',
}
const SELF: Readonly<Record<string, readonly object[]>> = {
  'by-key': [jwk(newCertificate()), jwk(selfMade), jwk(short)],
  'by-certificate': [jwk(pinned, { x5c: [pinned.der.toString('base64')] })],
  'by-thumbprint': [jwk(byThumbprint, { 'x5t#S256': byThumbprint.thumbprint })],
  'for-encryption': [jwk(selfMade, { use: 'enc' })],
}
const machine = (clientId: string, more: string): string => `kind: client\nclient_id: ${clientId}\napplication_type: service\nscope: gk_calendar\n${more}\n`
const world = [
  ...Object.entries(REGISTERED).map(([name, line]) => machine(`tls-${name}`, `token_endpoint_auth_method: tls_client_auth\n${line}`)),
  ...Object.entries(SELF).map(([name, keys]) => machine(`self-${name}`, `token_endpoint_auth_method: self_signed_tls_client_auth\njwks: ${JSON.stringify({ keys })}`)),
].join('---\n')

let server: TestServer
beforeAll(async () => {
  server = await startTestServer({ env: behindProxy(authority) })
  await server.apply(world)
})
afterAll(() => server.close())

/** Made by a key of a kind that nobody here knows: its name says so, in the place of elliptic curves. */
function ofUnknownKey({ der }: TestCertificate): { readonly der: Buffer } {
  const curve = Buffer.from('2a8648ce3d0201', 'hex')
  const at = der.indexOf(curve)
  return { der: Buffer.concat([der.subarray(0, at), Buffer.from('2a8648ce3d027f', 'hex'), der.subarray(at + curve.length)]) }
}

const ask = (clientId: string, headers: Readonly<Record<string, string>>, base = server.issuer): Promise<JsonAnswer> => post(base, '/oauth/token', { grant_type: 'client_credentials', client_id: clientId }, headers)
const by = (options: CertificateOptions): TestCertificate => newCertificate({ issuer: authority, ...options })
const PLANNER: CertificateOptions['subject'] = [['C', 'NO'], ['O', 'Example'], ['CN', 'Planner']]
const NAMES: CertificateOptions['names'] = [['dns', 'planner.example.org'], ['uri', 'https://planner.example.org/app'], ['ip', '192.0.2.7'], ['email', 'planner@example.org']]
const good = by({ subject: PLANNER, names: NAMES })

test.each(Object.keys(REGISTERED).map((name) => `tls-${name}`))('%s: the right name lets in', async (clientId) => {
  expect(await ask(clientId, certificateHeader(good))).toMatchObject({ status: 200 })
  expect(await ask(clientId, certificateHeader(by({ subject: PLANNER, names: NAMES, purpose: 'client' })))).toMatchObject({ status: 200 })
})

test.each<[string, string, TestCertificate]>([
  ['another name', 'tls-dn', by({ subject: [['C', 'NO'], ['O', 'Example'], ['CN', 'Other']] })],
  ['a name with the registered one in it', 'tls-dn', by({ subject: [['C', 'NO'], ['O', 'Example'], ['CN', 'Planner'], ['CN', 'Evil']] })],
  ['the registered name as a common name', 'tls-dn', by({ subject: [['CN', 'Planner,O=Example,C=NO']] })],
  ['a part of the registered name', 'tls-dn', by({ subject: [['CN', 'Planner']] })],
  ['the registered name the other way round', 'tls-dn', by({ subject: [['CN', 'Planner'], ['O', 'Example'], ['C', 'NO']] })],
  ['no name at all', 'tls-dn', by({ subject: [] })],
  ['its common name where a host is registered', 'tls-dns', by({ subject: [['CN', 'planner.example.org']] })],
  ['a host below it', 'tls-dns', by({ names: [['dns', 'x.planner.example.org']] })],
  ['a wildcard', 'tls-dns', by({ names: [['dns', '*.example.org']] })],
  ['the host as an address of the web', 'tls-dns', by({ names: [['uri', 'https://planner.example.org/app']] })],
  ['a longer address of the web', 'tls-uri', by({ names: [['uri', 'https://planner.example.org/app2']] })],
  ['another IP address', 'tls-ip', by({ names: [['ip', '192.0.2.8']] })],
  ['the IP address as a host', 'tls-ip', by({ names: [['dns', '192.0.2.7']] })],
  ['another mailbox', 'tls-email', by({ names: [['email', 'Planner@example.org']] })],
  ['the right name from an authority of the same name', 'tls-dn', newCertificate({ issuer: sameName, subject: PLANNER })],
  ['the right name by itself', 'tls-dn', newCertificate({ subject: PLANNER })],
  ['the right name from somebody whom the authority certified', 'tls-dn', newCertificate({ issuer: noAuthority, subject: PLANNER })],
  ['the right name, not in force yet', 'tls-dn', by({ subject: PLANNER, from: 1 })],
  ['the right name, in force no more', 'tls-dn', by({ subject: PLANNER, from: -9, until: -1 })],
  ['the right name, for servers only', 'tls-dn', by({ subject: PLANNER, purpose: 'server' })],
  ['the right name, as an authority', 'tls-dn', by({ subject: PLANNER, authority: true })],
  ['a certificate of another key', 'self-by-key', newCertificate()],
  ['a certificate in force no more', 'self-by-key', newCertificate({ keys: selfMade.keys, from: -9, until: -1 })],
  ['a certificate not in force yet', 'self-by-key', newCertificate({ keys: selfMade.keys, from: 1 })],
  ['a key that is for encryption', 'self-for-encryption', selfMade],
  ['another certificate of the key, where the certificate is registered', 'self-by-certificate', pinnedAgain],
  ['another certificate of the key, where its thumbprint is registered', 'self-by-thumbprint', newCertificate({ keys: byThumbprint.keys })],
  ['an issued certificate where a self-made one is registered', 'self-by-key', good],
  ['a self-made certificate where an issued one is registered', 'tls-dn', selfMade],
])('%s does not let in', async (_, clientId, shown) => {
  expect(await ask(clientId, certificateHeader(shown))).toMatchObject({ status: 401, body: { error: 'invalid_client' } })
})

test('a registered key, certificate or thumbprint lets in, and a key stands for every certificate of it', async () => {
  for (const [clientId, shown] of [['self-by-key', selfMade], ['self-by-key', renewed], ['self-by-certificate', pinned], ['self-by-thumbprint', byThumbprint]] as const) expect(await ask(clientId, certificateHeader(shown)), clientId).toMatchObject({ status: 200 })
})

test('without a certificate, or with a secret beside it, nobody is such a client', async () => {
  expect(await ask('tls-dn', {})).toMatchObject({ status: 401, body: { error: 'invalid_client' } })
  expect(await post(server.issuer, '/oauth/token', { grant_type: 'client_credentials', client_id: 'tls-dn', client_secret: 'x' }, certificateHeader(good))).toMatchObject({ status: 401, body: { error: 'invalid_client' } })
  expect(await post(server.issuer, '/oauth/token', { grant_type: 'client_credentials' }, certificateHeader(good))).toMatchObject({ status: 401, body: { error: 'invalid_client' } })
})

describe('the header', () => {
  const encoded = good.der.toString('base64')
  const escaped = encodeURIComponent(good.pem)
  test.each<[string, string]>([
    ['RFC 9440', `:${encoded}:`],
    ['base64', encoded],
    ['PEM as nginx escapes it', escaped],
    ['PEM as Amazon escapes it', escaped.replaceAll('%2B', '+').replaceAll('%2F', '/').replaceAll('%3D', '=')],
    ['Envoy', `By=spiffe://a/b;Hash=0123;Cert="${escaped}";Subject="CN=Planner,O=Example\\";Cert=\\"x";URI=`],
  ])('may be %s', async (_, value) => {
    expect(await ask('tls-dn', { 'client-cert': value })).toMatchObject({ status: 200 })
  })

  const another = encodeURIComponent(newCertificate().pem)
  test.each<[string, string]>([
    ['garbage', 'garbage!'],
    ['an open end', `:${encoded}`],
    ['half a certificate', `:${encoded.slice(0, 200)}:`],
    ['something behind it', `:${Buffer.concat([good.der, Buffer.from([0])]).toString('base64')}:`],
    ['two in one', `:${encoded}:, :${encoded}:`],
    ['two PEM in one', `${escaped}${another}`],
    ['two by Envoy', `Cert="${escaped}",Cert="${another}"`],
    ['two members of Envoy', `Cert="${another}";Cert="${escaped}"`],
    ['Envoy without one', 'By=spiffe://a/b;Hash=0123'],
    ['a broken escape', '-----BEGIN%20CERTIFICATE-----%ZZ'],
    ['a private key', encodeURIComponent(good.keyPem)],
    ['a key of an unknown kind', `:${ofUnknownKey(good).der.toString('base64')}:`],
    ['very long', 'A'.repeat(12_000)],
  ])('with %s is refused, never a failure', async (_, value) => {
    expect(await ask('tls-dn', { 'client-cert': value })).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
  })

  test('twice is refused', async () => {
    const status = await new Promise((resolve, reject) => {
      // As two lines: fetch would join them.
      const headers = { 'content-type': 'application/x-www-form-urlencoded', 'client-cert': [`:${encoded}:`, `:${encoded}:`] }
      request(`${server.issuer}/oauth/token`, { method: 'POST', headers }, (answer) => resolve(answer.resume().statusCode)).on('error', reject).end('grant_type=client_credentials&client_id=tls-dn')
    })
    expect(status).toBe(400)
  })

  test.each(['', ' ', '(null)'])('%j is no certificate', async (value) => {
    expect(await ask('tls-dn', { 'client-cert': value })).toMatchObject({ status: 401, body: { error: 'invalid_client' } })
  })

  test('from a stranger is not heard', async () => {
    const strange = await startTestServer({ env: { ...behindProxy(authority), PORTNER_TRUST_PROXY: '192.0.2.0/24, 2001:db8::/32' }, documents: world })
    try {
      expect(await ask('tls-dn', certificateHeader(good), strange.issuer)).toMatchObject({ status: 401, body: { error: 'invalid_client' } })
      expect(await ask('tls-dn', { ...certificateHeader(good), 'x-forwarded-for': '192.0.2.1', forwarded: 'for=192.0.2.1' }, strange.issuer)).toMatchObject({ status: 401 })
      expect(await ask('tls-dn', { 'client-cert': 'garbage!' }, strange.issuer)).toMatchObject({ status: 401 })
    } finally {
      await strange.close()
    }
  })
})

test('a certificate lets in to its last second', async () => {
  expect(await ask('self-by-key', certificateHeader(short))).toMatchObject({ status: 200 })
  await server.advance(40 * 86_400 - 60)
  expect(await ask('self-by-key', certificateHeader(short))).toMatchObject({ status: 200 })
  expect(await ask('tls-dn', certificateHeader(good))).toMatchObject({ status: 401 })
  await server.advance(120)
  expect(await ask('self-by-key', certificateHeader(short))).toMatchObject({ status: 401 })
})

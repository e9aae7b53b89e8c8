import type { ServerResponse } from 'node:http'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { deleteUnusedDocumentClients } from '../../src/clients/client-documents.ts'
import { setClientStatus } from '../../src/clients/store.ts'
import { inTransaction } from '../../src/database/transaction.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { newBrowser, type Page, pageName } from '../support/browser.ts'
import { type DocumentHost, startDocumentHost } from '../support/document-host.ts'
import { answerOf, authorizationUrl, get, newPkce, type Parameters, post, providerLink, walk } from '../support/relying-party.ts'
import { assertionOf, ASSERTION_TYPE, newKey } from '../support/strong-client.ts'

// Clients that nobody registered: their identifier is the address of a document about them.

const REDIRECT = 'https://agent.example.org/callback'
let server: TestServer
let host: DocumentHost
let next = 0
beforeAll(async () => {
  host = await startDocumentHost()
  server = await startTestServer({ env: { PORTNER_CLIENT_ID_METADATA_DOCUMENTS: '1', PORTNER_TEST_FETCH: '1' } })
})
afterAll(async () => {
  await server.close()
  await host.close()
})

const path = (): string => `/agent-${++next}.json`

/** The first page that a person sees, or the refusal. */
function open(clientId: string, changes: Parameters = {}): Promise<Page> {
  return newBrowser(server.issuer).open(authorizationUrl(server.issuer, newPkce(), { client_id: clientId, redirect_uri: REDIRECT, ...changes }))
}

async function isTaken(clientId: string): Promise<boolean> {
  const page = await open(clientId)
  if (page.status === 200) return true
  expect(page.status).toBe(400)
  expect(page.html).toContain('The application is not known here')
  return false
}

async function signIn(clientId: string, changes: Parameters = {}): Promise<Record<string, unknown>> {
  const pkce = newPkce()
  const browser = newBrowser(server.issuer)
  const code = answerOf(await walk(browser, await browser.open(authorizationUrl(server.issuer, pkce, { client_id: clientId, redirect_uri: REDIRECT, ...changes })))).get('code') ?? ''
  return (await post(server.issuer, '/oauth/token', { grant_type: 'authorization_code', code, redirect_uri: REDIRECT, code_verifier: pkce.verifier, client_id: clientId })).body
}

/** A moment later than anything that is remembered of a refusal. */
const later = (): Promise<void> => server.advance(61)

describe('a client that describes itself', () => {
  test('signs a person in, refreshes, and is revoked like any other', async () => {
    const id = host.publish(path())
    const tokens = await signIn(id)
    expect(tokens).toMatchObject({ token_type: 'Bearer', scope: 'openid profile', refresh_token: expect.any(String), id_token: expect.any(String) })
    expect((await get(server.issuer, '/userinfo', { authorization: `Bearer ${tokens['access_token']}` })).body).toMatchObject({ name: 'Ada Example' })
    const again = await post(server.issuer, '/oauth/token', { grant_type: 'refresh_token', refresh_token: String(tokens['refresh_token']), client_id: id })
    expect(again.status).toBe(200)
    expect((await post(server.issuer, '/oauth/revocation', { token: String(again.body['refresh_token']), client_id: id })).status).toBe(200)
    expect((await get(server.issuer, '/userinfo', { authorization: `Bearer ${again.body['access_token']}` })).status).toBe(401)
  })

  test('is shown with its host, as something that we do not vouch for, and without its picture', async () => {
    const id = host.publish(path(), { client_name: 'The best agent', logo_uri: 'https://tracker.example/logo.png', policy_uri: 'https://elsewhere.example/policy', client_uri: `${host.origin}/` })
    const browser = newBrowser(server.issuer)
    const discovery = await browser.open(authorizationUrl(server.issuer, newPkce(), { client_id: id, redirect_uri: REDIRECT }))
    const name = `The best agent (${new URL(host.origin).host})`
    expect(discovery.html).toContain(name)
    const login = await browser.open(providerLink(discovery, 'ntu'))
    const consent = await browser.submit(login, 'username', { username: 'ada', password: 'ada has a password' })
    expect(pageName(consent)).toBe('consent')
    expect(consent.html).toContain('id="unregistered"')
    for (const page of [discovery, login, consent]) {
      expect(page.html).toContain(name)
      expect(page.html + (page.headers.get('content-security-policy') ?? '')).not.toMatch(/tracker|elsewhere/)
    }
  })

  test('proves itself with its keys, where it says so', async () => {
    const { keys, jwk } = await newKey()
    const id = host.publish(path(), { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [jwk] } })
    const assertion = await assertionOf(server, { clientId: id, redirectUri: REDIRECT, keys, jwk })
    const pushed = await post(server.issuer, '/oauth/par', { client_assertion_type: ASSERTION_TYPE, client_assertion: assertion, response_type: 'code', redirect_uri: REDIRECT, scope: 'openid', code_challenge: newPkce().challenge, code_challenge_method: 'S256' })
    expect(pushed.status).toBe(201)
    expect(await post(server.issuer, '/oauth/par', { client_id: id, response_type: 'code' })).toMatchObject({ status: 401, body: { error: 'invalid_client' } })
  })

  test('may ask for what nobody has to approve, and for nothing else', async () => {
    await server.apply('kind: api\napi_id: guarded\nname: Guarded\naudience: https://guarded.example.org\nscopes:\n  read: { title: Read, approval: owner }\n')
    const open1 = host.publish(path())
    const narrow = host.publish(path(), { scope: 'openid gk_calendar gk_guarded_read' })
    expect((await open(open1, { scope: 'openid gk_calendar gk_calendar_write' })).status).toBe(200)
    for (const [id, scope] of [[open1, 'gk_guarded_read'], [narrow, 'gk_guarded_read'], [narrow, 'gk_calendar_write'], [open1, 'debt.unsecured.presentation'], [open1, 'gk_nowhere']] as const) {
      expect(answerOf(await open(id, { scope })).get('error')).toBe('invalid_scope')
    }
  })

  test('may be read by scripts of where it is sent back to', async () => {
    const id = host.publish(path())
    expect(await isTaken(id)).toBe(true)
    const preflight = async (origin: string) => (await fetch(`${server.issuer}/oauth/token`, { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'POST' } })).headers.get('access-control-allow-origin')
    await expect.poll(() => preflight('https://agent.example.org')).toBe('https://agent.example.org')
    expect(await preflight('https://other.example.org')).toBeNull()
  })

  test('is disabled by the operator, whatever its document says later', async () => {
    const id = host.publish(path(), {}, { 'cache-control': 'max-age=60' })
    expect(await isTaken(id)).toBe(true)
    await inTransaction(server.ctx.db, (trx) => setClientStatus(trx, id, 'disabled'))
    await expect.poll(() => isTaken(id)).toBe(false)
    host.publish(new URL(id).pathname, { client_name: 'Renamed' })
    await server.advance(301)
    expect(await isTaken(id)).toBe(false)
    const { rows } = await sql<{ status: string; name: string }>`select status, document->>'client_name' as name from clients where client_id = ${id}`.execute(server.ctx.db)
    expect(rows).toEqual([{ status: 'disabled', name: 'Renamed' }])
  })

  test('is not known under a name that has an institution’s or a provider’s in it, from its next look on', async () => {
    await server.apply('kind: provider\nprovider_id: far\nprotocol: oidc\nissuer: https://far.example\nclient_id: x\nname: { en: Far Away Institute, fi: Kaukainen opisto }\n')
    for (const client_name of ['Norges testuniversitet', 'Kaukainen opisto Sign-in']) expect(await isTaken(host.publish(path(), { client_name }))).toBe(false)
    expect(server.logged()).toContain('client_name: has the name of kaukainen opisto in it')
    const id = host.publish(path(), {}, { 'cache-control': 'max-age=60' })
    expect(await isTaken(id)).toBe(true)
    host.publish(new URL(id).pathname, { client_name: 'FarAway—Institute' })
    await server.advance(301)
    expect(await isTaken(id)).toBe(false)
  })
})

describe('how long a document is believed', () => {
  test('as long as its server says, within bounds', async () => {
    const id = host.publish(path(), {}, { 'cache-control': 'public, max-age=120' })
    const hits = (): number => host.hits.get(new URL(id).pathname) ?? 0
    for (let i = 0; i < 3; i++) expect(await isTaken(id)).toBe(true)
    expect(hits()).toBe(1)
    await server.advance(121)
    expect(await isTaken(id)).toBe(true)
    expect(hits()).toBe(2)
    host.publish(new URL(id).pathname, { redirect_uris: ['https://moved.example.org/callback'] }, { 'cache-control': 'no-store' })
    await server.advance(121)
    await expect.poll(async () => (await open(id)).status).toBe(400)
    expect((await open(id, { redirect_uri: 'https://moved.example.org/callback' })).status).toBe(200)
    expect(hits()).toBe(3)
  })

  test('when it is gone, so is the client; its refresh tokens, too', async () => {
    const id = host.publish(path(), {}, { 'cache-control': 'max-age=60' })
    const tokens = await signIn(id)
    host.paths.delete(new URL(id).pathname)
    await later()
    expect(await isTaken(id)).toBe(false)
    expect(await post(server.issuer, '/oauth/token', { grant_type: 'refresh_token', refresh_token: String(tokens['refresh_token']), client_id: id })).toMatchObject({ status: 401, body: { error: 'invalid_client' } })
  })

  test('not again after it was refused: in another process, and when its host falls silent', async () => {
    const id = host.publish(path(), {}, { 'cache-control': 'max-age=60' })
    expect(await isTaken(id)).toBe(true)
    host.paths.delete(new URL(id).pathname)
    await later()
    expect(await isTaken(id)).toBe(false)
    await server.restart()
    expect(await isTaken(id)).toBe(false)
    host.paths.set(new URL(id).pathname, (response) => response.writeHead(503).end())
    await later()
    expect(await isTaken(id)).toBe(false)
    host.publish(new URL(id).pathname)
    await later()
    expect(await isTaken(id)).toBe(true)
  })

  test('a day longer, when its host is silent', async () => {
    const id = host.publish(path(), {}, { 'cache-control': 'max-age=60' })
    expect(await isTaken(id)).toBe(true)
    host.paths.set(new URL(id).pathname, (response) => response.writeHead(503).end())
    await later()
    expect(await isTaken(id)).toBe(true)
    await server.advance(86_401)
    expect(await isTaken(id)).toBe(false)
  })

  test('a hundred requests at once are one look, for the good and for the bad', async () => {
    const good = host.publish(path())
    const bad = `${host.origin}/nothing-here.json`
    const taken = await Promise.all(Array.from({ length: 50 }, async () => [await isTaken(good), await isTaken(bad)]))
    expect(taken.every(([one, two]) => one === true && two === false)).toBe(true)
    expect([host.hits.get(new URL(good).pathname), host.hits.get('/nothing-here.json')]).toEqual([1, 1])
    await later()
    expect(await isTaken(bad)).toBe(false)
    expect(host.hits.get('/nothing-here.json')).toBe(2)
  })

  test('made-up paths do not make us hammer a host', async () => {
    await later()
    const before = [...host.hits.values()].reduce((sum, count) => sum + count, 0)
    await Promise.all(Array.from({ length: 60 }, (_, i) => isTaken(`${host.origin}/made-up/${i}`)))
    expect([...host.hits.values()].reduce((sum, count) => sum + count, 0) - before).toBe(20)
    await later()
  })

  test('of one that never came for tokens nothing is left after a day, of one that did after a hundred', async () => {
    const [idle, used] = [host.publish(path()), host.publish(path())]
    expect(await isTaken(idle)).toBe(true)
    await signIn(used)
    const left = async () => (await sql<{ client_id: string }>`select client_id from clients where client_id in (${idle}, ${used})`.execute(server.ctx.db)).rows.map((row) => row.client_id)
    await server.advance(86_401)
    await deleteUnusedDocumentClients(server.ctx, 100)
    expect(await left()).toEqual([used])
    await server.advance(100 * 86_400)
    await deleteUnusedDocumentClients(server.ctx, 100)
    expect(await left()).toEqual([])
  })
})

describe('what is not taken', () => {
  const cases: readonly (readonly [string, Readonly<Record<string, unknown>>])[] = [
    ['another client_id', { client_id: 'https://agent.example.org/other.json' }],
    ['no client_id', { client_id: undefined }],
    ['a secret', { client_secret: 'known to everybody, and of 128 bits' }],
    ['a symmetric method', { token_endpoint_auth_method: 'client_secret_basic' }],
    ['a method with a shared key', { token_endpoint_auth_method: 'client_secret_jwt' }],
    ['keys that are nowhere', { token_endpoint_auth_method: 'private_key_jwt' }],
    ['a private key', { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [{ kty: 'OKP', crv: 'Ed25519', x: 'AA', d: 'AA' }] } }],
    ['no redirect URI', { redirect_uris: [] }],
    ['a redirect URI with a fragment', { redirect_uris: [`${REDIRECT}#x`] }],
    ['an unencrypted redirect URI', { redirect_uris: ['http://agent.example.org/callback'] }],
    ['a script as redirect URI', { redirect_uris: ['javascript:alert(1)'] }],
    ['grants that are none of its', { grant_types: ['client_credentials'] }],
    ['far too much', { contacts: ['x'.repeat(40_000)] }],
  ]
  test.each(cases)('%s', async (_name, changes) => {
    await later()
    expect(await isTaken(host.publish(path(), changes))).toBe(false)
  })

  test.each([
    ['a page', (r: ServerResponse): unknown => r.writeHead(200, { 'content-type': 'text/html' }).end('{}')],
    ['half a document', (r: ServerResponse): unknown => r.writeHead(200, { 'content-type': 'application/json' }).end('{"client_id":')],
    ['an array', (r: ServerResponse): unknown => r.writeHead(200, { 'content-type': 'application/json' }).end('[]')],
    ['a way to somewhere else', (r: ServerResponse): unknown => r.writeHead(302, { location: '/agent-1.json' }).end()],
    ['no answer', (r: ServerResponse): unknown => void r.destroy()],
  ] as const)('%s', async (_name, answer) => {
    await later()
    const where = path()
    host.paths.set(where, answer)
    expect(await isTaken(`${host.origin}${where}`)).toBe(false)
  })

  test('what the document does not get to decide stays ours', async () => {
    await later()
    const id = host.publish(path(), { consent: 'implied', profile: 'legacy', compatibility: ['no_pkce'], organization: 'ntu', login_providers: ['ntu'], status: 'development', allowed_origins: ['https://evil.example'] })
    expect(await isTaken(id)).toBe(true)
    const { rows } = await sql<{ document: object }>`select document from clients where client_id = ${id}`.execute(server.ctx.db)
    expect(rows[0]?.document).toMatchObject({ consent: 'ask', profile: 'oauth21', compatibility: [], login_providers: ['all'], status: 'production', allowed_origins: ['https://agent.example.org'] })
    expect(rows[0]?.document).not.toHaveProperty('organization')
  })
})

test('it is advertised where it is on, and an address is no client where it is off or its host is not named', async () => {
  const metadata = async (of: TestServer) => (await get(of.issuer, '/.well-known/oauth-authorization-server')).body
  expect(await metadata(server)).toMatchObject({ client_id_metadata_document_supported: true })
  const named = await startTestServer({ env: { PORTNER_CLIENT_ID_METADATA_DOCUMENTS: 'agents.example.org', PORTNER_TEST_FETCH: '1' } })
  const off = await startTestServer({ env: { PORTNER_TEST_FETCH: '1' } })
  const id = host.publish(path())
  for (const one of [named, off]) expect((await newBrowser(one.issuer).open(authorizationUrl(one.issuer, newPkce(), { client_id: id, redirect_uri: REDIRECT }))).status).toBe(400)
  expect(host.hits.get(new URL(id).pathname)).toBeUndefined()
  expect(await metadata(off)).not.toHaveProperty('client_id_metadata_document_supported')
  await Promise.all([named.close(), off.close()])
})

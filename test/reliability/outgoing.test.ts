import { createServer, type Server } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { deliverLogoutsJob } from '../../src/jobs/deliver-logouts.ts'
import { refreshFederationsJob } from '../../src/jobs/refresh-federations.ts'
import { endSessionsOf } from '../../src/sessions/store.ts'
import { startTestServer, type TestServer } from '../support/app.ts'
import { newBrowser } from '../support/browser.ts'
import { answerOf, authorizationUrl, basic, newPkce, post, providerLink, walk } from '../support/relying-party.ts'
import { createSigner } from '../support/signed-metadata.ts'
import { ASSERTION_TYPE, newKey, signed } from '../support/strong-client.ts'
import { SECRET } from '../support/world.ts'

// Every place where somebody else says which address this server is to ask: each goes through the one guarded fetcher. A server that may
// reach this machine knocks at the address; one that may not, never does.

let open: TestServer
let guarded: TestServer
beforeAll(async () => {
  const env = { PORTNER_REGISTRATION: 'open', PORTNER_FETCH_REQUEST_URIS: '1', PORTNER_CLIENT_ID_METADATA_DOCUMENTS: '1' }
  open = await startTestServer({ env: { ...env, PORTNER_TEST_FETCH: '1' } })
  guarded = await startTestServer({ env })
})
afterAll(async () => {
  await Promise.all([open.close(), guarded.close()])
})

const REDIRECT = 'https://outgoing.example.org/callback'
const now = (): number => Math.floor(Date.now() / 1000)
let asked = 0
/** A name of its own for each: what was known under another is remembered for a moment. */
const newName = (): string => `outgoing-${++asked}`
const client = (id: string, more: string): string => `kind: client\nclient_id: ${id}\nclient_name: Outgoing\nredirect_uris: [${REDIRECT}]\nscope: openid\nconsent: implied\n${more}`

async function assertion(claims: Record<string, unknown>): Promise<string> {
  return signed({ jti: crypto.randomUUID(), iat: now(), exp: now() + 60, ...claims }, { kid: 'k' }, (await newKey()).keys.privateKey)
}

function begin(server: TestServer, id: string, changes: Readonly<Record<string, string>>): ReturnType<ReturnType<typeof newBrowser>['open']> {
  return newBrowser(server.issuer).open(authorizationUrl(server.issuer, newPkce(), { client_id: id, redirect_uri: REDIRECT, scope: 'openid', ...changes }))
}

type Place = readonly [string, (server: TestServer, url: string) => Promise<void>]

// A place that is added to the server without a line here is found by the test in architecture.test.ts only if it goes around the fetcher.
const places: readonly Place[] = [
  ['the keys of a client', async (server, url) => {
    const id = newName()
    await server.apply(client(id, `token_endpoint_auth_method: private_key_jwt\njwks_uri: ${url}\n`))
    const answer = await post(server.issuer, '/oauth/token', { grant_type: 'authorization_code', code: 'x', client_assertion_type: ASSERTION_TYPE, client_assertion: await assertion({ iss: id, sub: id, aud: server.issuer }) })
    expect(answer).toMatchObject({ status: 401, body: { error: 'invalid_client' } })
  }],
  ['a request object', async (server, url) => {
    const id = newName()
    await server.apply(client(id, `client_secret: { value: ${SECRET} }\nrequest_uris: ['${url}']\n`))
    expect(answerOf(await begin(server, id, { request_uri: url })).get('error')).toBe('invalid_request_uri')
  }],
  ['a sector', async (server, url) => {
    const answer = await fetch(`${server.issuer}/oauth/registration`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ redirect_uris: [REDIRECT], subject_type: 'pairwise', sector_identifier_uri: url }) })
    expect({ status: answer.status, body: await answer.json() }).toMatchObject({ status: 400, body: { error: 'invalid_client_metadata' } })
  }],
  ['a client that describes itself', async (server, url) => {
    expect((await begin(server, url, {})).status).toBe(400)
  }],
  ['the keys of a trusted issuer', async (server, url) => {
    const id = newName()
    await server.apply(`${client(id, `client_secret: { value: ${SECRET} }\ngrant_types: ['urn:ietf:params:oauth:grant-type:jwt-bearer']\n`)}---\nkind: trusted_issuer\nissuer: https://${id}.example.org\naccepts: [authorization_grants]\njwks_uri: ${url}\n`)
    const answer = await post(server.issuer, '/oauth/token', { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion: await assertion({ iss: `https://${id}.example.org`, sub: id, aud: server.issuer }) }, { authorization: basic(id) })
    expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
  }],
  ['the back channel of a logout', async (server, url) => {
    const id = newName()
    await server.apply(client(id, `client_secret: { value: ${SECRET} }\nbackchannel_logout_uri: ${url}\n`))
    const browser = newBrowser(server.issuer)
    expect(answerOf(await walk(browser, await browser.open(authorizationUrl(server.issuer, newPkce(), { client_id: id, redirect_uri: REDIRECT, scope: 'openid' })))).get('code')).not.toBeNull()
    const { user_id: userId } = await server.ctx.db.selectFrom('users').select('user_id').where('username', '=', 'ada').executeTakeFirstOrThrow()
    await endSessionsOf(server.ctx.db, userId)
    expect(await deliverLogoutsJob.run(server.ctx, () => false)).toBe(1)
  }],
  ['the notification of a decision', async (server, url) => {
    const id = newName()
    await server.apply(client(id, `client_secret: { value: ${SECRET} }\ngrant_types: ['urn:openid:params:grant-type:ciba']\nbackchannel_token_delivery_mode: ping\nbackchannel_client_notification_endpoint: ${url}\n`))
    const { body } = await post(server.issuer, '/oauth/backchannel_authentication', { scope: 'openid', login_hint: 'ada@ntu.example', client_notification_token: 'a-token' }, { authorization: basic(id) })
    expect((await fetch(`${server.issuer}/test/approval?${new URLSearchParams({ auth_req_id: String(body['auth_req_id']), action: 'allow' })}`, { method: 'POST' })).status).toBe(200)
    await expect.poll(() => server.logged(), { timeout: 8000 }).toContain('"event":"ciba.ping"')
  }],
  ['a provider', async (server, url) => {
    const id = newName()
    await server.apply(`kind: provider\nprovider_id: ${id}\nprotocol: oidc\nname: Outgoing\nissuer: ${new URL(url).origin}\nclient_id: portner\nclient_secret: { value: x }\n`)
    const browser = newBrowser(server.issuer)
    const listed = async (): Promise<string> => providerLink(await browser.open(authorizationUrl(server.issuer, newPkce())), id)
    // A new institution is in the list after a moment.
    await expect.poll(listed, { timeout: 8000 }).not.toBe('')
    expect((await browser.open(await listed())).status).toBe(503)
  }],
  ['a federation', async (server, url) => {
    await server.apply(`kind: provider\nprovider_id: ${newName()}\nprotocol: saml_federation\nname: Federation\nmetadata_url: ${url}\nsigning_certificate: |\n${createSigner().certificate.trim().split('\n').map((line) => `  ${line}`).join('\n')}\n`)
    await refreshFederationsJob.run(server.ctx, () => false)
  }],
]

describe.each(places)('%s', (_name, ask) => {
  test.each([['this machine', '127.0.0.1'], ['a name of this machine', 'localhost']])('at %s is not asked, unless that is allowed', async (_where, host) => {
    const [allowed, refused] = [await trap(host), await trap(host)]
    await ask(open, allowed.url)
    await ask(guarded, refused.url)
    expect([allowed.knocks() > 0, refused.knocks()]).toEqual([true, 0])
    allowed.close()
    refused.close()
  })
})

interface Trap {
  readonly url: string
  knocks(): number
  close(): void
}

/** Something that listens, counts who comes, and hangs up. */
async function trap(host: string): Promise<Trap> {
  let knocks = 0
  const server: Server = createServer((socket) => {
    knocks++
    socket.on('error', () => {})
    socket.destroy()
  })
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  const address = server.address()
  return { url: `https://${host}:${typeof address === 'object' ? address?.port : ''}/document.json`, knocks: () => knocks, close: () => void server.close() }
}

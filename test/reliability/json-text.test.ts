import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../support/app.ts'
import { newBrowser } from '../support/browser.ts'
import { type DocumentHost, startDocumentHost } from '../support/document-host.ts'
import { answerOf, authorizationUrl, basic, newPkce, post } from '../support/relying-party.ts'
import { ASSERTION_TYPE, assertionOf, type KeyedClient, registerKeyedClient, signed } from '../support/strong-client.ts'
import { CALLBACK, SECRET, world } from '../support/world.ts'
import { DEBT, itself } from '../consents/stage.ts'

// JSON can say what a form cannot: NUL, half of a character, and boxes in boxes without end. None of it can be kept, so whoever sends it is told.

const UNFIT = [['NUL', 'a\0b'], ['half of a character', 'a\ud800b']] as const
const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer'

let server: TestServer
let host: DocumentHost
let keyed: KeyedClient
beforeAll(async () => {
  host = await startDocumentHost()
  server = await startTestServer({ documents: world, env: { PORTNER_REGISTRATION: 'open', PORTNER_CLIENT_ID_METADATA_DOCUMENTS: '1', PORTNER_TEST_FETCH: '1' } })
  await server.apply(DEBT)
  await server.apply(`kind: authorization_details_type
type: note
title: { en: Keep a note }
schema: { type: object, properties: { type: { const: note }, about: { type: string } }, required: [type] }
---
kind: client
client_id: writer
client_secret: { value: ${SECRET} }
client_name: Writer
redirect_uris: [${CALLBACK}]
grant_types: [authorization_code, '${JWT_BEARER}', client_credentials]
authorization_details_types: [note]
scope: openid profile
`)
  keyed = await registerKeyedClient(server, 'signer')
})
afterAll(async () => {
  await server.close()
  await host.close()
})

function sendJson(path: string, body: object | string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  return fetch(server.issuer + path, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: typeof body === 'string' ? body : JSON.stringify(body) })
}

/** A JWT that nobody signed: whose it says it is gets looked up first. */
function unsigned(claims: object): string {
  return [{ alg: 'ES256' }, claims, 'x'].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
}

describe.each(UNFIT)('%s is refused', (_name, unfit) => {
  test('in a registration', async () => {
    for (const said of [{ client_name: unfit }, { software_id: unfit }, { contacts: [unfit] }, { 'client_name#nb': 'b', jwks: { keys: [{ kty: 'OKP', crv: 'Ed25519', x: unfit }] } }]) {
      expect((await sendJson('/oauth/registration', { redirect_uris: [CALLBACK], ...said })).status).toBe(400)
    }
  })

  test('in what a JWT says, whoever made it', async () => {
    const jwt = unsigned({ iss: unfit, sub: unfit })
    expect((await sendJson('/oauth/registration', { redirect_uris: [CALLBACK], software_statement: jwt })).status).toBe(400)
    expect(await post(server.issuer, '/oauth/token', { grant_type: JWT_BEARER, assertion: jwt }, { authorization: basic('writer') })).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    expect(await post(server.issuer, '/oauth/token', { grant_type: 'client_credentials', client_assertion_type: ASSERTION_TYPE, client_assertion: jwt })).toMatchObject({ status: 401, body: { error: 'invalid_client' } })
  })

  test('in a request object', async () => {
    const claims = { iss: keyed.clientId, aud: server.issuer, client_id: keyed.clientId, response_type: 'code', redirect_uri: keyed.redirectUri, scope: 'openid', login_hint: unfit, code_challenge: newPkce().challenge, code_challenge_method: 'S256' }
    const request = await signed(claims, { alg: 'ES256', typ: 'oauth-authz-req+jwt', kid: keyed.jwk.kid }, keyed.keys.privateKey)
    expect(await post(server.issuer, '/oauth/par', { client_assertion_type: ASSERTION_TYPE, client_assertion: await assertionOf(server, keyed), request })).toMatchObject({ status: 400, body: { error: 'invalid_request_object' } })
  })

  test('in a consent from elsewhere', async () => {
    expect((await sendJson('/api/consents', { person: unfit, scope: 'debt.once' }, await itself(server, 'bank', 'consent.create'))).status).toBe(400)
  })

  test('in the claims of a request', async () => {
    for (const value of [{ value: unfit }, { values: [unfit] }]) {
      const page = await newBrowser(server.issuer).open(authorizationUrl(server.issuer, newPkce(), { claims: JSON.stringify({ id_token: { name: value } }) }))
      expect(answerOf(page).get('error')).toBe('invalid_request')
    }
  })

  test('in authorization details', async () => {
    const details = JSON.stringify([{ type: 'note', about: unfit }])
    const page = await newBrowser(server.issuer).open(authorizationUrl(server.issuer, newPkce(), { client_id: 'writer', authorization_details: details }))
    expect(answerOf(page).get('error')).toBe('invalid_authorization_details')
    expect(await post(server.issuer, '/oauth/token', { grant_type: 'client_credentials', authorization_details: details }, { authorization: basic('writer') })).toMatchObject({ status: 400, body: { error: 'invalid_authorization_details' } })
  })

  test('in a document about a client', async () => {
    const clientId = host.publish(`/${crypto.randomUUID()}.json`, { client_name: unfit })
    const page = await newBrowser(server.issuer).open(authorizationUrl(server.issuer, newPkce(), { client_id: clientId, redirect_uri: 'https://agent.example.org/callback' }))
    expect(page.status).toBe(400)
    expect(page.html).toContain('The application is not known here')
  })
})

test('boxes in boxes are refused', async () => {
  const deep = '['.repeat(5000) + ']'.repeat(5000)
  const pushed = { response_type: 'code', redirect_uri: CALLBACK, scope: 'openid', code_challenge: newPkce().challenge, code_challenge_method: 'S256', claims: `{"id_token":{"name":{"value":${deep}}}}` }
  expect(await post(server.issuer, '/oauth/par', pushed, { authorization: basic('planner') })).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
  expect((await sendJson('/oauth/registration', `{"redirect_uris":["${CALLBACK}"],"jwks":{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AA","more":${deep}}]}}`)).status).toBe(400)
})

test('a name of a claim that cannot be kept is none, and two halves that make one character are one', async () => {
  const page = await newBrowser(server.issuer).open(authorizationUrl(server.issuer, newPkce(), { claims: '{"userinfo":{"a\\u0000":null}}' }))
  expect(answerOf(page).get('error')).toBe('invalid_request')
  expect((await sendJson('/oauth/registration', { redirect_uris: [CALLBACK], client_name: 'Fj\u00f8rd \ud83d\ude00 \\u0000' })).status).toBe(201)
})
